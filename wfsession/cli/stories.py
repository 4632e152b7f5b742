"""The stories that verbs keep along the way; what fails of that is a note, and the verb is done."""

from collections.abc import Callable

from wfsession.errors import WfError

TYPE_CHECKING = False
if TYPE_CHECKING:
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


def _try(keep: "Callable[[Patience], list[KeptStory]]") -> list[str]:
    from wfsession.settings import read_settings
    from wfsession.trace.book import make_patience

    try:
        keep(make_patience(read_settings().trace))
    except WfError as error:
        return [f"the story of what was done could not be kept: {error}"]
    return []
