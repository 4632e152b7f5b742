"""Records of real histories, each as a person would write it."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.wf import wf
from tests.trace.repository import MODEL_A, MODEL_B, Repository

pytestmark = pytest.mark.needs("git")

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "wfsession/trace/agent-trace.schema.json").read_text()
)
A = {"session": "WFS-alpha", "thread": "claude-code--a1", "model_id": MODEL_A}
B = {"session": "WFS-beta", "thread": "codex--b2", "model_id": MODEL_B}
URL_A = "wfsession:WFS-alpha/claude-code--a1"
URL_B = "wfsession:WFS-beta/codex--b2"
RELATED_A = [{"type": "session", "url": URL_A}]
RELATED_B = [{"type": "session", "url": URL_B}]
BASE = "one\ntwo\nthree\n"


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def lines(start: int, end: int, text: str) -> list[dict[str, Any]]:
    return [{"start_line": start, "end_line": end, "content_hash": digest(text)}]


def by_a(start: int, end: int, text: str, kind: str = "ai") -> dict[str, Any]:
    return {
        "url": URL_A,
        "contributor": {"type": kind, "model_id": MODEL_A},
        "ranges": lines(start, end, text),
        "related": RELATED_A,
    }


def by_b(start: int, end: int, text: str, kind: str = "ai") -> dict[str, Any]:
    return {
        "url": URL_B,
        "contributor": {"type": kind, "model_id": MODEL_B},
        "ranges": lines(start, end, text),
        "related": RELATED_B,
    }


def by_nobody(start: int, end: int, text: str) -> dict[str, Any]:
    return {"contributor": {"type": "unknown"}, "ranges": lines(start, end, text)}


def trace(revision: str = "HEAD") -> Any:
    """Make the record of a commit by the command, and hold it against the schema."""
    record = wf("trace", "commit", revision, "--json").data["record"]
    jsonschema.validate(record, SCHEMA)
    return record


def see(revision: str = "HEAD") -> Any:
    """Return the one record that is in the note of a commit."""
    (record,) = wf("trace", "show", revision, "--json").data["records"]
    jsonschema.validate(record, SCHEMA)
    return record


def carry(*pairs: tuple[str, str]) -> None:
    """Have the records carried over, as git's hook post-rewrite would."""
    with pytest.MonkeyPatch.context() as patch:
        text = "".join(f"{old} {new}\n" for old, new in pairs)
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert wf("trace", "rewrite").code == 0


def tell_lines(file: str) -> list[tuple[str, str]]:
    """Return, for each line of a file, its content and the session that blame gives it."""
    data = wf("trace", "blame", file, "--json").data
    return [(line["content"], line["session"] or line["contributor"]) for line in data["lines"]]


def test_the_whole_record_of_a_commit_by_an_agent(repository: Repository) -> None:
    repository.a_writes("a.py", "one\nfrom A\ntwo\nthree\n")
    revision = repository.commit()
    made = trace()
    identity = made.pop("id")
    assert made == {
        "version": "0.1.0",
        "timestamp": "2026-11-21T10:01:00Z",
        "vcs": {"type": "git", "revision": revision},
        "tool": {"name": "wfsession", "version": made["tool"]["version"]},
        "files": [{"path": "a.py", "conversations": [by_a(2, 2, "from A\n")]}],
        "metadata": {
            "wfsession": {
                "authors": [A],
                "files": [{"path": "a.py", "added": [[2, 2, 0]], "removed": []}],
            }
        },
    }
    assert int(identity.replace("-", "")[:12], 16) == 1_795_255_260_000
    assert identity[14] == "7"
    assert identity[19] in "89ab"
    assert see()["id"] == identity


def test_two_agents_in_one_hunk(repository: Repository) -> None:
    repository.a_writes("a.py", "one\nfrom A\ntwo\nthree\n")
    repository.b_writes("a.py", "one\nfrom A\nfrom B\ntwo\nthree\n")
    repository.commit()
    made = trace()
    # Neither model wrote all of it, and neither conversation: what is said is true of each line.
    assert made["files"] == [
        {
            "path": "a.py",
            "conversations": [
                {
                    "contributor": {"type": "ai"},
                    "ranges": lines(2, 3, "from A\nfrom B\n"),
                    "related": RELATED_A + RELATED_B,
                }
            ],
        }
    ]
    assert made["metadata"]["wfsession"] == {
        "authors": [A, B],
        "files": [{"path": "a.py", "added": [[2, 2, 0], [3, 3, 1]], "removed": []}],
    }
    assert tell_lines("a.py")[1:3] == [("from A", "WFS-alpha"), ("from B", "WFS-beta")]


def test_a_persons_edit_in_between(repository: Repository) -> None:
    repository.a_writes("a.py", "one\nx = 1\ny = 2\nz = 3\ntwo\nthree\n")
    repository.write("a.py", "zero\none\nx = 1\ny = 22\nz = 3\ntwo\nthree\n")
    repository.b_writes("a.py", "zero\none\nx = 1\ny = 22\nz = 3\ntwo\nthree\nfour\n")
    repository.commit()
    made = trace()
    assert made["files"][0]["conversations"] == [
        by_nobody(1, 1, "zero\n"),
        by_a(3, 5, "x = 1\ny = 22\nz = 3\n", "mixed"),
        by_b(8, 8, "four\n"),
    ]
    assert tell_lines("a.py") == [
        ("zero", "unknown"),
        ("one", "unknown"),
        ("x = 1", "WFS-alpha"),
        ("y = 22", "unknown"),
        ("z = 3", "WFS-alpha"),
        ("two", "unknown"),
        ("three", "unknown"),
        ("four", "WFS-beta"),
    ]


def test_a_line_of_an_agent_that_was_committed_makes_no_later_one_its_own(
    repository: Repository,
) -> None:
    repository.a_writes("a.py", f"if x:\n    pass\n{BASE}")
    repository.commit()
    trace()
    repository.write("a.py", f"if x:\n    pass\n{BASE}if y:\n    pass\n")
    repository.commit()
    assert trace()["files"][0]["conversations"] == [by_nobody(6, 7, "if y:\n    pass\n")]


def test_partial_staging(repository: Repository) -> None:
    repository.a_writes("a.py", "zero\none\ntwo\nthree\nfour\n")
    repository.write("part.py", "")
    both = repository.read("a.py")
    assert both is not None
    repository.write("a.py", "zero\none\ntwo\nthree\n")
    repository.git("add", "a.py")
    repository.write("a.py", both)
    repository.git("commit", "-q", "-m", "the first half")
    assert trace()["files"] == [{"path": "a.py", "conversations": [by_a(1, 1, "zero\n")]}]
    repository.git("commit", "-q", "-a", "-m", "the rest")
    assert trace()["files"] == [{"path": "a.py", "conversations": [by_a(5, 5, "four\n")]}]


def test_only_deletions(repository: Repository) -> None:
    repository.a_writes("a.py", "three\n")
    repository.commit()
    made = trace()
    assert made["files"] == [
        {
            "path": "a.py",
            "conversations": [
                {
                    "url": URL_A,
                    "contributor": {"type": "ai", "model_id": MODEL_A},
                    "ranges": [{"start_line": 1, "end_line": 1}],
                    "related": RELATED_A,
                }
            ],
        }
    ]
    assert made["metadata"]["wfsession"]["files"] == [
        {"path": "a.py", "added": [], "removed": [[1, 2, 0]]}
    ]
    assert tell_lines("a.py") == [("three", "unknown")]


def test_a_file_that_is_deleted_keeps_its_path(repository: Repository) -> None:
    repository.git("rm", "-q", "a.py")
    repository.commit()
    (file,) = trace()["files"]
    assert file["path"] == "a.py"
    assert file["conversations"][0]["ranges"] == [{"start_line": 1, "end_line": 1}]


@pytest.mark.parametrize("is_known", [True, False], ids=["known to git", "new"])
def test_a_file_that_is_moved_between_writing_and_commit(
    repository: Repository, is_known: bool
) -> None:
    old = "src/old.py" if is_known else "src/new.py"
    text = "".join(f"line {number}\n" for number in range(20))
    if is_known:
        repository.write(old, text)
        repository.commit()
    repository.a_writes(old, f"from A\n{text}" if is_known else "from A\n")
    (repository.path / "lib").mkdir()
    (repository.path / old).rename(repository.path / "lib/new.py")
    repository.commit()
    assert trace()["files"] == [{"path": "lib/new.py", "conversations": [by_a(1, 1, "from A\n")]}]


def test_an_agent_that_names_files_by_their_whole_paths(repository: Repository) -> None:
    text = "from A\n"
    repository.write("src/n.py", text)
    whole = f"{repository.path}/src/n.py"
    patch = f"--- /dev/null\n+++ {whole}\n@@ -0,0 +1 @@\n+{text}"
    repository.add_part("WFS-alpha", "claude-code--a1", text=patch, model_id=MODEL_A)
    repository.commit()
    assert trace()["files"] == [{"path": "src/n.py", "conversations": [by_a(1, 1, text)]}]


def test_a_cherry_pick(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.a_writes("b.py", "from A\n")
    picked = repository.commit()
    trace()
    repository.git("checkout", "-q", "main")
    repository.write("c.py", "of a person\n")
    repository.commit()
    repository.git("cherry-pick", picked)
    assert trace()["files"] == [{"path": "b.py", "conversations": [by_a(1, 1, "from A\n")]}]


def test_a_revert_is_no_agents(repository: Repository) -> None:
    repository.a_writes("a.py", f"from A\n{BASE}")
    repository.commit()
    trace()
    repository.git("revert", "--no-edit", "HEAD")
    made = trace()
    assert made["files"][0]["conversations"] == [
        {
            "contributor": {"type": "unknown"},
            "ranges": [{"start_line": 1, "end_line": 1}],
        }
    ]
    assert "metadata" not in made


def test_a_merge_has_only_the_lines_that_no_parent_has(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.a_writes("a.py", f"of side\n{BASE}")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("a.py", f"of main\n{BASE}")
    repository.commit()
    with pytest.raises(AssertionError):
        repository.git("merge", "side")
    repository.write("a.py", f"of main\n<<<<<<<\nof side\n{BASE}")
    repository.b_writes("a.py", f"of main\nof both\nof side\n{BASE}")
    repository.commit("a merge")
    assert trace()["files"] == [{"path": "a.py", "conversations": [by_b(2, 2, "of both\n")]}]
    trace("HEAD^2")
    assert [who for _, who in tell_lines("a.py")][:3] == ["unknown", "WFS-beta", "WFS-alpha"]


def test_an_amend(repository: Repository) -> None:
    repository.a_writes("a.py", f"from A\n{BASE}")
    old = repository.commit()
    trace()
    # Nothing but the old record knows that it was an agent's.
    (repository.path / ".workflow/WFS-alpha/.conversation/claude-code--a1.jsonl").unlink()
    repository.write("a.py", f"of a person\nfrom A\n{BASE}")
    repository.b_writes("b.py", "from B\n")
    new = repository.commit("amended", "--amend")
    carry((old, new))
    made = see()
    assert made["vcs"]["revision"] == new
    assert made["files"] == [
        {"path": "a.py", "conversations": [by_a(1, 2, "of a person\nfrom A\n", "mixed")]},
        {"path": "b.py", "conversations": [by_b(1, 1, "from B\n")]},
    ]
    assert tell_lines("a.py")[:2] == [("of a person", "unknown"), ("from A", "WFS-alpha")]


def test_a_rebase(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.a_writes("b.py", "from A\n")
    first = repository.commit()
    trace()
    repository.b_writes("b.py", "from A\nfrom B\n")
    second = repository.commit()
    trace()
    repository.git("checkout", "-q", "main")
    repository.write("b2.py", "of a person\n")
    repository.commit()
    repository.git("rebase", "-q", "main", "side")
    (repository.path / ".workflow/WFS-alpha/.conversation/claude-code--a1.jsonl").unlink()
    carry((first, repository.head("HEAD~1")), (second, repository.head()))
    assert see("HEAD~1")["files"] == [{"path": "b.py", "conversations": [by_a(1, 1, "from A\n")]}]
    assert see()["files"] == [{"path": "b.py", "conversations": [by_b(2, 2, "from B\n")]}]
    assert tell_lines("b.py") == [("from A", "WFS-alpha"), ("from B", "WFS-beta")]


def test_a_rebased_line_of_an_agent_makes_no_later_one_its_own(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.a_writes("b.py", "pass\n")
    first = repository.commit()
    trace()
    repository.write("b.py", "pass\nx = 1\npass\n")
    second = repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("c.py", "of a person\n")
    repository.commit()
    repository.git("rebase", "-q", "main", "side")
    carry((first, repository.head("HEAD~1")), (second, repository.head()))
    assert see("HEAD~1")["files"][0]["conversations"] == [by_a(1, 1, "pass\n")]
    assert wf("trace", "show").code == 1


def test_a_squash(repository: Repository) -> None:
    olds = []
    repository.a_writes("a.py", f"from A\n{BASE}")
    olds.append(repository.commit())
    trace()
    repository.write("a.py", f"from A\nof a person\n{BASE}")
    olds.append(repository.commit())
    repository.b_writes("a.py", f"from A\nof a person\nfrom B\n{BASE}")
    olds.append(repository.commit())
    trace()
    repository.git("reset", "-q", "--soft", "HEAD~3")
    new = repository.commit("all in one")
    carry(*((old, new) for old in olds))
    made = see()
    assert made["files"][0]["conversations"] == [
        {
            "contributor": {"type": "mixed"},
            "ranges": lines(1, 3, "from A\nof a person\nfrom B\n"),
            "related": RELATED_A + RELATED_B,
        }
    ]
    assert made["metadata"]["wfsession"] == {
        "authors": [A, B],
        "files": [{"path": "a.py", "added": [[1, 1, 0], [3, 3, 1]], "removed": []}],
    }
    assert tell_lines("a.py")[:3] == [
        ("from A", "WFS-alpha"),
        ("of a person", "unknown"),
        ("from B", "WFS-beta"),
    ]
