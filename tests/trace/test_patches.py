"""Diffs <-> patches: whatever git writes is understood, whatever else is told with a reason."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.trace.repository import git
from wfsession.trace.patch import Author, Hunk, Line, Patch, PatchFile
from wfsession.trace.patches import Unparsed, encode_patch, parse_patch
from wfsession.trace.paths import quote, unquote

AUTHOR = Author("WFS-a", "shell--1")
# What a diff is in danger of taking for something else.
_CONTENT = st.lists(
    st.sampled_from(
        ["a", "b", "", "-- x", "++ y", "@@ -1 +1 @@", "\\ No newline at end of file", " ", "\f",
         "c\r", "d\re", "\u2028", "diff --git a/x b/x", "--- a/x", "+++ b/x", "\udce9", "\t"]
    ),
    max_size=8,
)  # fmt: skip
_NAMES = st.sampled_from(
    ["f", "a/f", "b/f", "f b/f", "é ü", 'q"uote', "tab\tname", "new\nline", "back\\slash", "\udcff"]
)


@st.composite
def _trees(draw: st.DrawFn) -> dict[str, bytes]:
    files = {}
    for name in draw(st.sets(_NAMES, max_size=4)):
        end = draw(st.sampled_from(["\n", ""]))
        text = "\n".join(draw(_CONTENT)) + end
        files[name] = text.encode("utf-8", "surrogateescape")
    return files


class Differ:
    """A repository whose index becomes one tree after the other; the disk's names do not matter."""

    def __init__(self, place: Path) -> None:
        self.place = place
        git("init", "-q", "--bare", at=place)

    def write_tree(self, files: dict[str, bytes]) -> str:
        lines = []
        for name, data in files.items():
            done = subprocess.run(
                ["git", "hash-object", "-w", "--stdin"],
                input=data,
                cwd=self.place,
                capture_output=True,
                check=True,
            )
            lines.append(f"100644 blob {done.stdout.decode().strip()}\t{name}")
        entries = "".join(f"{line}\0" for line in lines)
        return git("mktree", "-z", at=self.place, stdin=entries).strip()


@pytest.fixture(scope="module")
def differ(tmp_path_factory: pytest.TempPathFactory) -> Differ:
    return Differ(tmp_path_factory.mktemp("differ"))


@given(before=_trees(), after=_trees(), around=st.sampled_from(["-U0", "-U1", "-U3"]))
@example(before={"f": b"a\n"}, after={"f": b"a"}, around="-U3")
@example(before={"f b/f": b"a\n"}, after={"f b/f": b"b\n"}, around="-U0")
def test_what_git_writes_is_written_again_as_it_was(
    differ: Differ, before: dict[str, bytes], after: dict[str, bytes], around: str
) -> None:
    # A name with a slash would be a directory here; those are in the other tests.
    trees = [
        differ.write_tree({name.replace("/", "|"): data for name, data in tree.items()})
        for tree in (before, after)
    ]
    text = git("diff-tree", "-p", "-r", "-M", around, *trees, at=differ.place)
    found = parse_patch(text)
    if not text:
        assert isinstance(found, Unparsed)
        return
    assert isinstance(found, Patch)
    assert encode_patch(found) == text
    names = git("diff-tree", "-r", "-M", "-z", "--name-only", *trees, at=differ.place)
    assert [file.path for file in found.files] == names.split("\0")[:-1]


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    here = tmp_path / "work"
    here.mkdir()
    git("init", "-q", at=here)
    (here / "a").mkdir()
    (here / "a" / "f").write_text("1\n")
    (here / "f").write_text("".join(f"{number}\n" for number in range(9)))
    (here / "run").write_text("x\n")
    git("add", "-A", at=here)
    git("commit", "-q", "-m", "1", at=here)
    return here


def parse(text: str, path: str = "") -> Patch:
    found = parse_patch(text, path, AUTHOR)
    assert isinstance(found, Patch), found
    return found


def names(patch: Patch) -> list[tuple[str | None, str | None, str]]:
    return [(file.old_path, file.new_path, file.kind) for file in patch.files]


@pytest.mark.parametrize(
    "settings", [(), ("-c", "diff.noprefix=true"), ("-c", "diff.mnemonicPrefix=true")], ids=str
)
def test_names_are_those_of_the_files_whatever_the_prefixes(
    worktree: Path, settings: tuple[str, ...]
) -> None:
    (worktree / "a" / "f").write_text("2\n")
    (worktree / "b").mkdir()
    (worktree / "b" / "new b").write_text("new\n")
    (worktree / "f").rename(worktree / "moved f")
    (worktree / "run").chmod(0o755)
    (worktree / "binary").write_bytes(b"\0")
    (worktree / "empty").write_text("")
    git("add", "-A", at=worktree)
    found = parse(git(*settings, "diff", "--cached", "-M", at=worktree))
    assert names(found) == [
        ("a/f", "a/f", "modified"),
        (None, "b/new b", "added"),
        (None, "binary", "added"),
        (None, "empty", "added"),
        ("f", "moved f", "renamed"),
        ("run", "run", "modified"),
    ]


def test_a_copy_is_a_new_file_and_a_deleted_one_keeps_its_old_name(worktree: Path) -> None:
    (worktree / "copy").write_bytes((worktree / "f").read_bytes() + b"more\n")
    (worktree / "run").unlink()
    git("add", "-A", at=worktree)
    found = parse(git("diff", "--cached", "-C", "--find-copies-harder", at=worktree))
    assert names(found) == [("f", "copy", "added"), ("run", None, "deleted")]
    assert [line.content for _, line in found.touched()] == ["more", "x"]


def test_a_binary_patch_is_kept_as_it_stands(worktree: Path) -> None:
    (worktree / "binary").write_bytes(bytes(range(256)))
    git("add", "-A", at=worktree)
    text = git("diff", "--cached", "--binary", at=worktree)
    assert encode_patch(parse(text)) == text


def test_a_combined_diff_is_refused_with_the_reason(worktree: Path) -> None:
    git("checkout", "-q", "-b", "side", at=worktree)
    (worktree / "run").write_text("side\n")
    git("commit", "-q", "-a", "-m", "side", at=worktree)
    git("checkout", "-q", "-", at=worktree)
    (worktree / "run").write_text("main\n")
    git("commit", "-q", "-a", "-m", "main", at=worktree)
    with pytest.raises(AssertionError):
        git("merge", "-q", "side", at=worktree)
    for words in (("diff",), ("diff", "--cc")):
        found = parse_patch(git(*words, at=worktree))
        assert isinstance(found, Unparsed)
        assert "combined" in found.reason


def test_several_patches_are_one_and_the_words_between_are_passed_over(worktree: Path) -> None:
    for number in (2, 3):
        (worktree / "run").write_text(f"{number}\n")
        git("commit", "-q", "-a", "-m", f"{number}\n\n- a list\n+ more of it", at=worktree)
    found = parse(git("format-patch", "--stdout", "HEAD~2", at=worktree))
    assert [line.content for _, line in found.touched()] == ["x", "2", "2", "3"]
    assert {line.author for _, line in found.touched()} == {AUTHOR}


def test_lines_have_the_numbers_of_their_own_side() -> None:
    text = "--- a/f\n+++ b/f\n@@ -3,3 +3,4 @@ def f():\n a\n-b\n+B\n+C\n d\n"
    (hunk,) = parse(text).files[0].hunks
    assert (hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count) == (3, 3, 3, 4)
    assert hunk.heading == " def f():"
    assert [(line.kind, line.number, line.content) for line in hunk.lines] == [
        ("context", 3, "a"),
        ("removed", 4, "b"),
        ("added", 4, "B"),
        ("added", 5, "C"),
        ("context", 6, "d"),
    ]


def test_a_diff_in_which_all_lines_end_as_on_windows_is_read() -> None:
    text = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n".replace("\n", "\r\n")
    found = parse(text)
    assert names(found) == [("f", "f", "modified")]
    assert [line.content for _, line in found.touched()] == ["a\r", "b\r"]
    assert [line.key for _, line in found.touched()] == [("removed", "a"), ("added", "b")]


def test_hunks_alone_belong_to_the_file_that_is_named_beside_them() -> None:
    text = "@@ -1 +1 @@\n-a\n+b\n"
    assert names(parse(text, "src/f")) == [("src/f", "src/f", "modified")]
    assert isinstance(parse_patch(text), Unparsed)


def test_what_other_programs_write_is_read() -> None:
    text = "Index: src/f.ts\n====\n--- src/f.ts\t2026\n+++ src/f.ts\t2026\n@@ -1 +1 @@\n-a\n+b\n"
    assert names(parse(text)) == [("src/f.ts", "src/f.ts", "modified")]
    # The blank of an empty line, which some take off.
    text = "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n\n-a\n+b\n"
    kinds = [line.kind for line in parse(text).files[0].hunks[0].lines]
    assert kinds == ["context", "removed", "added"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no diff",
        "--- a/f\n+++ b/f\n@@ -1,2 +1 @@\n-a\n",
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n*b\n",
        "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n-a\n+b\n-c\n",
        "--- a/f\n+++ b/f\n@@ -x +1 @@\n",
        "--- a/f\n+++ b/f\n@@ -99999999999999999999 +1 @@\n-a\n+b\n",
        "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/f b/g\nold mode 1\n",
    ],
)
def test_what_is_no_diff_is_told_with_a_reason(text: str) -> None:
    found = parse_patch(text)
    assert isinstance(found, Unparsed)
    assert found.reason


@pytest.mark.fuzz
@given(st.text(alphabet=st.sampled_from('ab@-+ \\\n\r\t"0123,/dif gt'), max_size=200))
@example("diff --git a/f b/f\n@@ -1,3 +1,3 @@\n-\n")
def test_no_text_breaks_the_parser(text: str) -> None:
    found = parse_patch(f"--- a/f\n+++ b/f\n@@ -1 +1 @@\n{text}")
    if isinstance(found, Patch):
        assert isinstance(parse_patch(encode_patch(found)), Patch)


@given(st.binary(min_size=1).filter(lambda data: b"\0" not in data))
def test_a_quoted_path_is_the_path_again(data: bytes) -> None:
    path = os.fsdecode(data)
    quoted = quote(path)
    assert unquote(quoted) == (path if quoted != path or path[0] != '"' else quoted)
    assert quoted.isascii() or quoted == path


def test_a_patch_without_a_text_behind_it_is_one_that_git_applies(worktree: Path) -> None:
    made = Patch(
        (
            PatchFile(None, "é new", "added", (Hunk(0, 0, 1, 1, (Line("added", 1, "x"),)),)),
            PatchFile("run", None, "deleted", (Hunk(1, 1, 0, 0, (Line("removed", 1, "x"),)),)),
            PatchFile("f", "g b/h", "renamed"),
        )
    )
    text = encode_patch(made)
    git("apply", "--unidiff-zero", "-", at=worktree, stdin=text)
    assert (worktree / "é new").read_text() == "x\n"
    assert not (worktree / "run").exists()
    assert (worktree / "g b" / "h").exists()
    again = parse(text)
    assert names(again) == names(made)
