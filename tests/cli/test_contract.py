"""What scripts hold on to: exit codes, `--json`, the first line; for each verb."""

import functools
import json
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMPLETED, PAUSED, read_record, run, wf
from wfsession.cli.parser import HOMES
from wfsession.core.disk import Folder
from wfsession.core.lock import Lock
from wfsession.workspace import Workspace

WRITES = {
    "new": (("new", "Something new"), "WFS-something-new", "active", ACTIVE),
    "switch": (("switch", PAUSED), PAUSED, "active", ACTIVE),
    "pause": (("pause",), ACTIVE, "paused", ACTIVE),
    "resume": (("resume", PAUSED), PAUSED, "active", ACTIVE),
    "complete": (("complete", "--force"), ACTIVE, "completed", ACTIVE),
    "archive": (("archive", COMPLETED), COMPLETED, "archived", ACTIVE),
    "reopen": (("reopen", ARCHIVED), ARCHIVED, "active", ACTIVE),
    "rename": (("rename", "WFS-other"), "WFS-other", "active", ACTIVE),
    "phase": (("phase", "set", "REVIEW"), ACTIVE, "active", ACTIVE),
    "task": (("task", "add", "IMPL-9"), ACTIVE, "active", ACTIVE),
    "checkpoint": (("checkpoint", "-m", "so far"), ACTIVE, "active", ACTIVE),
    "adopt": (("adopt", "../adopted", "Adopted"), "WFS-adopted", "active", ACTIVE),
}
LOOKS = {
    "init": ("init",),
    "list": ("list", "--all"),
    "current": ("current",),
    "path": ("path",),
    "show": ("show",),
    "status": ("status",),
    "nothing typed": (),
    "phase": ("phase",),
    "task": ("task", "list"),
    "doctor": ("doctor",),
    "log": ("log",),
    "attic": ("attic",),
    "migrate": ("migrate",),
    "threads": ("threads", "--all"),
    "workdir": ("workdir", "list"),
    "runs": ("runs",),
    "unfinished": ("unfinished",),
    "usage": ("usage",),
    "index": ("index",),
}
each_write = pytest.mark.parametrize(
    ("words", "name", "state", "previous"), WRITES.values(), ids=WRITES
)
each_look = pytest.mark.parametrize("words", LOOKS.values(), ids=LOOKS)


@pytest.fixture(autouse=True)
def _something_to_adopt(tmp_path: Path) -> None:
    (tmp_path / "adopted").mkdir()


def test_each_verb_is_in_one_of_these_tables() -> None:
    tested = {words[0] for words, *_ in WRITES.values()} | {
        words[0] for words in LOOKS.values() if words
    }
    # Undo needs something to take back, bind and conversation a thread, hook an event, trace a
    # repository of git; verify-fs takes its time, install and shell-init are about no session, use
    # is for a shell, statusline and mcp for an agent, search finds nothing and story no thread
    # where nobody talked. They have tests of their own.
    apart = """
        bind conversation exec hook install mcp search serve shell-init statusline story trace
        unbind undo uninstall use verify-fs
    """
    assert set(HOMES) == tested | set(apart.split())


@each_write
def test_a_writing_verb_answers_what_became_of_which_session(
    project: Path, words: tuple[str, ...], name: str, state: str, previous: str
) -> None:
    done = wf(*words, "--json")
    assert done.code == 0
    data = done.data
    assert (data["session"], data["state"], data["previous"]) == (name, state, previous)
    assert Path(data["path"]).is_dir()
    assert Path(data["path"]).is_absolute()
    assert data["path"].endswith(f"/{name}")
    assert data["changed"] is True
    assert data["dry_run"] is False
    row = {one["name"]: one for one in wf("list", "--all", "--json").data["sessions"]}[name]
    assert (row["state"], row["path"]) == (state, data["path"])


@each_write
def test_a_pipe_gets_the_name_of_what_was_written_in_the_first_line(
    project: Path, words: tuple[str, ...], name: str, state: str, previous: str
) -> None:
    done = wf(*words)
    assert done.code == 0
    first, second, *_ = done.out.splitlines()
    assert first == f"SESSION_ID: {name}"
    assert name in second


@each_write
def test_a_dry_run_tells_steps_and_leaves_every_byte_alone(
    project: Path, words: tuple[str, ...], name: str, state: str, previous: str
) -> None:
    before = {path: path.lstat() for path in project.parent.rglob("*")}
    done = wf(*words, "--dry-run", "--json")
    assert done.code == 0
    assert done.data["changed"] is False
    assert done.data["dry_run"] is True
    assert [set(step) for step in done.data["steps"]] == [{"verb", "path", "target"}] * len(
        done.data["steps"]
    )
    assert done.data["steps"]
    told = wf(*words, "--dry-run")
    assert "Nothing was done" in told.out
    after = {path: path.lstat() for path in project.parent.rglob("*")}
    assert after.keys() == before.keys()
    assert all(after[path].st_mtime_ns == before[path].st_mtime_ns for path in before)


@each_look
def test_a_looking_verb_answers_with_one_object(project: Path, words: tuple[str, ...]) -> None:
    done = wf(*words, "--json")
    assert done.code == 0
    assert done.data


@each_look
def test_json_may_stand_before_the_verb(project: Path, words: tuple[str, ...]) -> None:
    after, before = wf(*words, "--json"), wf("--json", *words)
    assert before.envelope.keys() == after.envelope.keys()
    assert before.data.keys() == after.data.keys()
    assert before.code == after.code == 0


@each_look
def test_looking_changes_nothing_on_the_disk(project: Path, words: tuple[str, ...]) -> None:
    before = {path: path.lstat() for path in project.rglob("*")}
    wf(*words)
    wf(*words, "--json")
    after = {path: path.lstat() for path in project.rglob("*")}
    assert after.keys() == before.keys()
    assert all(after[path].st_mtime_ns == before[path].st_mtime_ns for path in before)


@pytest.mark.parametrize("verb", ["current", "path"])
def test_current_and_path_say_what_names_the_session(project: Path, verb: str) -> None:
    root = str(project / ".workflow")
    data = wf(verb, "--json").data
    assert data == {
        "session": ACTIVE,
        "path": f"{root}/{ACTIVE}",
        "root": root,
        "source": "marker",
    }
    assert wf("--session", PAUSED, verb, "--json").data == {
        "session": PAUSED,
        "path": f"{root}/{PAUSED}",
        "root": root,
        "source": "flag",
    }


@pytest.mark.parametrize("verb", ["current", "path"])
def test_current_and_path_answer_none_with_1_and_without_an_error(project: Path, verb: str) -> None:
    wf("pause")
    assert (wf(verb).code, wf(verb).out, wf(verb).err) == (1, "", "")
    done = wf(verb, "--json")
    assert done.code == 1
    assert done.data == {
        "session": None,
        "path": None,
        "root": str(project / ".workflow"),
        "source": "none",
    }


@pytest.mark.parametrize("words", [("current",), ("current", "--json"), ("--json", "path")])
def test_current_and_path_answer_none_where_there_is_no_project(
    empty: Path, words: tuple[str, ...]
) -> None:
    done = wf(*words)
    assert (done.code, done.err) == (1, "")
    if "--json" in words:
        assert done.data == {"session": None, "path": None, "root": None, "source": "none"}


def test_the_quick_way_to_current_answers_as_the_long_one(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Options other than --json take the way through the parser.
    for name in (None, PAUSED, "WFS-nobody"):
        if name is not None:
            monkeypatch.setenv("WF_SESSION", name)
        for verb in ("current", "path"):
            assert wf(verb) == wf(verb, "--root", str(project))
            assert wf(verb, "--json") == wf(verb, "--json", "--root", str(project))


def test_list_has_the_keys_of_the_contract(project: Path) -> None:
    data = wf("list", "--all", "--json").data
    assert (data["root"], data["active"]) == (str(project / ".workflow"), ACTIVE)
    for row in data["sessions"]:
        assert row.keys() >= {
            "name",
            "title",
            "type",
            "state",
            "phase",
            "tasks",
            "threads",
            "created",
            "updated",
            "path",
            "problems",
        }
        assert set(row["tasks"]) == {"done", "total", "in_progress", "unreadable"}
        assert row["created"].endswith("Z")
        assert row["updated"].endswith("Z")
    states = {row["name"]: row["state"] for row in data["sessions"]}
    assert states == {
        ACTIVE: "active",
        PAUSED: "paused",
        COMPLETED: "completed",
        ARCHIVED: "archived",
    }


FAILURES = {
    "unknown session": (("switch", "WFS-nobody"), 1, "session-not-found"),
    "several sessions": (("switch", "WFS"), 1, "ambiguous-name"),
    "unfinished": (("complete", PAUSED), 1, "unfinished-tasks"),
    "wrong state": (("switch", COMPLETED), 1, "wrong-state"),
    "archived": (("switch", ARCHIVED), 1, "session-archived"),
    "taken": (("rename", PAUSED), 1, "name-collision"),
    "bad name": (("new", "x", "--name", "a/b"), 1, "invalid-name"),
    "bad value": (("phase", "set", "NEVER"), 1, "invalid-value"),
    "no root": (("--root", "/", "list"), 1, "root-not-found"),
    "no verb": (("swich",), 2, "usage"),
    "no such option": (("list", "--nope"), 2, "usage"),
    "no name": (("switch",), 2, "usage"),
    "no value": (("--root",), 2, "usage"),
    "no command": (("exec",), 2, "usage"),
    "no title": (("new",), 2, "usage"),
    "bad choice": (("new", "x", "--type", "huge"), 2, "usage"),
    "no action": (("phase", "sideways"), 2, "usage"),
    "bad artifact": (("checkpoint", "--artifact", "plan"), 2, "usage"),
    "named twice": (("--session", ACTIVE, "pause", ACTIVE), 2, "usage"),
    "flag for nothing": (("--session", ACTIVE, "list"), 2, "usage"),
    "json for exec": (("exec", "true"), 2, "usage"),
}


@pytest.mark.parametrize(("words", "code", "kind"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_one_object_with_a_code_and_a_hint(
    project: Path, words: tuple[str, ...], code: int, kind: str
) -> None:
    done = wf("--json", *words)
    assert done.code == code
    assert done.error["code"] == kind
    assert done.error["message"]
    assert done.error["hint"]
    assert done.err == ""


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [value for value in FAILURES.values() if value[0] != ("exec", "true")],
    ids=[key for key in FAILURES if key != "json for exec"],
)
def test_a_failure_is_a_sentence_and_a_hint_on_standard_error(
    project: Path, words: tuple[str, ...], code: int, kind: str
) -> None:
    done = wf(*words)
    assert (done.code, done.out) == (code, "")
    message, hint = done.err.splitlines()
    assert message.startswith("wf: ")
    assert hint.startswith("hint: ")


def test_a_lock_that_is_held_too_long_is_4(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = functools.partial(Workspace, timeout_s=0.05)
    monkeypatch.setattr("wfsession.cli.call.Workspace", hasty)
    with Folder.open(str(project / ".workflow")) as root:
        lock = Lock(root, ".wf", "lock")
        lock.acquire(1)
        done = wf("switch", PAUSED, "--json")
        looked = wf("list", "--json")
        lock.release()
    assert (done.code, done.error["code"]) == (4, "lock-timeout")
    assert looked.code == 0
    assert wf("switch", PAUSED).code == 0


def test_what_stands_behind_two_dashes_is_no_option(empty: Path) -> None:
    done = wf("new", "--", "--json")
    assert done.out.startswith("SESSION_ID: WFS-json\n")
    assert read_record(empty, "WFS-json")["project"] == "--json"


def test_help_and_version_are_answers(empty: Path) -> None:
    for words in (("help",), ("--help",), ("-h",), ("help", "switch"), ("switch", "--help")):
        done = wf(*words)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("usage: wf")
        assert wf("--json", *words).data["help"] == done.out.rstrip("\n")
    assert wf("--version").out.startswith("wf ")
    assert wf("--version", "--json").data["wf"].startswith("wf ")


def test_help_names_each_verb_and_tells_how_each_is_used() -> None:
    listed = wf("help").out
    for verb in HOMES:
        assert f"\n  {verb} " in listed
        told = wf("help", verb).out
        assert told.startswith(f"usage: wf {verb}")
        assert f"\n    wf{'' if verb == 'status' else f' {verb}'}" in told or "$(wf path)" in told


def test_help_for_no_verb_suggests_one() -> None:
    done = wf("help", "swich")
    assert (done.code, done.out) == (2, "")
    assert "did you mean: wf switch" in done.err


def test_as_a_process_of_its_own_it_answers_the_same(project: Path) -> None:
    here, there = wf("list", "--all", "--json"), run("list", "--all", "--json", cwd=project)
    assert there.code == 0
    assert json.loads(there.out) == json.loads(here.out)
    assert run("switch", cwd=project).code == 2
    assert run("pause", cwd=project).code == 0
    assert run("current", cwd=project) == wf("current")
