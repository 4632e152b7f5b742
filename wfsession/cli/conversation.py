"""`wf conversation`: what was said and written in a thread, or in all threads of a session."""

import re
from argparse import ArgumentParser
from datetime import datetime

from attrs import evolve, frozen

from wfsession.cli.answer import Answer, Raw
from wfsession.cli.call import Call
from wfsession.cli.page import Passage
from wfsession.cli.portrait import encode_moment
from wfsession.cli.verb import Verb
from wfsession.core.names import find_thread_fault
from wfsession.errors import SessionNotFound, ThreadNotFound
from wfsession.threads.bindings import Thread, find_thread, list_threads
from wfsession.threads.claude_code import READER
from wfsession.trace.intake import list_held
from wfsession.trace.item import PATCH, TEXT
from wfsession.trace.telling import Part, Told, Turn, read_conversation
from wfsession.words import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wfsession.cli.answer import Block, Data

# No terminal is narrower.
_SHORT = 40
_TAB = 4
_FROM = {
    "kept": "as it was kept",
    "transcript": "from the agent's transcript",
    "both": "from the agent's transcript, with the patches that were kept",
    "none": "nothing is kept of it, and there is no transcript",
}


@frozen
class Conversed(Answer):
    """The conversations that were asked for; `as_markdown` is for `--md`."""

    told: tuple[Told, ...]
    session: str | None
    as_markdown: bool
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """1 where there is nothing to read."""
        return 0 if any(one.turns for one in self.told) else 1

    def to_data(self) -> "Data":
        """Return session and conversations."""
        return {
            "session": self.session,
            "conversations": [
                {
                    "thread": one.thread,
                    "source": one.source,
                    "paths": list(one.paths),
                    "messages": [_encode_turn(turn) for turn in one.turns],
                }
                for one in self.told
            ],
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield each conversation: a line for each message, below it what it says."""
        if not self.told:
            yield "No thread worked on it."
        for number, one in enumerate(self.told):
            if number:
                yield ""
            mark = "# " if self.as_markdown else ""
            title = f"{mark}{one.thread}: {count(len(one.turns), 'message')}, {_FROM[one.source]}"
            yield Passage(title) if is_terminal else title
            for turn in one.turns:
                yield ""
                told = _tell_turn(turn, self.as_markdown)
                yield from _fit(told) if is_terminal and not self.as_markdown else told


def _encode_turn(turn: Turn) -> "Data":
    return {
        "message_id": turn.message_id,
        "role": turn.role or None,
        "at": encode_moment(turn.at),
        "model_id": turn.model or None,
        "parts": [
            {
                "part_type": part.type,
                "text": part.text,
                "at": encode_moment(part.at),
                "path": part.path or None,
                "known_type": part.is_known_type,
            }
            for part in turn.parts
        ],
    }


def _fit(blocks: "Iterable[str]") -> "Iterator[Block]":
    """Yield the lines of a message for a terminal: long ones broken between words.

    Lines of code, which begin with a sign or a blank, are left as they are.
    """
    is_head = True
    for line in blocks:
        if not isinstance(line, Raw):
            # Our own words: who says it, and which kind of part follows.
            yield Passage(line, style="strong" if is_head else "faint")
        elif len(line) > _SHORT and line[0].isalnum():
            yield Passage(line)
        else:
            yield Raw(line.expandtabs(_TAB))
        is_head = False


def _tell_turn(turn: Turn, as_markdown: bool) -> "Iterator[str]":
    words = (turn.role or "message not known", _tell_time(turn.at), turn.model)
    head = ", ".join(word for word in words if word)
    yield f"## {head}" if as_markdown else f"[{head}]"
    for part in turn.parts:
        if as_markdown:
            yield from _tell_in_markdown(part)
        else:
            if part.type != TEXT:
                yield f"({_name(part)})"
            yield from map(Raw, part.text.splitlines())


def _tell_in_markdown(part: Part) -> "Iterator[str]":
    yield ""
    if part.type == TEXT:
        yield from map(Raw, part.text.splitlines())
        return
    yield f"*{_name(part)}*"
    yield ""
    if part.type == PATCH:
        # Longer than any in it, so that the fence ends where the patch does.
        longest = max((len(run) for run in _list_runs(part.text)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"{fence}diff"
        yield from map(Raw, part.text.splitlines())
        yield fence
    else:
        yield from (Raw(f"> {line}") for line in part.text.splitlines())


def _list_runs(text: str) -> list[str]:
    return re.findall("`+", text)


def _name(part: Part) -> str:
    marked = part.type if part.is_known_type else f"{part.type}, an unknown kind"
    return f"{marked} {part.path}".strip()


def _tell_time(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at is not None else ""


def conversation(call: Call) -> Answer:
    """Print a thread, or all threads of a session."""
    root = call.workspace.root
    name, wanted = None, call.options.name
    threads: tuple[Thread, ...]
    if wanted is not None and not find_thread_fault(wanted):
        threads = (_find(root, wanted),)
    elif wanted is None:
        name = call.pick()
        threads = _list_of(root, name)
    else:
        try:
            name = call.find(wanted).name
            threads = _list_of(root, name)
        except SessionNotFound as error:
            try:
                threads = (_find(root, wanted),)
            except ThreadNotFound:
                raise error from None
    told = tuple(read_conversation(root, _locate(one)) for one in threads)
    return Conversed(told, name, call.options.md, tuple(call.notes))


def _locate(thread: Thread) -> Thread:
    """Return a thread with its transcript, looked for where no hook told of that."""
    if thread.facts.transcript or thread.agent != READER.agent:
        return thread
    # What asks the index loads with it, and few threads need it.
    from wfsession.cli.asking import find_transcript

    return evolve(thread, facts=thread.facts._replace(transcript=find_transcript(thread.id)))


def _list_of(root: str, session: str) -> tuple[Thread, ...]:
    found = [one for one in list_threads(root, archived=True) if session in one.sessions]
    return tuple(sorted(found, key=lambda one: (str(one.first_seen), one.name)))


def _find(root: str, wanted: str) -> Thread:
    """Return the thread that is meant; one of which something is held need not be bound."""
    try:
        return find_thread(root, wanted)
    except ThreadNotFound:
        for thread in list_held(root):
            if wanted in (thread, thread.partition("--")[2]):
                return Thread(thread)
        raise


def _add_conversation(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="a session, or a thread; the session that is meant if left out",
    )
    parser.add_argument("--md", action="store_true", help="as Markdown")


CONVERSATION = Verb(
    "conversation",
    "print what was said and written in a thread, or in a session's threads",
    """\
From what was kept of it (wf trace ingest, and the hooks of wf install), with its
patches; where no words were kept, from the agent's own transcript as long as that is
there. The first line says which.

  wf conversation
  wf conversation claude-code--0b9c41f2 --md > talk.md""",
    "[SESSION | THREAD] [--md]",
    conversation,
    _add_conversation,
    takes_session=True,
)
VERBS = {CONVERSATION.name: CONVERSATION}
