"""A story in lines for people: its steps, its moves, or its map. Values only.

What is long is cut here: `--json` has all of it.
"""

from datetime import datetime

from wfsession.cli.figures import shorten_paths, tell_all_tokens, tell_moment
from wfsession.cli.page import Column, Pairs, Passage, Rows, Style
from wfsession.threads.approach import Branch, Move
from wfsession.threads.conversation import Totals
from wfsession.threads.loose import shorten, shorten_label
from wfsession.threads.story import Step, Story, Subagent, Tool
from wfsession.threads.story_map import StoryMap, TouchedFile, Window
from wfsession.words import count, join, tell_cost, tell_length, tell_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wfsession.cli.answer import Block

_TEXT, _LABEL, _ERROR = 300, 160, 160
_DEEPER = 4
_MOST_FILES = 15
_MOST_PHASES = 30
_CUTS = {
    "depth_capped": "it is too deep to be told",
    "budget_capped": "there is too much to be told",
    "cycle": "it is said to have started itself",
}
_PHASES = (
    Column("STEPS"),
    Column("FROM", drop=1),
    Column("PHASE", least=20),
)
_FILES = (
    Column("EDITS", is_number=True),
    Column("READS", is_number=True),
    Column("FILE", least=20, keeps_end=True),
)
_WINDOWS = (
    Column("SUBAGENT", least=16),
    Column("FROM", drop=2),
    Column("TOOK", drop=1),
    Column("COST", is_number=True),
)


def tell_steps(story: Story, depth: int = 0) -> "Iterator[Block]":
    """Yield what was asked and done, the newest last; subagents further in."""
    indent = depth * _DEEPER
    day, last = "", 0
    for step in story.steps:
        if step.n > last + 1 and last:
            yield Passage(f"… {count(step.n - last - 1, 'step')} left out", "", indent, "faint")
        last = step.n
        if not depth and step.ts and (today := tell_moment(step.ts)[:10]) != day:
            day = today
            yield Passage(day, style="faint")
        if step.ask:
            yield Passage(shorten(step.ask, _TEXT), "> ", indent, "strong")
        yield from _tell_step(step, indent)
        for subagent in step.subagents:
            yield from _tell_subagent(subagent, depth + 1)
    if story.open_ask:
        yield Passage(shorten(story.open_ask, _TEXT), "> ", indent, "strong")
    for subagent in story.strays:
        yield from _tell_subagent(subagent, depth + 1)


def _tell_step(step: Step, indent: int) -> "Iterator[Block]":
    head = f"{step.n:>3} {tell_moment(step.ts)[11:] or '--:--'}  "
    if step.text.strip():
        yield Passage(shorten_label(shorten_paths(step.text), _TEXT), head, indent)
        head = " " * len(head)
    for tool in step.tools:
        style: Style = "bad" if tool.status == "error" else "faint"
        yield Passage(_tell_tool(tool, step.is_retry), head, indent, style)
        head = " " * len(head)


def _tell_tool(tool: Tool, is_retry: bool) -> str:
    label = shorten_label(shorten_paths(tool.path or tool.label), _LABEL)
    told = f"{tool.name} {label}".rstrip()
    if is_retry:
        told += " (again)"
    if tool.status == "pending":
        return f"{told} (no result)"
    if tool.status == "error":
        return (
            f"{told}: failed{tool.error and ', '}{shorten_label(shorten_paths(tool.error), _ERROR)}"
        )
    return told


def _tell_subagent(subagent: Subagent, depth: int) -> "Iterator[Block]":
    indent = depth * _DEEPER
    name = join(one for one in (subagent.type, shorten(subagent.label, _LABEL)) if one)
    totals = subagent.totals
    cost = tell_cost(totals.cost_usd, True)
    yield Passage(f"{name or subagent.agent}: {_tell_work(totals)}, {cost}", "+ ", indent, "strong")
    if subagent.cut:
        yield Passage(_CUTS[subagent.cut], "", indent, "faint")
    if subagent.story is not None:
        yield from tell_steps(subagent.story, depth)


def _tell_work(totals: Totals) -> str:
    told = f"{count(totals.responses, 'response')}, {count(totals.tool_calls, 'call')}"
    return f"{told}, {count(totals.errors, 'error')}" if totals.errors else told


def tell_sums(totals: Totals, active_s: float, is_terminal: bool) -> Pairs:
    """Return the sums of a story with all of its agents."""
    retries = f", {totals.retries} tried again" if totals.retries else ""
    return Pairs(
        (
            ("in all", f"{_tell_work(totals)}{retries}"),
            ("at work", tell_length(active_s)),
            ("tokens", tell_all_tokens(totals, is_terminal)),
            ("cost", f"{tell_cost(totals.cost_usd, True)} at the API's list price"),
        )
    )


def tell_moves(moves: "Iterable[Move]", depth: int = 0) -> "Iterator[Block]":
    """Yield the moves of a story, each of one kind; those of subagents further in."""
    for move in moves:
        kind = "failed" if move.has_failed else move.kind.replace("_", " ")
        is_bad = move.has_failed or move.kind == "dead_end"
        style: Style = "bad" if is_bad else "faint" if move.kind == "act" else ""
        head = f"{move.n:>3}  {kind:8}  "
        yield Passage(shorten_paths(move.label), head, depth * _DEEPER, style)
        for branch in move.branches:
            yield from _tell_branch(branch, depth + 1)


def _tell_branch(branch: Branch, depth: int) -> "Iterator[Block]":
    yield Passage(branch.label or branch.agent, "+ ", depth * _DEEPER, "strong")
    if branch.cut:
        yield Passage(_CUTS[branch.cut], "", depth * _DEEPER, "faint")
    yield from tell_moves(branch.moves, depth)


def tell_counts(counts: dict[str, int]) -> str:
    """Return how many moves there were of each kind, as `count_moves` gives them."""
    failed = counts["verify_failed"]
    kinds = ("delegate", "dead_end", "verify", "act")
    told = [f"{counts[kind]} {kind.replace('_', ' ')}" for kind in kinds if counts[kind]]
    return join(f"{one} ({failed} failed)" if failed and "verify" in one else one for one in told)


def tell_map(drawn: StoryMap, is_terminal: bool) -> "Iterator[Block]":
    """Yield where the work of a story went."""
    kinds = sorted(drawn.categories.items(), key=lambda item: (-item[1], item[0]))
    fullest = max(drawn.calls, key=lambda call: call.context, default=None)
    pairs = [("calls", join(f"{number} {kind}" for kind, number in kinds) or "none")]
    if fullest is not None:
        tokens = tell_tokens(fullest.context, is_terminal)
        pairs.append(("context", f"{tokens} tokens at its fullest, in step {fullest.n}"))
    if drawn.omitted:
        pairs.append(("left out", count(drawn.omitted, "step")))
    yield Pairs(tuple(pairs))
    if drawn.phases:
        yield Rows(
            _PHASES,
            tuple(
                (_tell_range(one.first, one.last), tell_moment(one.started), one.title)
                for one in drawn.phases[-_MOST_PHASES:]
            ),
        )
    if drawn.windows:
        yield Rows(_WINDOWS, tuple(_make_window(one) for one in drawn.windows))
    if drawn.files:
        yield Rows(_FILES, tuple(_make_file(one) for one in drawn.files[:_MOST_FILES]))
    if len(drawn.files) > _MOST_FILES:
        yield f"and {count(len(drawn.files) - _MOST_FILES, 'file')} more: --json"


def _tell_range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _make_window(window: Window) -> tuple[str, ...]:
    took = _tell_span(window.started, window.ended)
    label = window.label or window.agent
    return label, tell_moment(window.started), took, tell_cost(window.cost_usd, True)


def _tell_span(started: datetime | None, ended: datetime | None) -> str:
    return tell_length((ended - started).total_seconds()) if started and ended else ""


def _make_file(file: TouchedFile) -> tuple[str, ...]:
    return str(file.edits), str(file.reads), shorten_paths(file.path)
