"""What one thread did, from its transcript or as it was kept, and where all of that is from.

Imports the library and `overview`. Reads only, and only files that the agent's reader lists and
stories that sessions keep.
"""

from collections.abc import Mapping

from attrs import field, frozen

from wfsession.core.times import now
from wfsession.overview.site import Project, Site
from wfsession.threads.bindings import Thread
from wfsession.threads.history import read_history, tell_history
from wfsession.threads.prices import Prices
from wfsession.threads.reader import TRANSCRIPTS, Reader, ThreadFile
from wfsession.threads.story import Story
from wfsession.trace.stories import find_kept
from wfsession.words import count


@frozen
class Source:
    """Where something is from: what it is, and its file where it has one."""

    what: str
    path: str = ""


@frozen
class Transcripts:
    """The files that an agent keeps, by thread, and in which directory they are."""

    home: str
    reader: Reader
    prices: Prices = field(repr=False)
    by_thread: Mapping[str, list[ThreadFile]] = field(repr=False)


@frozen
class Read:
    """What was read of a thread, and of what could not be used.

    `is_gone` is whether there is no transcript any more; the first of the sources is the story's.
    """

    agent: str
    story: Story
    sources: tuple[Source, ...]
    is_gone: bool = False
    skipped: int = 0
    problems: tuple[str, ...] = ()


def list_transcripts(site: Site) -> Transcripts:
    """Return which files there are."""
    desk = site.open_desk(False)
    reader, home = desk.sources.reader, desk.sources.home
    by_thread: dict[str, list[ThreadFile]] = {}
    for file in reader.list_files(home).files:
        by_thread.setdefault(file.thread, []).append(file)
    return Transcripts(home, reader, desk.prices, by_thread)


def read_one(
    files: Transcripts, wanted: str, known: Thread | None, project: Project | None
) -> Read | None:
    """Return what a thread did; None where there is neither a transcript nor a kept story.

    Args:
        files: the transcripts that there are.
        wanted: the agent's id of it, whole.
        known: what a root knows of it.
        project: the project of that root.

    Raises:
        UnsafePath, DiskFailed: what was kept cannot be read.
    """
    is_ours = known is None or known.agent == files.reader.agent
    mine = files.by_thread.get(wanted, []) if is_ours else []
    read = _tell(files, wanted, mine) if mine else None
    if known is not None and project is not None:
        kept = find_kept(project.root, known, read.story if read else None)
        if kept is not None:
            source = Source("the story that was kept while its transcript was there", kept.path)
            return Read(known.agent, kept.story, (source,), is_gone=read is None)
    return read


def _tell(files: Transcripts, wanted: str, mine: list[ThreadFile]) -> Read:
    history = read_history(files.reader, wanted, mine, now())
    story = tell_history(history, files.prices.cost_of)
    main = [file.path for file in mine if file.kind == "thread"]
    sources = [Source("the transcript", main[-1] if main else mine[-1].path)]
    others = len([file for file in mine if file.kind in TRANSCRIPTS]) - len(main)
    if others:
        sources.append(Source(f"{count(others, 'transcript')} of subagents and of runs' agents"))
    sources += [
        Source("the snapshot of a run", file.path) for file in mine if file.kind == "snapshot"
    ]
    skipped = history.skipped.broken + history.skipped.too_long
    problems = tuple(f"{one.path}: {one.reason}" for one in history.problems)
    return Read(files.reader.agent, story, tuple(sources), skipped=skipped, problems=problems)
