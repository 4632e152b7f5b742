"""The state table: where a session is, what its record says, and its marker -> its state.

Pure. Source: protocol.md, 3; first match wins.
"""

from typing import Literal

from wfsession.core.model import Fault, Location, Record, State
from wfsession.core.names import nfc

ACTIVE_LIKE = frozenset(
    {"active", "planning", "initialized", "implementing", "reviewing", "in_progress", "ready"}
)
COMPLETED_LIKE = frozenset({"completed", "failed", "archived"})

MarkerRank = Literal["winning", "losing", "none"]


def classify(
    name: str,
    location: Location,
    record: Record | Fault,
    marker: MarkerRank,
    archiving: bool = False,
) -> tuple[State, tuple[str, ...]]:
    """Return a session's state, and the ids of what is wrong with it.

    Args:
        name: the session's name, in NFC.
        location: where its directory is.
        record: what its record says, or why that cannot be used.
        marker: whether its marker wins, loses to a newer one, or is not there.
        archiving: whether `.archiving` says that a move was under way.
    """
    own = _find_own_faults(name, record)
    if location == "completed":
        return _classify_archived(record, marker, own)
    several = ("several-markers",) if marker == "losing" else ()
    if isinstance(record, Fault):
        return "bad", (*own, *several)
    if archiving:
        state: State = "active" if marker == "winning" else "completed"
        return state, (*own, *several, "archive-cut-short")
    if marker == "winning":
        differs = () if record.status in ACTIVE_LIKE else ("status-mismatch",)
        return "active", (*own, *differs)
    if record.status in COMPLETED_LIKE:
        cut_short = ("archive-cut-short",) if record.status == "archived" else ()
        return "completed", (*own, *several, *cut_short)
    differs = ("status-mismatch",) if record.status in ACTIVE_LIKE else ()
    return "paused", (*own, *several, *differs)


def _classify_archived(
    record: Record | Fault, marker: MarkerRank, own: tuple[str, ...]
) -> tuple[State, tuple[str, ...]]:
    if isinstance(record, Fault):
        return ("archived", (*own, "orphaned-marker")) if marker != "none" else ("bad", own)
    orphaned = ("orphaned-marker",) if marker != "none" else ()
    differs = () if record.status in COMPLETED_LIKE else ("status-mismatch",)
    return "archived", (*own, *orphaned, *differs)


def _find_own_faults(name: str, record: Record | Fault) -> tuple[str, ...]:
    if isinstance(record, Fault):
        return (record.finding,)
    wrong = ("record-wrong-type",) if record.wrong else ()
    other_id = record.session_id and nfc(record.session_id) != name
    return (*wrong, "id-mismatch") if other_id else wrong
