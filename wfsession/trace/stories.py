"""Kept stories: what a thread did, in its session, for when the agent has deleted its transcript.

`.stories/<agent>--<id>.json` of a session is what `threads.story_json` writes. One that tells more
is never replaced by one that tells less. Imports core, threads and this room.
"""

import os
from datetime import timedelta
from typing import Literal

from attrs import frozen

from wfsession.core import layout
from wfsession.core.attic import keep_copy, open_below
from wfsession.core.disk import Folder
from wfsession.core.locate import Place, find_session, open_root
from wfsession.core.names import find_thread_fault
from wfsession.core.times import now
from wfsession.errors import UnsafePath, as_wf_error
from wfsession.threads.bindings import Thread, list_threads
from wfsession.threads.claude_code import READER
from wfsession.threads.history import read_history, tell_history
from wfsession.threads.prices import read_prices
from wfsession.threads.reader import TRANSCRIPTS, ThreadFile
from wfsession.threads.story import Story
from wfsession.threads.story_json import encode_story, parse_story
from wfsession.trace.book import Patience, check_lock, hold_conversation

# Agents delete transcripts after thirty days.
AGING = timedelta(days=20)
_SUFFIX = ".json"
_LIMIT_BYTES = 64_000_000

Outcome = Literal["kept", "same", "less", "large", "gone"]


@frozen
class KeptStory:
    """What became of a thread's story.

    kept: it was written. same: it was there already. less: one that tells more is there. large: its
    transcript is larger than was to be read. gone: there is no transcript that can be read.
    """

    thread: str
    session: str
    outcome: Outcome


@frozen
class FoundStory:
    """A thread's story, and where it is from: its transcript, or one that was kept."""

    story: Story
    source: Literal["transcript", "kept"]
    path: str


def keep_story(
    root_path: str,
    thread: str,
    session: str,
    transcript: str,
    patience: Patience,
    most_bytes: int | None = None,
) -> KeptStory:
    """Write down in a session what a thread did.

    Args:
        root_path: the root.
        thread: `<agent>--<id>`.
        session: the session that it worked on.
        transcript: the path of its transcript.
        patience: how long to wait where somebody else writes it.
        most_bytes: read no more than this of its transcripts; None for all.

    Raises:
        SessionNotFound: the session is gone.
        LockTimeout, Conflict, UnsafePath, DiskFailed: it is as it was.

    On crash: the story that was there, or the new one; a file may lie in `.wf/tmp`.
    """
    with open_root(root_path) as root:
        place = find_session(root, session)
        files = list_thread_files(thread, transcript)
        if not files:
            return KeptStory(thread, place.name, "gone")
        if most_bytes is not None and _measure(files) > most_bytes:
            return KeptStory(thread, place.name, "large")
        story = _tell(thread, files)
        if story is None:
            return KeptStory(thread, place.name, "gone")
        try:
            with hold_conversation(root, thread, patience) as lock:
                check_lock(lock)
                return KeptStory(thread, place.name, _put(root, place, thread, story))
        except OSError as error:
            raise as_wf_error(root_path, error) from None


def keep_stories(root_path: str, session: str, patience: Patience) -> list[KeptStory]:
    """Keep the stories of all threads that worked on a session; as `keep_story`."""
    return [
        keep_story(root_path, one.name, session, one.facts.transcript, patience)
        for one in list_threads(root_path, archived=True)
        if session in one.sessions and one.facts.transcript
    ]


def read_story(root_path: str, thread: Thread) -> FoundStory | None:
    """Return what a thread did, from its transcript, or as it was kept where that tells more.

    Returns:
        None where there is neither.

    Raises:
        UnsafePath, DiskFailed: what was kept cannot be read.
    """
    transcript = thread.facts.transcript
    files = list_thread_files(thread.name, transcript) if transcript else ()
    story = _tell(thread.name, files) if files else None
    kept = find_kept(root_path, thread, story)
    if kept is not None:
        return kept
    return FoundStory(story, "transcript", transcript) if story is not None else None


def find_kept(root_path: str, thread: Thread, story: Story | None) -> FoundStory | None:
    """Return the story of a thread that was kept, where it tells more than the one at hand.

    Raises:
        UnsafePath, DiskFailed: what was kept cannot be read.
    """
    with open_root(root_path) as root:
        for session in dict.fromkeys((thread.home or "", *thread.sessions)):
            if not session:
                continue
            place = find_session(root, session)
            kept = _read_kept(root, place, thread.name)
            if kept is not None and (story is None or _tells_less(story, kept)):
                path = f"{place.path_in(root.path)}/{layout.STORIES}/{thread.name}{_SUFFIX}"
                return FoundStory(kept, "kept", path)
    return None


def list_thread_files(thread: str, transcript: str) -> tuple[ThreadFile, ...]:
    """Return the files of a thread that lie where its transcript does; none of an unknown agent."""
    agent, _, thread_id = thread.partition("--")
    if agent != READER.agent or find_thread_fault(thread):
        return ()
    found = READER.list_thread(os.path.expanduser(transcript)).files
    return tuple(one for one in found if one.thread == thread_id)


def _measure(files: tuple[ThreadFile, ...]) -> int:
    size = 0
    for one in files:
        try:
            size += os.stat(one.path).st_size if one.kind in TRANSCRIPTS else 0
        except OSError:
            continue  # gone since
    return size


def _tell(thread: str, files: tuple[ThreadFile, ...]) -> Story | None:
    """Return the story that files tell; None where they tell nothing."""
    history = read_history(READER, thread.partition("--")[2], files, now())
    story = tell_history(history, read_prices().cost_of)
    return story if story.steps or story.open_ask or story.strays else None


def _weigh(story: Story) -> tuple[int, int, int]:
    totals = story.totals
    return len(story.steps) + story.omitted, totals.responses, totals.tool_calls


def _tells_less(story: Story, other: Story) -> bool:
    """Tell whether a story leaves out what the other one has, and has nothing more."""
    return _weigh(story) != _weigh(other) and not _leaves_out(other, story)


def _leaves_out(story: Story, other: Story) -> bool:
    """Tell whether a story leaves out anything that the other one has."""
    return any(mine < theirs for mine, theirs in zip(_weigh(story), _weigh(other), strict=True))


def _read_kept(root: Folder, place: Place, thread: str) -> Story | None:
    try:
        with open_below(root, place.directory) as home, home.child(layout.STORIES) as folder:
            return parse_story(folder.read(thread + _SUFFIX, _LIMIT_BYTES).data)
    except FileNotFoundError:
        return None
    except UnsafePath:
        raise
    except OSError as error:
        raise as_wf_error(place.path_in(root.path), error) from None


def _put(root: Folder, place: Place, thread: str, story: Story) -> Outcome:
    """Put a story in its place; the lock of the conversation is held."""
    name, data = thread + _SUFFIX, encode_story(story)
    with open_below(root, place.directory) as home:
        home.make_if_missing(layout.STORIES)
        with home.child(layout.STORIES) as folder:
            before = folder.read(name, _LIMIT_BYTES) if folder.find(name) is not None else None
            if before is not None:
                if before.data == data:
                    return "same"
                kept = parse_story(before.data)
                if kept is not None and _tells_less(story, kept):
                    return "less"
                if kept is None or _leaves_out(story, kept):
                    path = f"{place.directory}/{layout.STORIES}/{name}"
                    reason = "another story of the thread took its place"
                    keep_copy(root, path, before.data, "story", reason, now())
            temporary = f"story-{os.getpid()}-{os.urandom(6).hex()}"
            with root.child(layout.PRIVATE) as private, private.child(layout.STAGING) as staging:
                staging.create(temporary, data, before)
                staging.replace(temporary, name, folder)
            folder.sync()
    return "kept"
