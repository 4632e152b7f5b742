"""What a thread is to know of its session: which it is, where, its state and its phase.

Reads only, and loads nothing heavy: this is asked at each prompt and after each tool.
"""

import json

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.locate import find_bound, open_root, place_of_winner, read_binding
from wfsession.core.markers import Listing, read_markers
from wfsession.errors import UnsafePath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wfsession.core.locate import Place

OPEN, COMPLETED = "open", "completed"
# As in core.records and core.states, which are too heavy to load here; a test compares them.
LIMIT_BYTES = 8_000_000
COMPLETED_LIKE = frozenset({"completed", "failed", "archived"})


class Present:
    """A thread's session as it is now.

    `session` and `place` are empty, or None, where none is meant. `state` is open|completed.
    `bound_to` is the name that the binding holds, and None where there is none; `is_lost` tells
    that it leads nowhere. `data` is the record, empty where it cannot be read.
    """

    __slots__ = ("bound_to", "data", "is_lost", "phase", "place", "session", "state")

    def __init__(
        self, bound_to: str | None, place: "Place | None", is_lost: bool, data: "dict[str, Any]"
    ) -> None:
        self.bound_to = bound_to
        self.place = place
        self.is_lost = is_lost
        self.data = data
        self.session = place.name if place else ""
        self.phase = read_text(data, "current_phase")
        self.state = OPEN

    @property
    def follows_marker(self) -> bool:
        """Tell whether the marker, and no binding, says which session it is."""
        return self.is_lost or not self.bound_to


def read_text(data: "dict[str, Any]", key: str) -> str:
    """Return a text of an object, empty where it is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def find_present(root_path: str, thread: str) -> Present:
    """Read what a thread's session is now, in a root that is not open yet."""
    with open_root(root_path) as root:
        return read_present(root, thread, read_markers(root))


def read_present(root: Folder, thread: str, listing: Listing) -> Present:
    """Read what a thread's session is now.

    Args:
        root: the open root.
        thread: `<agent>--<id>`.
        listing: the markers, just read.
    """
    held = read_binding(root, thread)
    bound = find_bound(root, held)
    place = bound or place_of_winner(listing)
    data = _read_record(root, place) if place is not None else {}
    present = Present(held, place, bool(held) and bound is None, data)
    is_marked = place is not None and listing.active == place.name
    if not is_marked and read_text(data, "status") in COMPLETED_LIKE:
        present.state = COMPLETED
    return present


def _read_record(root: Folder, place: "Place") -> "dict[str, Any]":
    try:
        with root.child(place.dirname) as folder:
            found = json.loads(folder.read(layout.RECORD, LIMIT_BYTES).data)
    except (FileNotFoundError, UnsafePath, ValueError, RecursionError):
        # A bad session is told of by the doctor; the thread works on it all the same.
        return {}
    return found if isinstance(found, dict) else {}
