"""Which lines of a commit an agent wrote. Pure.

A commit's line takes its author from a line that an agent wrote, in a file of the same path and of
the same kind and content; one that has the same number too goes before one that has another, and
one that was written later before one that was written earlier. Each line that was written is used
once. Source: the intersection of constructed and committed patches.
"""

from collections.abc import Iterable

from wfsession.trace.patch import Author, Line, Patch, PatchFile

_NumberKey = tuple[str, str, int]
_ContentKey = tuple[str, str]
# The places of a file in a patch, a hunk in that, a line in that.
_Where = tuple[int, int, int]


def intersect(
    written: Iterable[Patch],
    committed: Patch,
    used: Iterable[Patch] = (),
    carried: Iterable[Patch] = (),
) -> Patch:
    """Return the lines of a commit that agents wrote, each with its author.

    Args:
        written: what agents wrote, the earliest first, each line with its author.
        committed: the commit's changes.
        used: lines with authors, of earlier commits, that what was written went into already.
        carried: lines with authors, of commits that this one replaces; they count like what was
            written, of which they are a part as a rule, and count once.

    Returns:
        The commit's files and hunks with the ranges that they have, and of their touched lines
        those that were written; without hunks and files in which there are none.
    """
    pool, carried = _Pool(), tuple(carried)
    for patch in written:
        pool.add(patch)
    for patch in (*used, *carried):
        pool.drop(patch)
    for patch in carried:
        pool.add(patch)
    return _keep(committed, _match(pool, committed))


def _match(pool: "_Pool", committed: Patch) -> dict[_Where, Author]:
    """Return who wrote which lines: by the surest kind of file first, then with the same number."""
    lines = [
        ((at, place, index), line)
        for at, file in enumerate(committed.files)
        for place, hunk in enumerate(file.hunks)
        for index, line in enumerate(hunk.lines)
        if line.kind != "context"
    ]
    found: dict[_Where, Author] = {}
    for find in _RANKS:
        tables = [tuple(find(pool, file)) for file in committed.files]
        for with_number in (True, False):
            for where, line in lines:
                for table in tables[where[0]] if where not in found else ():
                    author = table.take(line, with_number)
                    if author is not None:
                        found[where] = author
                        break
    return found


def _keep(committed: Patch, found: dict[_Where, Author]) -> Patch:
    files = []
    for at, file in enumerate(committed.files):
        hunks = []
        for place, hunk in enumerate(file.hunks):
            lines = tuple(
                line._replace(author=found[at, place, index])
                for index, line in enumerate(hunk.lines)
                if (at, place, index) in found
            )
            if lines:
                hunks.append(hunk._replace(lines=lines))
        if hunks:
            files.append(file._replace(hunks=tuple(hunks)))
    return Patch(tuple(files))


class _Entry:
    """A line that was written; it can be used once."""

    __slots__ = ("author", "is_used", "number")

    def __init__(self, number: int, author: Author) -> None:
        self.number = number
        self.author = author
        self.is_used = False


class _Table:
    """The lines that were written to one file, the latest last."""

    __slots__ = ("by_content", "by_number", "is_new")

    def __init__(self) -> None:
        self.by_number: dict[_NumberKey, list[_Entry]] = {}
        self.by_content: dict[_ContentKey, list[_Entry]] = {}
        self.is_new = False

    def add(self, line: Line, author: Author) -> None:
        entry = _Entry(line.number, author)
        self.by_content.setdefault(line.key, []).append(entry)
        if line.number:
            self.by_number.setdefault((*line.key, line.number), []).append(entry)

    def take(self, line: Line, with_number: bool) -> Author | None:
        if with_number:
            entries = self.by_number.get((*line.key, line.number), [])
        else:
            entries = self.by_content.get(line.key, [])
        while entries:
            entry = entries.pop()
            # It may have been taken by way of the other dictionary.
            if not entry.is_used:
                entry.is_used = True
                return entry.author
        return None

    def drop(self, line: Line) -> bool:
        """Use the line up that its author wrote, if there is one."""
        rest = self.by_content.get(line.key, [])
        while rest and rest[-1].is_used:
            rest.pop()
        for entries in (self.by_number.get((*line.key, line.number), []), rest):
            for entry in reversed(entries):
                if not entry.is_used and line.author and entry.author.thread == line.author.thread:
                    entry.is_used = True
                    return True
        return False


class _Pool:
    """All that was written, by file."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}
        self._by_name: dict[str, list[str]] = {}

    def add(self, patch: Patch) -> None:
        for file in patch.files:
            table = self._table_of(file.path)
            table.is_new = table.is_new or file.kind == "added"
            for hunk in file.hunks:
                for line in hunk.touched:
                    if line.author is not None:
                        table.add(line, line.author)

    def _table_of(self, path: str) -> _Table:
        if path not in self._tables:
            self._tables[path] = _Table()
            self._by_name.setdefault(_name_of(path), []).append(path)
        return self._tables[path]

    def drop(self, patch: Patch) -> None:
        """Use up what went into a commit."""
        for file in patch.files:
            tables = [table for find in _RANKS for table in find(self, file)]
            for hunk in file.hunks:
                for line in hunk.touched:
                    any(table.drop(line) for table in tables)

    def at_path(self, file: PatchFile) -> Iterable[_Table]:
        """The very path."""
        table = self._tables.get(file.path)
        return (table,) if table else ()

    def at_suffix(self, file: PatchFile) -> Iterable[_Table]:
        """A path that ends as the other does: of another directory, or absolute."""
        return self._end_as(file.path)

    def at_old_path(self, file: PatchFile) -> Iterable[_Table]:
        """The path that the file had before the commit moved it."""
        if file.kind != "renamed" or file.old_path is None:
            return ()
        table = self._tables.get(file.old_path)
        return (*((table,) if table else ()), *self._end_as(file.old_path))

    def at_name(self, file: PatchFile) -> Iterable[_Table]:
        """A new file of the same name, which was moved before it was first committed."""
        if file.kind != "added" or self.at_path(file) or self.at_suffix(file):
            return ()
        paths = self._by_name.get(_name_of(file.path), [])
        return [self._tables[path] for path in paths if self._tables[path].is_new]

    def _end_as(self, path: str) -> Iterable[_Table]:
        paths = self._by_name.get(_name_of(path), [])
        return [
            self._tables[other]
            for other in paths
            if other != path and (other.endswith(f"/{path}") or path.endswith(f"/{other}"))
        ]


# The ways in which a file that was written can be the committed one, the surest first.
_RANKS = (_Pool.at_path, _Pool.at_suffix, _Pool.at_old_path, _Pool.at_name)


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]
