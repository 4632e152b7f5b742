"""What a writing verb did, or (dry run) would do: the answer that they all share."""

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.core.model import Event, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


class Changed(Answer):
    """An operation on a session.

    `sentence` says for people what was done, `more` are blocks below it; `extra` are the keys of
    `data` that only this verb has.
    """

    __slots__ = ("event", "extra", "is_dry", "more", "notes", "sentence", "session_id")

    def __init__(
        self,
        event: Event,
        sentence: str,
        is_dry: bool = False,
        more: "tuple[Block, ...]" = (),
        extra: "Data | None" = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.event = event
        self.sentence = sentence
        self.is_dry = is_dry
        self.more = more
        self.extra = extra or {}
        self.notes = notes
        self.session_id = event.session.name

    def to_data(self) -> "Data":
        """Return session, state, path and previous, and what else there is to know."""
        session = self.event.session
        return {
            "session": session.name,
            "state": session.state,
            "path": session.path,
            "previous": self.event.previous,
            "changed": self.event.changed and not self.is_dry,
            "dry_run": self.is_dry,
            "steps": [encode_step(step) for step in self.event.steps],
            "notes": list(self.event.notes),
            **self.extra,
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done; in a dry run the steps."""
        if self.is_dry:
            yield from tell_steps(self.event.session.name, self.event.steps)
        else:
            yield self.sentence
            yield from self.more


def make_changed(
    call: Call,
    event: Event,
    sentence: str,
    more: "tuple[Block, ...]" = (),
    extra: "Data | None" = None,
) -> Changed:
    """Return the answer of a verb, with the notes that its call has gathered."""
    return Changed(event, sentence, call.is_dry, more, extra, tuple(call.notes))


def encode_step(step: Step) -> "Data":
    """Return a step as JSON has it: paths below the root; no target is null."""
    return {"verb": step.verb, "path": step.path, "target": step.target or None}


def tell_steps(name: str, steps: tuple[Step, ...]) -> "Iterator[Block]":
    """Yield what a dry run found."""
    if not steps:
        yield f"Nothing was done, and there is nothing to do for {name}."
        return
    yield f"Nothing was done. For {name} this would:"
    width = max(len(step.verb) for step in steps)
    for step in steps:
        target = f" -> {step.target}" if step.target else ""
        yield f"  {step.verb:{width}}  {step.path}{target}"
