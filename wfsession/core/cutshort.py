"""What operations left that were cut short, as far as only the journal tells it. Pure.

A crash leaves a tree that readers understand in any case. That a paused session was to be
completed, or a completed one to be archived, stands only in the journal's unfinished entries.
Source: protocol.md, 5 and 7.
"""

from attrs import frozen

from wfsession.core.model import LogEntry, Session
from wfsession.core.names import nfc
from wfsession.core.values import find_in, is_same


@frozen
class CutShort:
    """A finding about a session, and the journal's entry that it rests on."""

    finding: str
    session: Session
    entry: LogEntry


def list_cut_short(
    sessions: tuple[Session, ...], entries: tuple[LogEntry, ...]
) -> tuple[CutShort, ...]:
    """Return what is still to be finished.

    Args:
        sessions: those of a snapshot.
        entries: the journal's, the oldest first. An unfinished one about which a later one says
            more is history.
    """
    in_root = {session.name: session for session in sessions if session.location == "root"}
    found: dict[str, CutShort] = {}
    for entry in entries:
        found.pop(nfc(entry.session), None)
        session = in_root.get(nfc(entry.session))
        if session is not None and entry.state == "unfinished":
            finding = _find(entry, session)
            if finding:
                found[session.name] = CutShort(finding, session, entry)
    return tuple(found.values())


def _find(entry: LogEntry, session: Session) -> str:
    """Return the id of what an operation left undone in a session, or nothing."""
    if session.record is None:
        return ""
    was, becomes = entry.moves[0] if entry.moves else ("", "")
    if entry.op == "completed" and session.state == "paused" and _is_untouched(entry, session):
        return "completion-cut-short"
    if entry.op in ("completed", "archived") and becomes and session.state == "completed":
        return "archive-cut-short"
    is_new_name = becomes == session.dirname and nfc(was) not in ("", session.name)
    if is_new_name and nfc(session.record.session_id) == nfc(was):
        return "rename-cut-short"
    return ""


def _is_untouched(entry: LogEntry, session: Session) -> bool:
    """Tell whether the record still says what it said when the operation began."""
    assert session.record is not None
    data = session.record.data
    return all(is_same(find_in(data, change.path), change.before) for change in entry.changes)
