"""What roots say of threads: their sessions, what is paused with tasks in hand, what is closed."""

import shutil
from pathlib import Path

import pytest

import wfsession
from tests.indexing import Home, ask_for, say
from wfsession.core.times import now
from wfsession.index.roots import list_roots, remember_root
from wfsession.index.threads import Scope, choose_threads, read_catalog
from wfsession.index.unfinished import Unfinished, list_unfinished
from wfsession.index.usage import sum_usage
from wfsession.threads.prices import read_prices
from wfsession.workspace import Workspace

PRICES = read_prices()


@pytest.fixture
def workspace(home: Home, tmp_path: Path) -> Workspace:
    (tmp_path / "shop").mkdir()
    workspace = wfsession.init(tmp_path / "shop")
    workspace.create("One")
    workspace.bind(thread="claude-code--one")
    home.put("one.jsonl", [say("m1", "Shall I?", cwd=str(tmp_path / "elsewhere"))])
    home.put("two.jsonl", [say("m2", cwd=str(tmp_path / "shop" / "src"))])
    home.with_roots(workspace.root)
    return workspace


def read_unfinished(home: Home, scope: Scope | None = None) -> list[Unfinished]:
    return [*home.ask(lambda i: list_unfinished(i, read_catalog(i), now(), scope)).value]


def test_a_thread_has_the_session_that_it_is_bound_to(home: Home, workspace: Workspace) -> None:
    usage = home.ask(lambda i: sum_usage(i, read_catalog(i), PRICES, "session")).value
    assert [(row.key, row.sums.responses) for row in usage.rows] == [("WFS-one", 1), (None, 1)]
    workspace.create("Two")
    workspace.bind(thread="claude-code--two")
    usage = home.ask(lambda i: sum_usage(i, read_catalog(i), PRICES, "session")).value
    assert [row.key for row in usage.rows] == ["WFS-one", "WFS-two"]


def test_a_project_has_the_threads_in_it_and_those_bound_to_its_sessions(
    home: Home, workspace: Workspace, tmp_path: Path
) -> None:
    shop, roots = str(tmp_path / "shop"), (workspace.root,)

    def choose(scope: Scope) -> frozenset[str]:
        return home.ask(lambda i: choose_threads(read_catalog(i, roots=roots), scope)).value

    assert home.ask(lambda i: read_catalog(i, roots=roots).threads["two"]).value.project == shop
    assert choose(Scope(project=shop)) == {"one", "two"}
    assert choose(Scope(session="WFS-one")) == {"one"}
    inner = f"{shop}/src"
    found = home.ask(lambda i: read_catalog(i, projects=(inner,), roots=roots).threads["two"])
    assert found.value.project == inner


def test_a_paused_session_with_a_task_in_hand_is_unfinished(
    home: Home, workspace: Workspace
) -> None:
    workspace.add_task("impl-1")
    assert [one.kind for one in read_unfinished(home)] == ["thread"]
    workspace.pause()
    found = [one for one in read_unfinished(home) if one.kind == "session"]
    assert [(one.name, one.status) for one in found] == [("WFS-one", "paused")]
    assert "impl-1" in found[0].evidence
    assert read_unfinished(home, Scope(session="WFS-none")) == []


def test_a_thread_that_was_closed_waits_for_nothing(home: Home, workspace: Workspace) -> None:
    assert [one.evidence for one in read_unfinished(home)] == ["Shall I?"]
    workspace.close_thread("claude-code--one")
    assert read_unfinished(home) == []


@pytest.mark.parametrize(
    ("last", "status"),
    [("I am blocked by the key.", "blocked"), ("Which one?", "question"), ("Done.", "")],
)
def test_a_thread_that_waits_is_found_by_its_last_word(home: Home, last: str, status: str) -> None:
    home.put("one.jsonl", [say("m1", last, second=1)])
    assert [one.status for one in read_unfinished(home)] == [status][: bool(status)]
    home.append("one.jsonl", [ask_for("go on", 2)])
    assert read_unfinished(home) == []


def test_a_root_that_is_asked_for_no_more_is_forgotten(home: Home, workspace: Workspace) -> None:
    count = "SELECT count(*) FROM sessions"
    assert home.ask(lambda index: index.execute(count).fetchone()[0]).value == 1
    home.with_roots()
    assert home.ask(lambda index: index.execute(count).fetchone()[0]).value == 0


def test_a_root_that_cannot_be_read_is_told_of(home: Home, tmp_path: Path) -> None:
    home.with_roots(str(tmp_path / "gone" / ".workflow"))
    answer = home.ask(lambda _: 1)
    assert answer.value == 1
    assert "gone" in answer.refreshed.problems[0].reason


def test_the_roots_that_were_seen_are_listed_once(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    assert list_roots(state) == ()
    roots = [tmp_path / name / ".workflow" for name in ("b", "a", "é\udcff")]
    for root in (*roots, *roots):
        root.mkdir(parents=True, exist_ok=True)
        remember_root(state, str(root))
    assert list_roots(state) == tuple(map(str, roots))
    roots[0].rmdir()
    assert list_roots(state) == tuple(map(str, roots[1:]))
    assert len((tmp_path / "state" / "roots").read_bytes().splitlines()) == 3


def test_a_list_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("mine")
    remember_root(str(tmp_path / "state"), "/home/sam/.workflow")
    assert list_roots(str(tmp_path / "state")) == ()


def test_a_session_that_is_in_the_root_and_archived_breaks_no_question(
    home: Home, workspace: Workspace
) -> None:
    root = Path(workspace.root)
    (root / "completed").mkdir(exist_ok=True)
    shutil.copytree(root / "WFS-one", root / "completed" / "WFS-one")
    rows = home.ask(lambda i: i.execute("SELECT name, state, path FROM sessions").fetchall()).value
    assert rows == [("WFS-one", "active", str(root / "WFS-one"))]
