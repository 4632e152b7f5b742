"""`wf trace` at the command line: what it answers, and what it says to what cannot be."""

import io
import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.wf import Done, run_in_terminal, wf
from tests.trace.repository import Repository, git
from tests.trace.test_golden import SCHEMA, URL_A, carry, trace

pytestmark = pytest.mark.needs("git")

BASE = "one\ntwo\nthree\n"


@pytest.fixture
def traced(repository: Repository) -> Repository:
    """Return a repository whose last commit has a line of an agent's and one of a person's."""
    repository.a_writes("a.py", f"from A\n{BASE}")
    repository.write("a.py", f"from A\n{BASE}of a person\n")
    repository.commit()
    return repository


def test_without_a_terminal_each_hunk_and_each_line_is_a_row(traced: Repository) -> None:
    head = traced.head()[:10]
    hunks = f"a.py\t1-1\tai\tanthropic/claude-opus-4-5\t{URL_A}\na.py\t5-5\tunknown\t-\t-\n"
    assert wf("trace", "commit") == Done(
        0, f"Traced {head}: 2 hunks (1 ai, 1 unknown).\n{hunks}", ""
    )
    assert wf("trace", "show") == Done(0, hunks, "")
    assert wf("trace", "blame", "a.py", "-L", "1,2") == Done(
        0,
        f"1\t{head}\tai\tanthropic/claude-opus-4-5\tWFS-alpha\t{URL_A}\tfrom A\n"
        f"2\t{traced.head('HEAD~1')[:10]}\tunknown\t-\t-\t-\tone\n",
        "",
    )


def test_the_same_commit_has_the_same_record_and_it_is_written_once(traced: Repository) -> None:
    first = wf("trace", "commit", "--json").data
    tip = traced.head("refs/notes/agent-trace")
    second = wf("trace", "commit", "HEAD", "--json").data
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["record"] == second["record"] == json.loads(traced.note())
    assert traced.head("refs/notes/agent-trace") == tip
    # What is written after the commit is none of it.
    traced.a_writes("c.py", "of a person\n")
    traced.a_writes("a.py", f"from A\n{BASE}of a person\nof a person\n")
    assert wf("trace", "commit", "--json").data["record"] == first["record"]


def test_a_dry_run_tells_the_record_and_writes_nothing(
    traced: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WF_SESSION", "WFS-beta")
    data = wf("trace", "commit", "--dry-run", "--file", "--json").data
    assert (data["changed"], data["note"], data["file"]) == (False, None, None)
    assert len(data["record"]["files"]) == 1
    assert wf("trace", "show").code == 1
    assert wf("trace", "commit", "--dry-run").out.startswith("Nothing was done.")


def test_on_request_the_record_is_a_file_of_the_session_too(
    traced: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wf("trace", "commit", "--file", "--json").error["code"] == "no-active-session"
    monkeypatch.setenv("WF_SESSION", "WFS-beta")
    data = wf("trace", "commit", "--file", "--json").data
    folder = traced.path / ".workflow/WFS-beta/.agent-trace"
    assert data["file"] == str(folder / f"{traced.head()}.json")
    assert json.loads(Path(data["file"]).read_bytes()) == data["record"]
    wf("trace", "commit", "--file")
    assert [path.name for path in folder.iterdir()] == [f"{traced.head()}.json"]


def test_patches_that_cannot_be_read_are_counted(traced: Repository) -> None:
    traced.now_s -= 100
    traced.add_part("WFS-beta", "codex--b2", text="no diff, but of a.py")
    done = wf("trace", "commit", "--json")
    assert done.data["unparsed"] == 1
    assert "a patch of agents could not be read" in done.err


def test_in_a_subdirectory_the_same_is_said(
    traced: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced.a_writes("src/b.py", "b\n")
    traced.commit()
    monkeypatch.chdir(traced.path / "src")
    assert trace()["files"][0]["path"] == "src/b.py"
    assert wf("trace", "blame", "b.py", "--json").data["lines"][0]["session"] == "WFS-alpha"
    # The line was used already; it makes no later one of a person the agent's.
    traced.write("src/b.py", "b\nb\n")
    traced.commit()
    assert "metadata" not in trace()


def test_records_of_other_tools_are_believed_where_ours_says_nothing(traced: Repository) -> None:
    head = traced.head()
    other = {
        "version": "0.1.0",
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "timestamp": "2026-01-25T10:00:00Z",
        "vcs": {"type": "git", "revision": head},
        "tool": {"name": "another", "version": "1"},
        "files": [
            {
                "path": "a.py",
                "conversations": [
                    {
                        "url": "https://example.com/1",
                        "contributor": {"type": "mixed", "model_id": "m"},
                        "ranges": [
                            {"start_line": 1, "end_line": 1},
                            {"start_line": 5, "end_line": 5, "contributor": {"type": "human"}},
                        ],
                    }
                ],
            }
        ],
    }
    jsonschema.validate(other, SCHEMA)
    traced.git("notes", "--ref=agent-trace", "add", "-m", json.dumps(other))
    lines = wf("trace", "blame", "a.py", "--json").data["lines"]
    assert [line["contributor"] for line in lines] == [
        "mixed", "unknown", "unknown", "unknown", "human",
    ]  # fmt: skip
    assert (lines[0]["model_id"], lines[0]["url"]) == ("m", "https://example.com/1")
    trace()
    lines = wf("trace", "blame", "a.py", "--json").data["lines"]
    assert (lines[0]["contributor"], lines[0]["session"]) == ("ai", "WFS-alpha")
    assert lines[4]["contributor"] == "human"
    assert [one["tool"]["name"] for one in wf("trace", "show", "--json").data["records"]] == [
        "another", "wfsession",
    ]  # fmt: skip


def test_lines_that_are_not_committed_have_no_commit(traced: Repository) -> None:
    traced.write("a.py", f"new\nfrom A\n{BASE}")
    line = wf("trace", "blame", "a.py", "--json").data["lines"][0]
    assert (line["commit"], line["contributor"]) == (None, "unknown")
    assert wf("trace", "blame", "a.py").out.startswith("1\tnot yet\tunknown\t")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("commit", "nothing"), "no commit is 'nothing'"),
        (("commit", ""), "no commit is ''"),
        (("commit", "--", "-x"), "no commit is '-x'"),
        (("show", "HEAD:a.py"), "no commit is 'HEAD:a.py'"),
        (("show", "HEAD..HEAD"), "no commit is 'HEAD..HEAD'"),
        (("blame", "none.py"), "none.py"),
        (("blame", "a.py", "-L", "99"), "a.py has only 5 lines"),
        (("blame", "a.py", "-L", "x"), "a.py"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_a_hint(
    traced: Repository, words: tuple[str, ...], said: str
) -> None:
    done = wf("trace", *words)
    assert (done.code, done.out) == (1, "")
    first, second = done.err.splitlines()
    assert said in first
    assert second.startswith("hint: git ")


def test_an_action_is_needed_and_so_is_an_input_to_rewrite(
    traced: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wf("trace").code == 2
    for data in (b"what is this\n", b"\xff\n"):
        stdin = io.TextIOWrapper(io.BytesIO(data), "utf-8", "strict")
        monkeypatch.setattr("sys.stdin", stdin)
        assert "line 1" in wf("trace", "rewrite").err
    done = run_in_terminal("trace", "rewrite")
    assert (done.code, "git-hooks" in done.out) == (2, True)


def test_a_repository_without_commits_and_no_repository_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".workflow").mkdir()
    monkeypatch.chdir(tmp_path)
    done = wf("trace", "commit")
    assert "not a git repository" in done.err
    assert "git init" in done.err
    git("init", "-q", at=tmp_path)
    assert "the repository has no commit yet" in wf("trace", "commit").err
    assert wf("trace", "commit", "--hook").code == 0


def test_a_shallow_clone_tells_what_it_can(
    traced: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace()
    clone = tmp_path / "clone"
    refs = "+refs/notes/*:refs/notes/*"
    git("clone", "-q", "--depth=1", f"file://{traced.path}", str(clone), at=tmp_path)
    git("fetch", "-q", "origin", refs, at=clone)
    (clone / ".workflow").mkdir()
    monkeypatch.chdir(clone)
    done = wf("trace", "commit")
    assert "the clone is shallow" in done.err
    assert "git fetch --deepen=1" in done.err
    assert wf("trace", "blame", "a.py", "--json").data["lines"][0]["session"] == "WFS-alpha"


def test_a_bare_repository_tells_what_its_notes_say(
    traced: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace()
    bare = tmp_path / "bare.git"
    git("clone", "-q", "--mirror", str(traced.path), str(bare), at=tmp_path)
    monkeypatch.chdir(bare)
    assert wf("trace", "show").code == 0
    assert wf("trace", "blame", "a.py", "--json").data["lines"][0]["session"] == "WFS-alpha"
    monkeypatch.setenv("WF_ROOT", str(traced.path))
    assert wf("trace", "commit", "--json").data["changed"] is False


def test_a_linked_worktree_has_the_sessions_of_the_main_one(
    traced: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    monkeypatch.chdir(tmp_path / "linked")
    assert trace()["files"][0]["conversations"][0]["url"] == URL_A


def test_files_of_any_name_are_traced_and_blamed(repository: Repository) -> None:
    names = ["é ü.py", 'q"uote.py', "b/a b/c.py"]
    for name in names:
        repository.a_writes(name, "from A\n")
    # Not UTF-8: a record has it as git writes it.
    (repository.path / "a\udcff.py").write_text("x\n")
    repository.commit()
    paths = [file["path"] for file in trace()["files"]]
    assert sorted(paths) == sorted([*names, '"a\\377.py"'])
    for name in names:
        (line,) = wf("trace", "blame", name, "--json").data["lines"]
        assert line["session"] == "WFS-alpha", name


def test_a_commit_of_no_lines_has_a_record_of_no_files(repository: Repository) -> None:
    repository.git("mv", "a.py", "b.py")
    repository.write("binary", "\0")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "moved")
    assert trace()["files"] == []
    repository.git("commit", "-q", "--allow-empty", "-m", "empty")
    assert trace()["files"] == []


def test_notes_that_git_copied_while_rewriting_are_replaced(traced: Repository) -> None:
    old = traced.head()
    trace()
    traced.git("config", "notes.rewriteRef", "refs/notes/agent-trace")
    traced.write("a.py", f"{BASE}of a person\n")
    new = traced.commit("without the agent's", "--amend")
    assert old in traced.note()
    carry((old, new))
    assert json.loads(traced.note())["vcs"]["revision"] == new
    assert "metadata" not in json.loads(traced.note())


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal_no_row_is_wider_than_it(traced: Repository, columns: int) -> None:
    for words in (("commit",), ("show",), ("blame", "a.py")):
        done = run_in_terminal("trace", *words, columns=columns, env={"NO_COLOR": "1"})
        assert done.code == 0
        for line in done.out.splitlines():
            assert len(line) <= columns or line.endswith("."), line


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NOTES_REF"])
def test_variables_of_git_lead_it_nowhere(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # As they stand in the environment of git's own hooks.
    head = repository.head()
    monkeypatch.setenv(name, "/nowhere")
    assert wf("trace", "commit", "--json").data["revision"] == head
