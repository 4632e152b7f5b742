"""The intersection of what was written with what was committed, as laws."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from wfsession.trace.intersect import intersect
from wfsession.trace.patch import Author, Hunk, Kind, Line, Patch, PatchFile

A, B = Author("WFS-a", "claude-code--1", "m1"), Author("WFS-b", "codex--2", "m2")
_LINES = st.lists(
    st.builds(
        Line,
        st.sampled_from(["added", "removed", "context"]),
        st.integers(1, 4),
        st.sampled_from(["x", "y", "", "}"]),
        st.just(True),
        st.none(),
    ),
    max_size=5,
)


@st.composite
def _patches(draw: st.DrawFn) -> Patch:
    files = []
    for path in draw(st.sets(st.sampled_from(["f", "d/f", "g"]))):
        hunks = tuple(
            Hunk(number, 1, number, 1, tuple(lines))
            for number, lines in enumerate(draw(st.lists(_LINES, max_size=3)), 1)
        )
        files.append(PatchFile(path, path, "modified", hunks))
    return Patch(tuple(files))


def sign(patch: Patch, author: Author) -> Patch:
    """Return the patch with an author for each of its lines."""
    files = []
    for file in patch.files:
        hunks = (
            hunk._replace(lines=tuple(line._replace(author=author) for line in hunk.lines))
            for hunk in file.hunks
        )
        files.append(file._replace(hunks=tuple(hunks)))
    return Patch(tuple(files))


def make(path: str, *lines: tuple[str, int, str], author: Author | None = None) -> Patch:
    made = tuple(
        Line("added" if kind == "+" else "removed", number, content, author=author)
        for kind, number, content in lines
    )
    return Patch((PatchFile(path, path, "modified", (Hunk(1, 1, 1, 1, made),)),))


def authors(patch: Patch) -> list[tuple[str, Author | None]]:
    return [(line.content, line.author) for _, line in patch.touched()]


def count(patch: Patch) -> Counter[tuple[str, str]]:
    return Counter(line.key for _, line in patch.touched())


@given(st.lists(_patches(), max_size=3), _patches())
def test_each_written_line_is_used_once(written: list[Patch], committed: Patch) -> None:
    found = count(intersect([sign(one, A) for one in written], committed))
    assert found <= sum((count(one) for one in written), Counter())


@given(st.lists(_patches(), max_size=3), _patches())
def test_nothing_is_invented(written: list[Patch], committed: Patch) -> None:
    found = intersect([sign(one, A) for one in written], committed)
    whole = {file.path: file for file in committed.files}
    for file in found.files:
        assert file.hunks
        ranges = {hunk.new_start: hunk for hunk in whole[file.path].hunks}
        for hunk in file.hunks:
            assert hunk.lines
            assert all(line.author == A for line in hunk.lines)
            bare = [line._replace(author=None) for line in hunk.lines]
            assert not Counter(bare) - Counter(ranges[hunk.new_start].touched)
            assert hunk._replace(lines=()) == ranges[hunk.new_start]._replace(lines=())


@given(_patches())
def test_what_was_committed_as_it_was_written_is_all_found(patch: Patch) -> None:
    found = intersect([sign(patch, A)], patch)
    assert list(found.touched()) == [
        (whole._replace(hunks=kept.hunks), line._replace(author=A))
        for whole in patch.files
        for kept in found.files
        if kept.path == whole.path
        for hunk in whole.hunks
        for line in hunk.touched
    ]
    assert sum(count(found).values()) == sum(count(patch).values())


@given(_patches(), _patches())
def test_what_was_used_before_is_not_used_again(written: Patch, committed: Patch) -> None:
    signed = sign(written, A)
    assert not intersect([signed], committed, used=[signed]).files


@given(_patches(), _patches())
def test_what_is_carried_counts_once_with_what_was_written(
    written: Patch, committed: Patch
) -> None:
    signed = sign(written, A)
    twice = intersect([signed], committed, carried=[signed])
    assert twice == intersect([signed], committed)


def test_the_same_number_goes_before_the_same_content() -> None:
    first, second = make("f", ("+", 1, "x"), author=A), make("f", ("+", 9, "x"), author=B)
    assert authors(intersect([first, second], make("f", ("+", 1, "x"), ("+", 5, "x")))) == [
        ("x", A),
        ("x", B),
    ]


def test_of_two_that_wrote_the_same_line_the_later_one_has_it() -> None:
    both = [make("f", ("+", 1, "x"), author=A), make("f", ("+", 1, "x"), author=B)]
    assert authors(intersect(both, make("f", ("+", 1, "x")))) == [("x", B)]
    assert authors(intersect(both[::-1], make("f", ("+", 1, "x")))) == [("x", A)]


def test_a_line_that_was_added_is_not_one_that_was_removed() -> None:
    written = make("f", ("-", 1, "x"), author=A)
    assert not intersect([written], make("f", ("+", 1, "x"))).files


def test_a_line_ends_as_it_likes() -> None:
    written = make("f", ("+", 1, "x"), author=A)
    assert authors(intersect([written], make("f", ("+", 1, "x\r")))) == [("x\r", A)]


def test_a_file_is_found_by_the_end_of_its_path_but_its_own_path_goes_first() -> None:
    written = [make("d/f", ("+", 1, "x"), author=A)]
    assert authors(intersect(written, make("/home/ada/d/f", ("+", 1, "x")))) == [("x", A)]
    assert authors(intersect(written, make("f", ("+", 1, "x")))) == [("x", A)]
    assert not intersect(written, make("other-d/f", ("+", 1, "x"))).files
    assert not intersect(written, make("d/ff", ("+", 1, "x"))).files
    own = Patch((*make("f", ("+", 1, "x")).files, *make("d/f", ("+", 1, "x")).files))
    (file,) = intersect(written, own).files
    assert file.path == "d/f"


def move(kind: Kind, old: str | None, new: str) -> Patch:
    line = Line("added", 1, "x")
    return Patch((PatchFile(old, new, kind, (Hunk(0, 0, 1, 1, (line,)),)),))


def test_a_file_that_the_commit_moves_is_found_by_its_old_path() -> None:
    written = make("src/f", ("+", 7, "x"), author=A)
    assert authors(intersect([written], move("renamed", "src/f", "lib/g"))) == [("x", A)]
    assert not intersect([written], move("renamed", "other", "lib/g")).files


def test_a_new_file_is_found_by_its_name_unless_its_own_path_was_written() -> None:
    written = sign(move("added", None, "src/f"), A)
    assert authors(intersect([written], move("added", None, "lib/f"))) == [("x", A)]
    assert not intersect([written], make("lib/f", ("+", 1, "x"))).files
    own = make("lib/f", ("+", 1, "other"), author=B)
    assert not intersect([written, own], move("added", None, "lib/f")).files
