"""What each open thread was told last, so that it is told again only what is new.

One small file for each, `.wf/told/<thread>`. It is private: where it goes away, a thread is told
once more how things stand. Loads nothing heavy.
"""

import json
import os

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.names import find_thread_fault
from wfsession.errors import UnsafePath
from wfsession.hooks.present import OPEN, Present, read_text

FOLDER = "told"
_LIMIT_BYTES = 4096


class Told:
    """What a thread was told. `waits_ns` is when it was first seen that there is news, or 0."""

    __slots__ = ("phase", "session", "state", "waits_ns")

    def __init__(self, session: str, state: str, phase: str, waits_ns: int = 0) -> None:
        self.session = session
        self.state = state
        self.phase = phase
        self.waits_ns = waits_ns

    def is_still(self, present: Present) -> bool:
        """Tell whether that is how things stand."""
        now = present.session, present.state, present.phase
        return (self.session, self.state, self.phase) == now


def list_told(private: Folder) -> list[str]:
    """Return the threads that were told anything: those that are open."""
    try:
        with private.child(FOLDER) as folder:
            return sorted(name for name in folder.list_names() if not find_thread_fault(name))
    except FileNotFoundError:
        return []


def read_told(private: Folder, thread: str) -> Told | None:
    """Return what a thread was told, or None where that is not known."""
    try:
        with private.child(FOLDER) as folder:
            found = json.loads(folder.read(thread, _LIMIT_BYTES).data)
    except (FileNotFoundError, UnsafePath, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    waits_ns = found.get("waits_ns")
    return Told(
        read_text(found, "session"),
        read_text(found, "state"),
        read_text(found, "phase"),
        waits_ns if isinstance(waits_ns, int) else 0,
    )


def write_told(private: Folder, thread: str, told: Told) -> None:
    """Put down what a thread was told.

    On crash: what it was told before; it is told once more.
    """
    note = {name: getattr(told, name) for name in Told.__slots__}
    private.make_if_missing(FOLDER)
    temporary = f"told-{os.getpid()}-{os.urandom(6).hex()}"
    with private.child(layout.STAGING) as staging, private.child(FOLDER) as folder:
        staging.create(temporary, json.dumps(note).encode())
        staging.replace(temporary, thread, folder)


def forget_told(private: Folder, thread: str) -> None:
    """Forget a thread that has ended. On crash: it is known still."""
    try:
        with private.child(FOLDER) as folder:
            folder.unlink(thread)
    except FileNotFoundError:
        pass  # it was never told anything


def know_nothing() -> Told:
    """Return what a thread knows that was never told anything: that there is no session."""
    return Told("", OPEN, "")


def remember(present: Present) -> Told:
    """Return what a thread knows once it was told how things stand."""
    return Told(present.session, present.state, present.phase)
