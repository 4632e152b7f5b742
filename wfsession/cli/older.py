"""What there is to say of a migration: words for people. Pure."""

from wfsession.words import count, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.core.legacy import Rejection
    from wfsession.core.migrate import Migration

_MOST = 3


def tell_active(migration: "Migration") -> str:
    """Return a clause that says which session is active, or how to choose."""
    if migration.active is not None:
        return f"{migration.active} is the active session"
    if migration.choices:
        return "no session is active, as it is not known which was; to choose: wf switch NAME"
    return "no session is active"


def tell_rejection(rejection: "Rejection") -> str:
    """Return what could not be brought over, and why."""
    line = "" if rejection.line is None else f", line {rejection.line}"
    return f"{rejection.source}{line}: {rejection.reason}"


def tell_briefly(migration: "Migration") -> "Iterator[str]":
    """Yield two lines for whoever asked for something else."""
    refused = join(map(tell_rejection, migration.rejected), _MOST)
    if not migration.steps:
        yield f"the older layout was left as it is: {refused}"
        return
    number = count(len(migration.migrated), "session")
    brought = f"brought over an older layout with {number}"
    could_be = f" ({join(migration.choices, _MOST)})" if migration.choices else ""
    yield f"{brought}; {tell_active(migration)}{could_be}"
    more = f"; not used: {refused}" if refused else ""
    yield f"what there was is kept in {migration.backup}{more}"
