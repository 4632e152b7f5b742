"""What a hook keeps of a conversation: patches and messages, as the settings say, and its story.

Whatever fails is a note. Waits less long for others than `wf trace ingest`, as an agent waits too,
and loads only what the event at hand needs.
"""

import os
import sys
import time

from wfsession.core import layout
from wfsession.core.locate import find_bound, open_root, read_binding
from wfsession.core.private import make_private
from wfsession.errors import WfError
from wfsession.hooks.agent import END, KEEP, START, HookCall
from wfsession.hooks.present import read_text
from wfsession.hooks.quiet import rest_from_edits, set_traced
from wfsession.settings import FILE, TraceSettings, read_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.trace.book import Patience

# How much of a transcript is read at the end of a conversation, of which the agent waits for: the
# story of a larger one is kept when the session completes, or by the next look at old ones.
MOST_AT_END_BYTES = 16_000_000
# All that the hook may take is ten seconds.
_TIMEOUT_S = 2.0


def trace(act: str, call: HookCall) -> tuple[str, ...]:
    """Keep what one event tells, and return what could not be."""
    try:
        if act == START:
            return _begin(call)
        if act == END:
            return _end(call)
        return _keep(act, call)
    except (OSError, WfError) as error:
        return (str(error),)


def _read_settings() -> TraceSettings:
    return read_settings(find_settings_quickly()).trace


def find_settings_quickly() -> str | None:
    """Return where the user's settings are, or None where platformdirs is to be asked.

    That takes as long to load as to keep an edit, and says of Linux what is said here.
    Source: the XDG Base Directory Specification.
    """
    named = os.environ.get("XDG_CONFIG_HOME", "")
    home = os.environ.get("HOME", "")
    if sys.platform != "linux" or "ANDROID_ROOT" in os.environ:
        return None
    if not os.path.isabs(named or home):
        return None
    return os.path.join(named or os.path.join(home, ".config"), "wfsession", FILE)


def _find_patience(settings: TraceSettings) -> "Patience":
    from wfsession.trace.book import make_patience

    return make_patience(settings)._replace(attempts=1, timeout_s=_TIMEOUT_S)


def _begin(call: HookCall) -> tuple[str, ...]:
    """Put down whether prompts are to be kept, and take what was held of the conversation."""
    settings = _read_settings()
    with open_root(call.root) as root:
        make_private(root)
        set_traced(root, settings.messages)
        place = find_bound(root, read_binding(root, call.thread))
    held = os.path.join(call.root, layout.CONVERSATION, f"{call.thread}.jsonl")
    if place is not None and os.path.lexists(held):
        from wfsession.trace.intake import claim

        claim(call.root, [call.thread], place.name, _find_patience(settings))
    return ()


def _keep(act: str, call: HookCall) -> tuple[str, ...]:
    path = find_settings_quickly()
    status = os.stat(path) if path is not None and os.path.exists(path) else None
    settings = read_settings(path).trace
    if act == KEEP and not settings.patches:
        if path is not None and status is not None:
            rest_from_edits(call.root, path, status)
        return ()
    from wfsession.trace.allowed import make_allows
    from wfsession.trace.claude_events import judge_event
    from wfsession.trace.intake import Intake
    from wfsession.trace.item import Batch

    intake = Intake(call.root, _find_patience(settings), allows=make_allows(settings))
    found = judge_event(call.data, time.time_ns() // 1_000_000)
    intake.take(Batch(call.agent.name, (found,)))
    return tuple(str(error) for error in intake.counts.errors)


def _end(call: HookCall) -> tuple[str, ...]:
    transcript = read_text(call.data, "transcript_path")
    with open_root(call.root) as root:
        place = find_bound(root, read_binding(root, call.thread))
    if place is not None and transcript:
        from wfsession.trace.stories import keep_story

        patience = _find_patience(_read_settings())
        keep_story(call.root, call.thread, place.name, transcript, patience, MOST_AT_END_BYTES)
    return ()
