"""What processes see of each other can be put in an order, and no reader sees what never was.

Each history is played by real processes, and each answer in it must follow from the protocol's
own steps in some order that the clock allows.
"""

import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.hands import play as interpose
from tests.memory import find_memory
from tests.races.checker import Verdict, check
from tests.races.history import Log, Operation, parse_history, read_logs
from tests.races.model import SESSIONS, Root, State
from tests.races.players import CASTS, SWITCHING, Cast, Player, judge, play
from tests.trees_disk import make_root
from wfsession.core import activation, hint, snapshot
from wfsession.core.disk import Folder
from wfsession.core.lock import Lock
from wfsession.core.markers import Listing, read_markers
from wfsession.core.operation import Operation as Running


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty directory in memory, where there is such a thing: it may become a large one."""
    made = tempfile.mkdtemp(dir=find_memory())
    yield Path(made)
    shutil.rmtree(made)


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("name", CASTS)
def test_what_processes_see_of_each_other_has_an_order(
    tmp_path: Path, name: str, number: int
) -> None:
    seed = f"{name} {number}"
    operations = play(tmp_path, CASTS[name], seed)
    assert len(operations) >= 150
    judge(operations, seed)


@pytest.mark.parametrize("count", [len(SESSIONS), 5000])
def test_across_switches_a_reader_never_sees_none_nor_what_was_before(
    place: Path, count: int
) -> None:
    operations = play(place, SWITCHING, str(count), others=count - len(SESSIONS))

    reads = [one for one in operations if one.kind == "current"]
    assert len(reads) >= 20
    assert {one.answer for one in reads} <= set(SESSIONS)
    judge(operations, str(count))


def is_caught(place: Path, cast: Cast, others: int = 0) -> bool:
    """Tell whether one of five histories has no order; the first should do."""
    histories = (play(place / str(number), cast, "broken", others) for number in range(5))
    return any(not check(operations, Root()).is_explained for operations in histories)


def meet(
    place: Path, patch: pytest.MonkeyPatch, verb: str, kind: str, *names: str
) -> Verdict[State]:
    """Let somebody else do an operation at a call of a switch, and look for an order."""
    root = make_root(place, *SESSIONS, active=SESSIONS[0])
    logs = place / "logs"
    logs.mkdir()
    one, other, later = (Player(root, Log(logs, who)) for who in ("one", "other", "later"))
    met = interpose(patch, verb, partial(other.do, kind, names), name=".active-")
    one.do("switch", (SESSIONS[1],))
    assert met == [1]
    later.do("sessions", ())
    return check(read_logs(logs), Root())


def test_a_store_without_the_lock_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lock, "acquire", lambda self, timeout_s, create=True: None)
    monkeypatch.setattr(Lock, "is_ours", lambda self: True)

    verdict = meet(tmp_path, monkeypatch, "set_mtime", "complete", SESSIONS[1])

    assert not verdict.is_explained


def test_a_store_whose_readers_trust_a_single_listing_is_caught(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (hint, snapshot):
        monkeypatch.setattr(module, "read_markers", Listing)

    assert is_caught(place, SWITCHING, others=2000)


def test_a_store_whose_readers_are_one_answer_behind_is_caught(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: deque[Listing] = deque(maxlen=2)

    def read_late(root: Folder) -> Listing:
        kept.append(read_markers(root))
        return kept[0]

    monkeypatch.setattr(hint, "read_markers", read_late)

    assert is_caught(place, SWITCHING)


def test_a_store_that_removes_a_marker_and_then_creates_the_other_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove_and_create(operation: Running, entry: str, new_entry: str) -> None:
        operation.root.unlink(entry)
        operation.root.create_marker(new_entry)

    with monkeypatch.context() as patch:
        patch.setattr(activation, "_rename_marker", remove_and_create)
        verdict = meet(tmp_path / "broken", patch, "create_marker", "current")

    assert verdict.culprit is not None
    assert (verdict.culprit.kind, verdict.culprit.answer) == ("current", None)
    # The same asked of the store as it is.
    assert meet(tmp_path / "whole", monkeypatch, "replace", "current").is_explained


def test_a_history_without_an_order_is_kept_in_a_file_that_shows_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    operations = (
        Operation("one", "switch", (SESSIONS[1],), 10, 20, "active"),
        Operation("two", "current", (), 15, 30, SESSIONS[2]),
    )

    with pytest.raises(AssertionError, match="seed 'made up': no order explains") as caught:
        judge(operations, "made up")

    kept = Path(str(caught.value).split()[-1])
    assert kept.parent == tmp_path
    assert parse_history(kept.read_text()) == operations
    with pytest.raises(AssertionError, match="only 0% overlap"):
        judge(operations[:1], "made up")
