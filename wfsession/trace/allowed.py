"""What the user's settings let hooks keep of a conversation. Pure."""

from wfsession.settings import TraceSettings
from wfsession.trace.intake import Allows
from wfsession.trace.item import PATCH, Entry


def make_allows(settings: TraceSettings) -> Allows:
    """Return a function that tells whether an entry may be kept."""

    def allows(entry: Entry) -> bool:
        return settings.patches if entry.part_type == PATCH else settings.messages

    return allows
