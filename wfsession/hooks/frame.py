"""`wf hook AGENT [EVENT]`: an event on standard input, what is to be known on standard output.

Never in the agent's way: whatever goes wrong is one line on standard error, and the end is always
a good one. Loads nothing heavy but for the acts that write.
"""

import json
import os

from wfsession.core import layout, locate
from wfsession.core.names import find_thread_fault
from wfsession.errors import WfError
from wfsession.hooks.agent import ASK, END, KEEP, NOTHING, START, Agent, HookCall, Outcome
from wfsession.hooks.quiet import is_traced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

AGENTS = {"claude-code": "wfsession.hooks.claude_code", "codex": "wfsession.hooks.codex"}

# The events that tell a message.
_SAID = frozenset({"UserPromptSubmit", "Stop"})
_LIMIT_BYTES = 16_000_000
_PIECE_BYTES = 1 << 16
_PATIENCE_S = 5.0
_LONGEST_LINE = 500


class HookError(WfError):
    """Something that a hook was given and cannot use."""

    code = "hook"


def run(words: "Sequence[str]") -> int:
    """Answer one event, and return the exit code, which is 0."""
    try:
        for note in _answer(words):
            _say(note)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # no agent is to be stopped by us
        known = isinstance(error, WfError | OSError)
        _say(str(error) if known else f"{type(error).__name__}: {error}")
    return 0


def _say(text: str) -> None:
    line = "".join(one if one.isprintable() else " " for one in text)[:_LONGEST_LINE]
    try:
        _put(2, f"wf hook: {line}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # closed, or full: there is nowhere left to say so


def _put(descriptor: int, data: bytes) -> None:
    # Not by the interpreter's streams, which complain once more when it ends.
    while data:
        data = data[os.write(descriptor, data) :]


def load_agent(name: str) -> Agent:
    """Return an agent.

    Raises:
        HookError: there is none of that name.
    """
    from importlib import import_module

    if name not in AGENTS:
        raise HookError(f"there is no agent {name!r}; there are {', '.join(sorted(AGENTS))}")
    agent: Agent = import_module(AGENTS[name]).AGENT
    return agent


def _answer(words: "Sequence[str]") -> tuple[str, ...]:
    """Answer, and return what there is to say on standard error."""
    # First, as whoever writes it may fail if nobody reads it.
    text = b"" if os.isatty(0) else _read_input()
    if not 1 <= len(words) <= 2:
        raise HookError("which agent's? wf hook AGENT [EVENT]")
    agent = load_agent(words[0])
    data = _parse_event(text)
    word = words[1] if len(words) == 2 else ""
    event = word if agent.acts.get(word) == KEEP else data.get("hook_event_name", word)
    act = agent.acts.get(event) if isinstance(event, str) else None
    if act is None:
        raise HookError(f"{str(event)[:80]!r} is no event of {agent.name} that is known")
    if act == NOTHING:
        return ()
    call = _make_call(agent, event, data)
    outcome = _perform(act, call)
    if outcome.text and event in agent.speaking:
        _print(agent, event, outcome.text)
    notes = _trace(act, call)
    if act != KEEP:
        _remember(call, outcome)
    return (*outcome.notes, *notes)


def _trace(act: str, call: HookCall) -> tuple[str, ...]:
    """Keep of the conversation what the settings say; return what could not be."""
    if not _is_traced(act, call):
        return ()
    from wfsession.hooks.tracing import trace

    return trace(act, call)


def _is_traced(act: str, call: HookCall) -> bool:
    """Tell whether there is anything to keep: what keeps it takes long to load."""
    if act == END:
        transcript = call.data.get("transcript_path")
        return isinstance(transcript, str) and os.path.isfile(transcript)
    return act in (START, KEEP) or (call.event in _SAID and is_traced(call.root))


def _perform(act: str, call: HookCall) -> Outcome:
    if act == KEEP:
        return Outcome()
    if act == ASK:
        from wfsession.hooks.news import ask

        return ask(call)
    if act == START:
        from wfsession.hooks.start import start

        return start(call)
    from wfsession.hooks.acts import ACTS

    return ACTS[act](call)


def _make_call(agent: Agent, event: str, data: "dict[str, Any]") -> HookCall:
    thread_id = data.get("session_id")
    thread = f"{agent.name}--{thread_id}"
    fault = find_thread_fault(thread) if isinstance(thread_id, str) else "it is no text"
    if fault:
        raise HookError(f"session_id {str(thread_id)[:40]!r} cannot be used: {fault}")
    directory = data.get("cwd")
    if not (isinstance(directory, str) and os.path.isabs(directory) and os.path.isdir(directory)):
        directory = os.getcwd()
    environment = locate.read_environment()
    start = None if environment.root else directory
    root = locate.find_root(start, environment.root)
    return HookCall(agent, event, data, thread, directory, root, environment)


def _parse_event(text: bytes) -> "dict[str, Any]":
    """Return the event that was on standard input.

    Raises:
        HookError: it is none, or there is none.
    """
    if not text.strip():
        raise HookError("there is no event on standard input, where an agent puts it")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise HookError("what came on standard input is no JSON") from None
    if not isinstance(data, dict):
        raise HookError("what came on standard input is no event: no JSON object")
    return data


def _read_input() -> bytes:
    """Return what is on standard input, to its end, or as far as it is a whole event.

    Some events of some versions come through a pipe that nobody closes. What is too large is read
    to its end all the same, as whoever writes it may fail otherwise.
    """
    import select

    read: list[bytes] = []
    size = 0
    while True:
        has_more = bool(select.select([0], [], [], 0 if size else _PATIENCE_S)[0])
        if not has_more and (not size or _is_whole(b"".join(read))):
            break
        if not has_more and not select.select([0], [], [], _PATIENCE_S)[0]:
            break
        piece = os.read(0, _PIECE_BYTES)
        if not piece:
            break
        size += len(piece)
        if size <= _LIMIT_BYTES:
            read.append(piece)
    if size > _LIMIT_BYTES:
        raise HookError(f"the event has {size:,} bytes, and {_LIMIT_BYTES:,} is the most")
    return b"".join(read)


def _is_whole(text: bytes) -> bool:
    if not text.rstrip().endswith(b"}"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _print(agent: Agent, event: str, text: str) -> None:
    answer = {
        "hookSpecificOutput": {"hookEventName": event, "additionalContext": text},
        **agent.extra,
    }
    # ASCII only, so that no encoding of a stream is in the way.
    _put(1, json.dumps(answer).encode() + b"\n")


def _remember(call: HookCall, outcome: Outcome) -> None:
    """Put down what the thread knows now, and let the shell answer for as long as that is all."""
    from wfsession.core.private import make_private
    from wfsession.hooks.quiet import refresh
    from wfsession.hooks.told import forget_told, write_told

    with locate.open_root(call.root) as root:
        if outcome.told is not None or outcome.has_ended:
            make_private(root)
            with root.child(layout.PRIVATE) as private:
                if outcome.has_ended:
                    forget_told(private, call.thread)
                elif outcome.told is not None:
                    write_told(private, call.thread, outcome.told)
        refresh(root)
