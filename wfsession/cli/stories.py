"""The stories that verbs keep along the way; what fails of that is a note, and the verb is done."""

from collections.abc import Callable
from contextlib import suppress

from wfsession.errors import WfError

# Of aging transcripts so much is read along with one question; the rest waits for the next.
_MOST_AGED_BYTES = 8_000_000
# Somebody waits for an answer to something else.
_TIMEOUT_S = 0.5
TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.index.aging import Aged
    from wfsession.trace.book import Patience
    from wfsession.trace.stories import KeptStory


def keep_story_of(root: str, thread: str) -> list[str]:
    """Keep the story of a thread that was closed; return why it could not be, if so."""
    from wfsession.threads.bindings import find_thread
    from wfsession.trace.stories import keep_story

    def keep(patience: "Patience") -> "list[KeptStory]":
        found = find_thread(root, thread)
        transcript = found.facts.transcript
        if found.home is None or found.is_archived or not transcript:
            return []
        return [keep_story(root, found.name, found.home, transcript, patience)]

    return _try(keep)


def keep_stories_of(root: str, session: str) -> list[str]:
    """Keep the stories of all threads of a session that was completed; as `keep_story_of`."""
    from wfsession.trace.stories import keep_stories

    return _try(lambda patience: keep_stories(root, session, patience))


def keep_aged(aged: "tuple[Aged, ...]", index: str) -> None:
    """Keep the stories of transcripts that their agent will soon delete, as many as are quick.

    What fails of it is not said, as it has nothing to do with the question; `index` remembers that
    it was tried.
    """
    from wfsession.index.aging import note_aged
    from wfsession.trace.book import Patience
    from wfsession.trace.stories import keep_story

    patience = Patience(attempts=1, timeout_s=_TIMEOUT_S)
    tried: list[Aged] = []
    size_bytes = 0
    for one in aged:
        size_bytes += one.size_bytes
        if tried and size_bytes > _MOST_AGED_BYTES:
            break
        with suppress(WfError):
            keep_story(one.root, one.thread, one.session, one.path, patience)
        tried.append(one)
    note_aged(index, tried)


def _try(keep: "Callable[[Patience], list[KeptStory]]") -> list[str]:
    from wfsession.settings import read_settings
    from wfsession.trace.book import make_patience

    try:
        keep(make_patience(read_settings().trace))
    except WfError as error:
        return [f"the story of what was done could not be kept: {error}"]
    return []
