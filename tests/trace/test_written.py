"""What agents wrote, as it is read from the conversations of sessions."""

from pathlib import Path

import pytest

from tests.trace.repository import Repository, make_diff
from wfsession.git import Git
from wfsession.trace.commit import trace_commit
from wfsession.trace.patch import Author
from wfsession.trace.written import read_written

pytestmark = pytest.mark.needs("git")

DIFF = make_diff("src/f.py", None, "x\n")


def place(repository: Repository, name: str = "claude-code--a1") -> Path:
    return repository.path / ".workflow/WFS-alpha/.conversation" / f"{name}.jsonl"


def root(repository: Repository) -> str:
    return str(repository.path / ".workflow")


def test_a_patch_has_the_session_the_thread_the_model_and_the_time(repository: Repository) -> None:
    repository.add_part("WFS-alpha", "claude-code--a1", text=DIFF, model_id="m")
    repository.add_part("completed/WFS-old", "codex--b2", text=DIFF)
    first, second = read_written(root(repository)).written
    assert first.author == Author("WFS-alpha", "claude-code--a1", "m")
    assert first.at_ms == (repository.now_s - 10) * 1000
    assert [line.author for _, line in first.patch.touched()] == [first.author]
    assert second.author == Author("WFS-old", "codex--b2")


def test_what_codex_applied_is_a_patch_too(repository: Repository) -> None:
    text = (
        "*** Begin Patch\n*** Update File: src/f.py\n@@ def f():\n-    old\n+    new\n"
        "*** Add File: src/g.py\n+x\n*** End Patch"
    )
    repository.add_part("WFS-alpha", "codex--b2", text=text)
    store = read_written(root(repository), ["src/f.py"])
    assert store.unparsed == 0
    (found,) = store.written
    assert [(file.path, line.kind, line.content) for file, line in found.patch.touched()] == [
        ("src/f.py", "removed", "    old"),
        ("src/f.py", "added", "    new"),
        ("src/g.py", "added", "x"),
    ]
    assert {line.author for _, line in found.patch.touched()} == {Author("WFS-alpha", "codex--b2")}


def test_a_committed_line_that_codex_applied_is_its(repository: Repository, git_there: Git) -> None:
    place = repository.path / "src" / "g.py"
    text = f"*** Begin Patch\n*** Add File: {place}\n+x\n*** End Patch"
    repository.add_part("WFS-alpha", "codex--b2", text=text)
    repository.write("src/g.py", "x\ny\n")
    repository.commit()
    traced = trace_commit(git_there, root(repository), "HEAD")
    assert [(line.content, line.author) for _, line in traced.authored.touched()] == [
        ("x", Author("WFS-alpha", "codex--b2"))
    ]


def test_what_is_no_patch_is_passed_over(repository: Repository) -> None:
    for kind in ("text", "reasoning", "question", "patch-like"):
        repository.add_part("WFS-alpha", "claude-code--a1", text='a "patch"', part_type=kind)
    store = read_written(root(repository))
    assert (store.written, store.unparsed) == ((), 0)


def test_a_patch_that_cannot_be_read_is_counted_and_hides_no_other(repository: Repository) -> None:
    for fields in ({"text": "no diff"}, {"text": 3}, {"v": 2}, {"generated_at_unix_ms": "1"}):
        repository.add_part("WFS-alpha", "claude-code--a1", **{"text": DIFF, **fields})
    with place(repository).open("ab") as file:
        file.write(b'{"part_type":"patch"\n\xff "patch"\n')
    repository.add_part("WFS-alpha", "claude-code--a1", text=DIFF)
    store = read_written(root(repository))
    assert (len(store.written), store.unparsed) == (1, 6)


def test_a_line_that_came_twice_or_is_still_being_written_counts_once(
    repository: Repository,
) -> None:
    repository.add_part("WFS-alpha", "claude-code--a1", text=DIFF)
    line = place(repository).read_bytes()
    place(repository).write_bytes(line + line + line.rstrip(b"\n").replace(b"m17", b"m18"))
    assert len(read_written(root(repository)).written) == 1


def test_what_is_about_other_files_can_be_left_out(repository: Repository) -> None:
    repository.add_part("WFS-alpha", "claude-code--a1", text=DIFF)
    assert len(read_written(root(repository), ["lib/f.py"]).written) == 1
    assert not read_written(root(repository), ["lib/g.py"]).written


@pytest.mark.parametrize("name", ["é.py", 'q"uote.py', "tab\t.py"])
def test_a_file_of_any_name_is_not_left_out(repository: Repository, name: str) -> None:
    repository.write(name, "x\n")
    repository.git("add", "-A")
    diff = repository.git("diff", "--cached", "--", name)
    repository.add_part("WFS-alpha", "claude-code--a1", text=diff)
    (one,) = read_written(root(repository), [name]).written
    assert one.patch.files[0].path == name


def test_hunks_alone_are_of_the_file_that_stands_beside_them(repository: Repository) -> None:
    text = "@@ -0,0 +1 @@\n+x\n"
    repository.add_part("WFS-alpha", "claude-code--a1", text=text, path="src/f.py")
    (one,) = read_written(root(repository), ["src/f.py"]).written
    assert one.patch.files[0].path == "src/f.py"


def test_what_is_no_conversation_is_left_alone(repository: Repository) -> None:
    repository.add_part("WFS-alpha", "claude-code--a1", text=DIFF)
    data = place(repository).read_bytes()
    place(repository, "no thread").write_bytes(data)
    place(repository, "codex--linked").symlink_to(place(repository))
    place(repository, "codex--folder").mkdir()
    (repository.path / ".workflow/WFS-gamma").symlink_to("WFS-alpha")
    (repository.path / ".workflow/a file").write_bytes(data)
    assert len(read_written(root(repository)).written) == 1
