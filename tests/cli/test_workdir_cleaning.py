"""`wf workdir webhook|sweep|reset`: what they print, in a pipe, on a terminal, as JSON."""

import io
import json
import os
from pathlib import Path

import pytest

from tests.cli.wf import Done, run_in_terminal, strip_colour, wf
from tests.workdirs.repositories import Repository, make_repository
from wfsession.git import make_access
from wfsession.workdirs.acquire import Acquired, acquire


@pytest.fixture
def made(empty: Path, tmp_path: Path) -> Acquired:
    """Return a workdir of a real repository, in the user's own places."""
    remote = Repository(make_repository(tmp_path / "r.git")).remote
    return acquire(None, "dev", remote, "feature/a", access=make_access(dict(os.environ)))


@pytest.fixture
def hear(monkeypatch: pytest.MonkeyPatch) -> "Hear":
    return Hear(monkeypatch)


class Hear:
    """Hands bytes to `wf workdir webhook` on its standard input."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, data: bytes, *words: str) -> Done:
        self._patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        return wf("workdir", "webhook", *words)


def payload(made: Acquired, branch: str = "feature/a") -> bytes:
    repository = {"clone_url": made.record.url}
    return json.dumps({"ref": branch, "ref_type": "branch", "repository": repository}).encode()


def is_marked() -> bool:
    (row,) = wf("workdir", "list", "--json").data["workdirs"]
    return row["marked"] is not None


def test_a_payload_marks_and_says_which(made: Acquired, hear: Hear) -> None:
    told = f"the workdir of dev for feature/a of {made.record.repository}\n"
    assert hear(payload(made), "--dry-run").out == f"Would mark {told}"
    assert not is_marked()
    done = hear(payload(made))
    assert (done.code, done.out, done.err) == (0, f"Marked {told}", "")
    assert is_marked()
    assert hear(payload(made), "--json").data == {
        "marked": [
            {
                "agent": "dev",
                "repository": made.record.repository,
                "branch": "feature/a",
                "path": made.path,
                "reason": "branch_deleted",
            }
        ],
        "ignored": None,
        "dry_run": False,
    }


@pytest.mark.parametrize(
    ("branch", "data", "sentence"),
    [
        ("other", b"", "Nothing is marked: there is no workdir for other there.\n"),
        ("", b"{}", "Nothing is marked: it is about neither a branch nor a pull request.\n"),
    ],
)
def test_a_payload_that_means_no_workdir_is_no_failure(
    made: Acquired, hear: Hear, branch: str, data: bytes, sentence: str
) -> None:
    done = hear(data or payload(made, branch))
    assert (done.code, done.out) == (0, sentence)
    assert not is_marked()


def test_what_is_no_payload_is_one_sentence(made: Acquired, hear: Hear) -> None:
    done = hear(b"not JSON")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "wf: payload: it is no JSON",
        "hint: hand over the body of the request as it came",
    ]


def test_a_terminal_is_told_what_to_type(made: Acquired) -> None:
    done = run_in_terminal("workdir", "webhook")
    assert done.code == 2
    assert "wf workdir webhook < payload.json" in strip_colour(done.out + done.err)


def test_a_sweep_tells_and_then_does_it(made: Acquired, hear: Hear) -> None:
    assert wf("workdir", "sweep").out == ""
    hear(payload(made))
    row = "dev\tfeature/a\t{}\tbranch deleted; on the remote\t{}\t{}\n"
    told = wf("workdir", "sweep").out
    size = told.split("\t")[3]
    row = row.format(size, made.record.repository, made.path)
    assert told == f"would go\t{row}"
    assert Path(made.path).is_dir()
    assert wf("workdir", "sweep", "--apply", "--repo", "https://host/owner/other").out == ""
    assert wf("workdir", "sweep", "--apply").out == f"removed\t{row}"
    assert not Path(made.path).exists()


def test_a_sweep_as_json_has_each_reason(made: Acquired, hear: Hear) -> None:
    (Path(made.path) / ".env").write_text("secret")
    hear(payload(made))
    data = wf("workdir", "sweep", "--apply", "--json").data
    (row,) = data.pop("workdirs")
    assert data == {
        "applied": True,
        "others": 0,
        "expired": [],
        "freed_bytes": 0,
        "bad": [],
        "notes": [],
    }
    assert row.pop("size_bytes") > 0
    assert row == {
        "agent": "dev",
        "repository": made.record.repository,
        "branch": "feature/a",
        "path": made.path,
        "action": "keep",
        "reasons": [
            {
                "code": "ignored",
                "kind": "dirty",
                "message": "there are ignored files beyond those of workdirs.allowed_ignored: .env",
            }
        ],
        "why": "branch deleted; on the remote",
        "trash": None,
        "bundle": None,
    }


def test_a_reset_refuses_what_was_not_given_up(made: Acquired) -> None:
    (Path(made.path) / "new").write_text("work")
    key = ("--agent", "dev", "--repo", made.record.url, "--branch", "feature/a")
    assert wf("workdir", "reset", *key, "--apply").out.startswith("kept\tdev\tfeature/a\t")
    assert wf("workdir", "reset", *key, "--dirty").out.startswith("would go\t")
    assert Path(made.path).is_dir()
    done = wf("workdir", "reset", "--agent", "dev", "--all", "--dirty", "--apply", "--json")
    box = done.data["workdirs"][0]["trash"]
    assert (Path(box) / "worktree" / "new").read_text() == "work"
    done = wf("workdir", "reset", *key, "--json")
    assert (done.code, done.error["code"]) == (1, "invalid-value")


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "--apply", "--dry-run"),
        ("reset", "--agent", "dev"),
        ("reset", "--agent", "dev", "--repo", "/x"),
        ("reset", "--agent", "dev", "--all", "--branch", "b"),
        ("reset", "--agent", "dev", "--all", "--repo", "/x", "--branch", "b"),
    ],
)
def test_what_contradicts_itself_is_told_so(empty: Path, words: tuple[str, ...]) -> None:
    done = wf("workdir", *words)
    assert done.code == 2
    assert "hint: " in done.err


def test_what_to_type_has_no_password_in_it(made: Acquired, hear: Hear) -> None:
    hear(payload(made))
    words = ("workdir", "sweep", "--repo", f"file://ada:hunter2@localhost{made.record.repository}")
    assert "hunter2" not in run_in_terminal(*words, columns=200).out
    words = ("workdir", "sweep", "--repo", made.record.url)
    told = strip_colour(run_in_terminal(*words, columns=200).out)
    assert told.splitlines()[-1] == f"To do it: wf workdir sweep --apply --repo {made.record.url}"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_table_keeps_to_the_width_of_the_terminal(
    made: Acquired, hear: Hear, columns: int
) -> None:
    (Path(made.path) / ".env").write_text("secret")
    hear(payload(made))
    done = run_in_terminal("workdir", "sweep", columns=columns)
    lines = strip_colour(done.out).splitlines()
    assert all(len(line) <= columns for line in lines[:2])
    assert lines[2:] == [
        "dev, feature/a: there are ignored files beyond those of workdirs.allowed_ignored: .env",
        "There is nothing to remove.",
    ]


def test_a_record_that_nobody_can_read_is_left_alone_and_told(made: Acquired, hear: Hear) -> None:
    records = Path.home() / ".local" / "state" / "wfsession" / "workdirs"
    (record,) = records.rglob("*.json")
    record.write_text("{}")
    for done in (hear(payload(made)), wf("workdir", "sweep", "--apply")):
        assert done.code == 0
        assert f"wf: {record} was left alone: its schema_version is no number" in done.err
    assert record.read_text() == "{}"
