"""`wf story`: what one conversation of an agent did, step by step, as moves, or as a map; kept."""

from argparse import ArgumentParser

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.asking import choose_transcript, find_transcript, find_transcripts
from wfsession.cli.call import Call, find_root
from wfsession.cli.page import Passage
from wfsession.cli.tale import tell_counts, tell_map, tell_moves, tell_steps, tell_sums
from wfsession.cli.verb import Verb
from wfsession.core.times import now
from wfsession.errors import AmbiguousName, RootNotFound, SessionArchived, ThreadNotFound
from wfsession.index.desk import tell_problems
from wfsession.settings import read_settings
from wfsession.threads.approach import count_moves, find_approach
from wfsession.threads.bindings import Thread, find_thread
from wfsession.threads.claude_code import READER
from wfsession.threads.history import read_history, tell_history
from wfsession.threads.reader import ThreadFile
from wfsession.threads.story import Story
from wfsession.threads.story_json import to_data
from wfsession.threads.story_map import draw_map
from wfsession.trace.book import make_patience
from wfsession.trace.stories import find_kept, keep_story, read_story

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data
    from wfsession.trace.stories import Outcome


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
            yield Passage(tell_counts(count_moves(moves)), style="strong")
        elif self.view == "map":
            yield from tell_map(draw_map(self.story), is_terminal)
        else:
            yield from tell_steps(self.story)
        yield tell_sums(self.story.totals, self.story.active_s, is_terminal)


_OUTCOMES = {
    "kept": "Kept the story of {0} in {1}.",
    "same": "The story of {0} is kept in {1} already.",
    "less": "What {1} keeps of {0} tells more than the transcript does; it stays.",
    "gone": "Nothing was kept: there is no transcript of {0} that tells anything.",
}


@frozen
class Written(Answer):
    """What became of a story that was to be kept; `outcome` is None where it was only asked."""

    thread: str
    label: str
    session: str
    outcome: "Outcome | None"
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # a value there, computed here
        """1 where there was nothing to keep."""
        return 1 if self.outcome == "gone" else 0

    @property
    def session_id(self) -> str:  # type: ignore[override]  # a value there, computed here
        """The session that has the story."""
        return "" if self.outcome == "gone" else self.session

    def to_data(self) -> "Data":
        """Return thread, session, and what became of it."""
        is_dry = self.outcome is None
        told = {"thread": self.thread, "session": self.session, "outcome": self.outcome}
        return {**told, "dry_run": is_dry}

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield one line."""
        if self.outcome is None:
            would = f"This would keep the story of {self.label} in {self.session}."
            yield f"Nothing was done. {would}"
        else:
            yield _OUTCOMES[self.outcome].format(self.label, self.session)


def story(call: Call) -> Answer:
    """Tell what a thread did, or keep it."""
    if call.options.keep:
        return _keep(call)
    home, prices = find_transcripts()
    listed = READER.list_files(home)
    try:
        thread = _find_thread(call, listed.files, home)
    except ThreadNotFound:
        known = _find_known(call, call.options.thread)
        elsewhere = _tell_elsewhere(call, *known) if known else None
        if elsewhere is None:
            raise
        return elsewhere
    history = read_history(READER, thread, listed.files, now())
    told = tell_history(history, prices.cost_of)
    if history.problems:
        call.notes.append(tell_problems(history.problems))
    known = _find_known(call, f"{READER.agent}--{thread}")
    kept = find_kept(*known, told) if known else None
    if kept is not None:
        note = f"the transcript tells less than what was kept, which this is: {kept.path}"
        call.notes.append(note)
        told = kept.story
    main = "" if kept else choose_transcript(listed.files, thread)
    return Told(thread, main, told, call.options.view, tuple(call.notes))


def _keep(call: Call) -> Answer:
    """Keep the story of a thread in the session that it works on, or worked on last.

    Raises:
        ThreadNotFound: no session knows it.
        SessionArchived: that session can only be read.
    """
    root = find_root(call.options)
    thread = find_thread(root, call.options.thread)
    if thread.home is None:
        error = ThreadNotFound(thread.name, "any session")
        error.hint = f"wf bind SESSION --thread {thread.name}"
        raise error
    if thread.is_archived:
        raise SessionArchived(thread.home, "changed")
    outcome = None
    if not call.is_dry:
        path = thread.facts.transcript
        if not path:
            # Its hooks never told where it is.
            path = find_transcript(thread.id)
        patience = make_patience(read_settings().trace)
        outcome = keep_story(root, thread.name, thread.home, path, patience).outcome
    return Written(thread.name, thread.label, thread.home, outcome, tuple(call.notes))


def _find_known(call: Call, wanted: str) -> tuple[str, Thread] | None:
    """Return the root that knows a thread, and what it knows; None where none does."""
    try:
        root = find_root(call.options)
        return root, find_thread(root, wanted)
    except (RootNotFound, ThreadNotFound):
        return None


def _tell_elsewhere(call: Call, root: str, thread: Thread) -> Told | None:
    """Return the story of a thread that has no transcript where they usually are.

    It is told by one that lies elsewhere, or as a session kept it; None where there is neither.
    """
    found = read_story(root, thread)
    if found is None:
        return None
    if found.source == "transcript":
        return Told(thread.id, found.path, found.story, call.options.view, tuple(call.notes))
    note = f"the transcript of {thread.label} is gone; this is what was kept: {found.path}"
    return Told(thread.id, "", found.story, call.options.view, (*call.notes, note))


def _find_thread(call: Call, files: tuple[ThreadFile, ...], home: str) -> str:
    """Return the agent's id of the thread that is meant, of which there are files."""
    wanted = call.options.thread
    plain = wanted.rpartition("--")[2]
    names = dict.fromkeys(file.thread for file in files)
    if plain in names:
        return str(plain)
    known = _find_known(call, wanted)
    if known is not None and known[1].id in names:
        return known[1].id
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
    help_text = "write it into .stories/ of its session, for when the transcript is gone"
    views.add_argument("--keep", action="store_true", help=help_text)
    parser.set_defaults(view="timeline")


VERBS = {
    "story": Verb(
        "story",
        "tell what a conversation of an agent did",
        """\
What was asked, said and done, the newest last: what failed, what was tried again, and
what its subagents did, further in. What is long is cut, and of long conversations the
middle is left out; the sums are over everything. Where the transcript is gone, what its
session kept is told, and said to be that; --keep writes it there now.

  wf story 0b9c41f2
  wf story "the reviewer" --approach
  wf story 0b9c41f2 --map --json
  wf story 0b9c41f2 --keep""",
        "THREAD [--timeline | --approach | --map | --keep]",
        story,
        _add_story,
        is_write=True,
        brings_over=False,
    )
}
