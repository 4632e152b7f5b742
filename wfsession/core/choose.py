"""Which session people mean by a part of its name, or by "the one before". Pure."""

from wfsession.core.model import Session, Snapshot
from wfsession.core.names import fold, nfc
from wfsession.errors import AmbiguousName, SessionNotFound


def match_session(snapshot: Snapshot, text: str, archived: bool = False) -> Session:
    """Return the one session that a text names: whole, else by the beginning, else by a part.

    Args:
        snapshot: the root as it is.
        text: what was typed; the case of letters does not matter where no name is that very one.
        archived: whether archived sessions count too.

    Raises:
        SessionNotFound: none has it in its name.
        AmbiguousName: several have.
    """
    sessions = [one for one in snapshot.sessions if archived or one.location == "root"]
    wanted = fold(text)
    for is_match in (
        lambda one: one.name == nfc(text),
        lambda one: fold(one.name) == wanted,
        lambda one: fold(one.name).removeprefix("wfs-") == wanted,
        lambda one: fold(one.name).removeprefix("wfs-").startswith(wanted),
        lambda one: fold(one.name).startswith(wanted),
        lambda one: wanted in fold(one.name),
    ):
        found = [one for one in sessions if is_match(one)] if wanted else []
        names = tuple(dict.fromkeys(one.name for one in found))
        if len(names) == 1:
            # Where an archived one has the same name, the one in the root counts.
            return found[0]
        if names:
            raise AmbiguousName(text, names)
    raise SessionNotFound(text, snapshot.root)


def find_previous(snapshot: Snapshot) -> Session | None:
    """Return the paused session that was active last, or None where none is paused.

    By `paused_at`, then the last change, then the record's time, then the name (protocol.md, 7).
    """
    paused = [one for one in snapshot.sessions if one.state == "paused"]
    return max(paused, key=_rank, default=None)


def _rank(session: Session) -> tuple[float, float, int, str]:
    paused_at = session.record.paused_at if session.record else None
    updated = session.updated.timestamp()
    stood_aside = paused_at.timestamp() if paused_at else updated
    return stood_aside, updated, session.record_mtime_ns, session.name
