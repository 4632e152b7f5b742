"""The files that a thread touched, as a treemap: the more it worked on one, the larger. Pure."""

import os
from collections.abc import Iterator

from attrs import frozen

from wfsession.threads.story_map import TouchedFile

WIDTH, HEIGHT = 1000.0, 260.0
# Smaller ones than the largest so many are told of as one.
_MOST = 60
_SCRATCH = ("/tmp/", "/var/tmp/", "/private/tmp/", "/dev/shm/")
_SCRATCH_PARTS = ("/scratchpad/", "/.scratch/")


@frozen
class Cell:
    """A file, or several as one, and where it is drawn."""

    label: str
    title: str
    is_edited: bool
    x: float
    y: float
    width: float
    height: float


@frozen
class Territory:
    """A treemap."""

    width: float
    height: float
    cells: tuple[Cell, ...]


@frozen
class _Piece:
    name: str
    reads: int
    edits: int
    weight: int


def draw_territory(files: tuple[TouchedFile, ...], project: str) -> Territory:
    """Return the treemap of files; names are shortened to those within a project."""
    pieces = sorted(_gather(files, project), key=lambda one: (-one.weight, one.name))
    return Territory(WIDTH, HEIGHT, tuple(_lay_out(pieces, 0.0, 0.0, WIDTH, HEIGHT)))


def _gather(files: tuple[TouchedFile, ...], project: str) -> Iterator[_Piece]:
    scratch = [one for one in files if is_scratch(one.path, project)]
    others = [one for one in files if not is_scratch(one.path, project)]
    for one in others[:_MOST]:
        inside = project and one.path.startswith(project + os.sep)
        name = os.path.relpath(one.path, project) if inside else one.path
        yield _Piece(name, one.reads, one.edits, one.weight)
    for what, many in (("scratch files", scratch), ("other files", others[_MOST:])):
        if many:
            yield _Piece(
                f"{len(many)} {what}",
                sum(one.reads for one in many),
                sum(one.edits for one in many),
                sum(one.weight for one in many),
            )


def is_scratch(path: str, project: str = "") -> bool:
    """Tell whether a file is none that was meant to stay; what is in the project is meant to."""
    if project and path.startswith(project + os.sep):
        return False
    return path.startswith(_SCRATCH) or any(part in path for part in _SCRATCH_PARTS)


def _lay_out(
    pieces: list[_Piece], x: float, y: float, width: float, height: float
) -> Iterator[Cell]:
    """Halve the weight and the longer side, again and again."""
    if not pieces:
        return
    if len(pieces) == 1:
        one = pieces[0]
        title = f"{one.name}: edited {one.edits} times, read {one.reads} times"
        yield Cell(one.name, title, one.edits > 0, x, y, width, height)
        return
    total = sum(one.weight for one in pieces) or len(pieces)
    half, at = 0, 0
    while at < len(pieces) - 1 and (at == 0 or (half + pieces[at].weight) * 2 <= total):
        half += pieces[at].weight
        at += 1
    share = half / total
    if width >= height:
        yield from _lay_out(pieces[:at], x, y, width * share, height)
        yield from _lay_out(pieces[at:], x + width * share, y, width * (1 - share), height)
    else:
        yield from _lay_out(pieces[:at], x, y, width, height * share)
        yield from _lay_out(pieces[at:], x, y + height * share, width, height * (1 - share))
