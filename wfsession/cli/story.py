"""`wf story`: what one conversation of an agent did, step by step, as moves, or as a map."""

from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.asking import find_transcripts, tell_problems
from wfsession.cli.call import Call, find_root
from wfsession.cli.tale import tell_map, tell_moves, tell_steps, tell_sums
from wfsession.cli.verb import Verb
from wfsession.cli.words import join
from wfsession.core.times import now
from wfsession.errors import AmbiguousName, RootNotFound, ThreadNotFound
from wfsession.threads.approach import count_moves, find_approach
from wfsession.threads.bindings import find_thread
from wfsession.threads.claude_code import READER
from wfsession.threads.history import read_history
from wfsession.threads.reader import ThreadFile
from wfsession.threads.story import Story
from wfsession.threads.story_json import to_data
from wfsession.threads.story_map import draw_map
from wfsession.threads.timeline import build_story

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


@frozen
class Told(Answer):
    """The story of a thread, in one of three views."""

    thread: str
    transcript: str
    story: Story
    view: str
    notes: tuple[str, ...] = ()

    def to_data(self) -> "Data":
        """Return the thread, its transcript, and the view."""
        about = {"thread": self.thread, "transcript": self.transcript or None}
        if self.view == "approach":
            moves = find_approach(self.story)
            return {**about, "counts": count_moves(moves), "moves": to_data(moves)}
        if self.view == "map":
            return {**about, "map": to_data(draw_map(self.story))}
        return {**about, "story": to_data(self.story)}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield the view, and the sums below it."""
        if self.view == "approach":
            moves = find_approach(self.story)
            yield from tell_moves(moves)
            counts = (
                (kind.replace("_", " "), number) for kind, number in count_moves(moves).items()
            )
            yield join(f"{number} {kind}" for kind, number in counts if number)
        elif self.view == "map":
            yield from tell_map(draw_map(self.story), is_terminal)
        else:
            yield from tell_steps(self.story)
        yield tell_sums(self.story.totals, self.story.active_s, is_terminal)


def story(call: Call) -> Answer:
    """Tell what a thread did."""
    home, prices = find_transcripts()
    listed = READER.list_files(home)
    thread = _find_thread(call, listed.files, home)
    history = read_history(READER, thread, listed.files, now())
    told = build_story(
        history.main, history.children, prices.cost_of, run_agents=history.run_agents
    )
    if history.problems:
        call.notes.append(tell_problems(history.problems))
    main = [file.path for file in listed.files if (file.thread, file.kind) == (thread, "thread")]
    return Told(thread, main[-1] if main else "", told, call.options.view, tuple(call.notes))


def _find_thread(call: Call, files: tuple[ThreadFile, ...], home: str) -> str:
    """Return the agent's id of the thread that is meant, of which there are files."""
    wanted = call.options.thread
    plain = wanted.rpartition("--")[2]
    names = dict.fromkeys(file.thread for file in files)
    if plain in names:
        return str(plain)
    try:
        bound = find_thread(find_root(call.options), wanted).id
    except (RootNotFound, ThreadNotFound):
        bound = ""
    if bound in names:
        return bound
    begun = [name for name in names if plain and name.startswith(plain)]
    if len(begun) > 1:
        raise AmbiguousName(wanted, tuple(begun))
    if not begun:
        raise ThreadNotFound(wanted, f"the transcripts in {home}")
    return begun[0]


def _add_story(parser: ArgumentParser) -> None:
    help_text = "the conversation: its id, how that begins, or its label"
    parser.add_argument("thread", metavar="THREAD", help=help_text)
    views = parser.add_mutually_exclusive_group()
    for view, help_text in (
        ("timeline", "its steps, which is what is told if nothing is said"),
        ("approach", "each step as a move: delegate, dead end, verify or act"),
        ("map", "phases, context, subagents and files"),
    ):
        views.add_argument(
            f"--{view}", action="store_const", const=view, dest="view", help=help_text
        )
    parser.set_defaults(view="timeline")


VERBS = {
    "story": Verb(
        "story",
        "tell what a conversation of an agent did",
        """\
What was asked, said and done, the newest last: what failed, what was tried again, and
what its subagents did, further in. What is long is cut, and of long conversations the
middle is left out; the sums are over everything.

  wf story 0b9c41f2
  wf story "the reviewer" --approach
  wf story 0b9c41f2 --map --json""",
        "THREAD [--timeline | --approach | --map]",
        story,
        _add_story,
    )
}
