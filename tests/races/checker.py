"""Is there an order of what several processes did that explains every answer?

Wing and Gong's search with Lowe's two savings: what was reached before is not searched again, and
an operation takes its place only when one that has to be over by then needs it ("just in time").
The history is gone through once, by time, with the set of all configurations that explain it up
to there; it has no explanation where that set becomes empty. A configuration is a state of the
model, and how far each operation that is under way has come.

An operation takes one step or several, each of them at once, at any moment between its start and
its end. That of a process that died may have taken all, none or the first few.

Source: J. Wing and C. Gong, Testing and verifying concurrent objects, 1993; G. Lowe, Testing for
linearizability, 2017.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

import attrs

from tests.races.history import Operation

S = TypeVar("S", bound=Hashable)
Stage = Hashable
# Where an operation is before its first step, and after its last one.
START, DONE = "start", "done"
# Many times what any of our histories needs. One that needs more is not explained.
MOST_CONFIGURATIONS = 2_000_000


class Model(Protocol[S]):
    """What one process alone would see."""

    initial: S

    def advance(
        self, state: S, number: int, operation: Operation, stage: Stage
    ) -> Iterable[tuple[S, Stage]]:
        """Return the states and stages that an operation's next step may lead to.

        The last step leads to DONE, and only if the answer is the one that was given.
        """

    def is_read(self, operation: Operation) -> bool:
        """Tell whether no step of it changes the state."""

    def bury(self, state: S, number: int, operation: Operation) -> S:
        """Return the state without what goes when the process of an operation dies."""


@attrs.frozen
class Verdict(Generic[S]):
    """Whether a history has an explanation.

    `culprit` is the operation by whose end there was none; `states` are those in which it would
    have had to give its answer, with the operations that were under way.
    """

    culprit: Operation | None = None
    states: tuple[S, ...] = ()
    under_way: tuple[Operation, ...] = ()
    configurations: int = 0

    @property
    def is_explained(self) -> bool:
        return self.culprit is None

    def __str__(self) -> str:
        if self.culprit is None:
            return f"explained, with {self.configurations} configurations"
        lines = [f"no order explains:\n    {self.culprit}", "under way were:"]
        lines += [f"    {one}" for one in self.under_way]
        lines += ["what it could have seen:", *(f"    {state}" for state in self.states)]
        return "\n".join(lines)


class TooHard(Exception):
    """A history that takes more configurations than it may."""


Configuration = tuple[S, frozenset[tuple[int, Stage]]]


def check(
    operations: tuple[Operation, ...], model: Model[S], most: int = MOST_CONFIGURATIONS
) -> Verdict[S]:
    """Look for an order that explains a history.

    Raises:
        TooHard: more than `most` configurations were looked at.
    """
    return _Search(operations, model, most).run()


class _Search(Generic[S]):
    def __init__(self, operations: tuple[Operation, ...], model: Model[S], most: int) -> None:
        self._operations = operations
        self._model = model
        self._most = most
        self._count = 0

    def run(self) -> Verdict[S]:
        configurations: set[Configuration[S]] = {(self._model.initial, frozenset())}
        for number, is_end in _list_events(self._operations):
            before = configurations
            if not is_end:
                added = frozenset({(number, START)})
                configurations = {
                    self._read_ahead(state, pending | added) for state, pending in before
                }
            elif self._operations[number].is_known:
                configurations = set(self._finish(before, number))
            else:
                configurations = set(self._let_die(before, number))
            if not configurations:
                return self._give_up(number, before)
        return Verdict(configurations=self._count)

    def _finish(self, before: set[Configuration[S]], number: int) -> Iterator[Configuration[S]]:
        """Let an operation come to its end, and others as far as they have to for that."""
        for state, pending in self._explore(before, until=(number, DONE)):
            if (number, DONE) in pending:
                yield state, pending - {(number, DONE)}

    def _let_die(self, before: set[Configuration[S]], number: int) -> Iterator[Configuration[S]]:
        """Stop an operation anywhere."""
        for state, pending in self._explore(before):
            others = frozenset(one for one in pending if one[0] != number)
            yield self._read_ahead(self._bury(state, number), others)

    def _bury(self, state: S, number: int) -> S:
        return self._model.bury(state, number, self._operations[number])

    def _explore(
        self, before: set[Configuration[S]], until: tuple[int, Stage] | None = None
    ) -> set[Configuration[S]]:
        """Return what can be reached, not going on from where `until` is."""
        reached, todo = set(before), list(before)
        while todo:
            configuration = todo.pop()
            if until in configuration[1]:
                continue
            for following in self._step(*configuration):
                if following not in reached:
                    reached.add(following)
                    todo.append(following)
        return reached

    def _step(self, state: S, pending: frozenset[tuple[int, Stage]]) -> Iterator[Configuration[S]]:
        for number, stage in pending:
            operation = self._operations[number]
            if stage == DONE or self._model.is_read(operation):
                continue
            rest = pending - {(number, stage)}
            for new_state, new_stage in self._model.advance(state, number, operation, stage):
                self._count += 1
                if self._count > self._most:
                    raise TooHard(f"more than {self._most} configurations, at {operation}")
                yield self._read_ahead(new_state, rest | {(number, new_stage)})

    def _read_ahead(self, state: S, pending: frozenset[tuple[int, Stage]]) -> Configuration[S]:
        """Let reads take the steps that they can: they change nothing, so waiting gains nothing."""
        for number, stage in pending:
            operation = self._operations[number]
            if stage != DONE and self._model.is_read(operation):
                reached = stage
                while reached != DONE:
                    steps = list(self._model.advance(state, number, operation, reached))
                    if not steps:
                        break
                    [(_, reached)] = steps
                pending = pending - {(number, stage)} | {(number, reached)}
        return state, pending

    def _give_up(self, number: int, before: set[Configuration[S]]) -> Verdict[S]:
        states = {state for state, _ in self._explore(before)}
        under_way = {one for _, pending in before for one, _ in pending} - {number}
        return Verdict(
            culprit=self._operations[number],
            states=tuple(sorted(states, key=str)[:20]),
            under_way=tuple(self._operations[one] for one in sorted(under_way)),
            configurations=self._count,
        )


def _list_events(operations: tuple[Operation, ...]) -> list[tuple[int, bool]]:
    """Return each operation's number with whether it ends, by time, starts before ends."""
    events = [(one.start_ns, False, number) for number, one in enumerate(operations)]
    events += [(one.end_ns, True, number) for number, one in enumerate(operations)]
    return [(number, is_end) for _, is_end, number in sorted(events)]
