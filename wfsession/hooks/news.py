"""What has changed for a thread since it was told how things stand. Loads nothing heavy."""

from wfsession.core import layout
from wfsession.core.disk import Folder
from wfsession.core.locate import open_root
from wfsession.core.markers import read_markers
from wfsession.errors import WfError
from wfsession.hooks.agent import TIMEOUT_S, HookCall, Outcome
from wfsession.hooks.plain import plain
from wfsession.hooks.present import COMPLETED, Present, read_present
from wfsession.hooks.told import Told, read_told, remember

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_ARTIFACTS = 10


def ask(call: HookCall) -> Outcome:
    """Tell a thread what has changed; nothing where nothing has."""
    with open_root(call.root) as root:
        told = _read_told(root, call.thread)
        if told is not None:
            present = read_present(root, call.thread, read_markers(root))
            if told.is_still(present):
                return Outcome(told=remember(present) if told.waits_ns else None)
            text = tell_news(told, present, root.path)
            notes = _write_new_name(call, present) if _is_renamed(told, present) else ()
            return Outcome(text, remember(present), notes)
    # Its beginning was before there was a root, or was not told to us.
    from wfsession.hooks.start import start

    return start(call)


def _read_told(root: Folder, thread: str) -> Told | None:
    try:
        with root.child(layout.PRIVATE) as private:
            return read_told(private, thread)
    except FileNotFoundError:
        return None


def _is_renamed(told: Told, present: Present) -> bool:
    former = present.data.get("renamed_from")
    return isinstance(former, list) and told.session in former


def _write_new_name(call: HookCall, present: Present) -> tuple[str, ...]:
    """Let the binding hold the new name, so that it need not be looked for each time."""
    if not present.follows_marker and present.bound_to != present.session:
        from wfsession.core.binding import bind

        try:
            bind(call.root, call.thread, present.session, timeout_s=TIMEOUT_S)
        except WfError as error:
            return (str(error),)
    return ()


def tell_news(told: Told, present: Present, root: str) -> str:
    """Return what a thread is to know, in a few sentences."""
    if present.session != told.session:
        return " ".join(_tell_other(told, present, root))
    name = present.session
    sentences = []
    if present.state != told.state:
        if present.state == COMPLETED:
            sentences.append(
                f"The session {name}, on which this conversation works, has been completed. To go"
                f" on with it: wf reopen {name}. To work on another: wf switch NAME."
            )
        else:
            sentences.append(f"The session {name} has been taken up again.")
    if present.phase != told.phase:
        sentences.append(
            f"The session {name} is in the phase {plain(present.phase) or 'none'} now"
            f" (before: {plain(told.phase) or 'none'}).{_tell_handed_over(present.data)}"
        )
    return "wfsession: " + " ".join(sentences)


def _tell_other(told: Told, present: Present, root: str) -> list[str]:
    place = present.place
    if place is None:
        gone = f" {told.session} is gone, or paused." if told.session else ""
        return [f"wfsession: No session is active now.{gone} To choose one: wf switch NAME."]
    where = f"Its workspace: {place.path_in(root)}."
    if _is_renamed(told, present):
        named = f"The session {told.session} is called {present.session} now."
        return [f"wfsession: {named} This conversation goes on with it. {where}"]
    sentences = []
    if present.is_lost:
        sentences.append(
            f"{present.bound_to}, the session of this conversation, is gone or archived, so the"
            " active session counts."
        )
    before = f" (before: {told.session})" if told.session else ""
    sentences.append(f"This conversation works on the session {present.session} now{before}.")
    phase = f" Phase: {plain(present.phase)}." if present.phase else ""
    return [f"wfsession: {' '.join(sentences)} {where}{phase}"]


def _tell_handed_over(data: "dict[str, Any]") -> str:
    """Return what the phase that ended last hands over, as its record has it."""
    transitions = data.get("transitions")
    last = transitions[-1] if isinstance(transitions, list) and transitions else None
    if not isinstance(last, dict) or last.get("next_phase") != data.get("current_phase"):
        return ""
    artifacts = last.get("artifacts")
    if not isinstance(artifacts, dict) or not artifacts:
        return ""
    pairs = [f"{plain(str(name))} = {plain(str(path))}" for name, path in artifacts.items()]
    return f" Handed over: {', '.join(pairs[:_MOST_ARTIFACTS])}."
