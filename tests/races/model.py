"""A root as one process alone would see it: markers in order, directories, who has ended, a lock.

Each operation is the visible steps that the protocol gives it, under the lock. Most have one: a
switch is one rename, a pause one removal. To create is two, the directory and then the marker; to
complete is two, the marker and then the record. Where a person acts between an operation's
listing and its steps, without the lock, these matter too, so they are here.

Readers have one step for what a listing tells, and one for each record that they read after it.
A listing under the lock has two, the names and then what they are, as it is not repeated.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from tests.races.checker import DONE, START
from tests.races.checker import Stage as AnyStage
from tests.races.history import Answer, Operation

# What there is at the start, the first one active, and what is created later.
SESSIONS = ("WFS-a", "WFS-b", "WFS-c")
NEW_SESSIONS = ("WFS-d", "WFS-e", "WFS-f")
READS = frozenset({"current", "snapshot", "sessions"})
_CREATE = frozenset({"create", "create aside"})
_TRIES = 5


class State(NamedTuple):
    """A root.

    `order` is the markers, the newest first; a number in it is the time that the operation of
    that number has taken from the clock, and not yet given to a marker. `sessions` are the
    directories, `ended` those of them whose record says completed, `holder` has the lock.
    """

    order: tuple[str | int, ...]
    sessions: frozenset[str]
    ended: frozenset[str]
    holder: int | None

    def list_markers(self) -> tuple[str, ...]:
        return tuple(one for one in self.order if isinstance(one, str))

    def list_candidates(self) -> tuple[str, ...]:
        return tuple(one for one in self.list_markers() if one in self.sessions)

    def find_active(self) -> str | None:
        return next(iter(self.list_candidates()), None)

    def without(self, item: str | int) -> "State":
        return self._replace(order=tuple(one for one in self.order if one != item))

    def put(self, name: str, place: str | int) -> "State":
        """Let the marker of a name be where another, or a time, is in the order."""
        order = tuple(one for one in self.order if one != name or place == name)
        return self._replace(order=tuple(name if one == place else one for one in order))

    def take_time(self, number: int) -> "State":
        return self._replace(order=(number, *self.order))


class Stage(NamedTuple):
    """Where an operation is.

    `seen` is what it listed, `todo` what is still to be removed or replaced, `left` the session
    whose record will say that it was left.
    """

    label: str
    seen: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    tries: int = 0


Steps: TypeAlias = Iterator[tuple[State, AnyStage]]


class Root:
    """The model of a root, for the checker."""

    initial = State((SESSIONS[0],), frozenset(SESSIONS), frozenset(), None)

    def is_read(self, operation: Operation) -> bool:
        return operation.kind in READS

    def bury(self, state: State, number: int, operation: Operation) -> State:
        """Let go of the lock of a dead process, and of the time that it took."""
        holder = None if state.holder == number else state.holder
        return state.without(number)._replace(holder=holder)

    def advance(self, state: State, number: int, operation: Operation, stage: AnyStage) -> Steps:
        if operation.kind in READS:
            return _read(state, operation, stage)
        now = Stage("start") if stage == START else stage
        assert isinstance(now, Stage)
        if operation.kind in _BY_HAND:
            return _BY_HAND[operation.kind](state, number, operation, now)
        return _STEPS[now.label](state, number, operation, now)


def _read(state: State, operation: Operation, stage: AnyStage) -> Steps:
    if operation.kind != "sessions":
        if operation.answer == state.find_active():
            yield state, DONE
        return
    assert isinstance(operation.answer, tuple)
    rows = [row for row in operation.answer if isinstance(row, tuple)]
    if stage == START:
        active = [name for name, word in rows if word == "active"]
        if {name for name, _ in rows} == state.sessions and active == [
            *state.list_candidates()[:1]
        ]:
            yield state, 0
        return
    assert isinstance(stage, int)
    if stage == len(rows):
        yield state, DONE
    else:
        name, word = rows[stage]
        if word == "active" or (word == "completed") == (name in state.ended):
            yield state, stage + 1


def _answer(state: State, operation: Operation, answer: Answer) -> Steps:
    """End with an answer, letting go of the lock, if that is the one that was given."""
    if not operation.is_known or operation.answer == answer:
        yield state._replace(holder=None), DONE


def _start(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    if now.tries == _TRIES:
        yield from _answer(state, operation, "conflict")
    elif state.holder is None:
        yield state._replace(holder=number), Stage("listed", _look(state), tries=now.tries)


def _look(state: State) -> tuple[str, ...]:
    # Which one is the newest is looked at after this, so the order would only tell apart what
    # is alike.
    return tuple(sorted(state.list_markers()))


def _listed(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Decide, by what was listed, what is to be done."""
    [name] = operation.names
    listed = [one for one in state.list_markers() if one in now.seen]
    candidates = tuple(one for one in listed if one in state.sessions)
    active = candidates[:1]
    is_active = name in active
    closing = state, Stage("closing")
    if operation.kind in _CREATE:
        if name in state.sessions:
            yield from _answer(state, operation, "name-collision")
        else:
            orphans = tuple(one for one in listed if one == name)
            yield state, Stage("remove and place", todo=orphans, left=active)
        return
    if name not in state.sessions:
        yield from _answer(state, operation, "session-not-found")
    elif operation.kind == "complete":
        if is_active:
            yield state, Stage("remove and end", todo=candidates[::-1])
        elif name in state.ended:
            yield closing
        else:
            own = tuple(one for one in candidates if one == name)
            yield state, Stage("remove and end", todo=own)
    elif operation.kind == "reopen":
        if is_active:
            yield closing
        elif name not in state.ended:
            yield from _answer(state, operation, "wrong-state")
        else:
            yield state, Stage("take time", candidates, left=active, tries=now.tries)
    elif name in state.ended and not is_active:
        yield from _answer(state, operation, "wrong-state")
    elif operation.kind == "pause":
        removing = Stage("remove and tell", todo=candidates[::-1], left=(name,))
        yield (state, removing) if is_active else closing
    elif is_active:
        yield closing
    else:
        yield state, Stage("take time", candidates, left=active, tries=now.tries)


def _remove(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Remove the markers that are to be removed, one at a time; then go on."""
    if now.todo:
        yield state.without(now.todo[0]), now._replace(todo=now.todo[1:])
        return
    [name] = operation.names
    if now.label == "remove and end":
        yield state._replace(ended=state.ended | {name}), Stage("closing")
    elif now.label == "remove and place":
        placed = state._replace(sessions=state.sessions | {name})
        is_aside = operation.kind == "create aside"
        yield placed, Stage("closing") if is_aside else Stage("list again", left=now.left)
    else:
        yield from _tell(state, number, operation, now)


def _list_again(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    if now.tries == _TRIES:
        yield from _answer(state, operation, "conflict")
    else:
        yield state, now._replace(label="listed again", seen=_look(state))


def _listed_again(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    seen = tuple(one for one in state.list_candidates() if one in now.seen)
    if seen[:1] == operation.names:
        yield from _tell(state, number, operation, now)
    else:
        yield state, now._replace(label="take time", seen=seen)


def _take_time(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    yield state.take_time(number), now._replace(label="set time" if now.seen else "make")


def _make(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Create the marker, where none was active, unless somebody else did."""
    [name] = operation.names
    if name in state.order:
        yield state, now._replace(label="renew")
    else:
        for made in _insert(state, name):
            yield made, now._replace(label="renew ours")


def _insert(state: State, name: str) -> Iterator[State]:
    """Make a new marker, whose time is the system's and may be a tick of the clock old."""
    for place in range(len(state.order) + 1):
        yield state._replace(order=(*state.order[:place], name, *state.order[place:]))


def _renew(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Give the marker the time that was taken, unless its own is later, or it has gone."""
    [name] = operation.names
    done = Stage("tell", left=now.left)
    if name not in state.order:
        state = state.without(number)
        yield (state, done) if now.label == "renew ours" else _begin_again(state, operation, now)
    elif state.order.index(name) < state.order.index(number):
        yield state.without(number), done
    else:
        yield state.put(name, number), done


def _set_time(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    winner = now.seen[0]
    if winner in state.order:
        yield state.put(winner, number), now._replace(label="rename")
    else:
        yield _begin_again(state.without(number), operation, now)


def _rename(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Rename the winner's marker: the one step by which everybody sees the other session."""
    [name] = operation.names
    winner = now.seen[0]
    if winner in state.order:
        losers = tuple(one for one in now.seen[:0:-1] if one != name)
        yield state.put(name, winner), Stage("remove and tell", todo=losers, left=now.left)
    else:
        yield _begin_again(state, operation, now)


def _begin_again(state: State, operation: Operation, now: Stage) -> tuple[State, AnyStage]:
    if operation.kind in _CREATE:
        return state, Stage("list again", left=now.left, tries=now.tries + 1)
    return state._replace(holder=None), Stage("start", tries=now.tries + 1)


def _tell(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Replace the records, of whom was left and then of whom was entered."""
    if state.ended.isdisjoint(now.left):
        yield state._replace(ended=state.ended - {*operation.names}), Stage("closing")
    else:
        yield state._replace(ended=state.ended - {*now.left}), Stage("tell")


def _closing(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    yield state, Stage("closed", seen=_look(state))


def _closed(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Answer with the state of the session, as it is seen before the lock is let go."""
    [name] = operation.names
    seen = tuple(one for one in state.list_candidates() if one in now.seen)
    word = "completed" if name in state.ended else "paused"
    yield from _answer(state, operation, "active" if seen[:1] == (name,) else word)


_STEPS = {
    "start": _start,
    "listed": _listed,
    "remove and end": _remove,
    "remove and place": _remove,
    "remove and tell": _remove,
    "list again": _list_again,
    "listed again": _listed_again,
    "take time": _take_time,
    "make": _make,
    "renew": _renew,
    "renew ours": _renew,
    "set time": _set_time,
    "rename": _rename,
    "tell": _tell,
    "closing": _closing,
    "closed": _closed,
}


def _touch(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    """Do as `touch` does: look at the clock, make the file if need be, give it that time."""
    [name] = operation.names
    if now.label == "start":
        yield state.take_time(number), Stage("make")
    elif now.label == "make":
        if name in state.order:
            yield state, Stage("set time")
            return
        for made in _insert(state, name):
            yield made, Stage("set time")
    elif name in state.order:
        yield from _say(state.put(name, number), operation, "done")
    else:
        yield from _say(state.without(number), operation, "gone")


def _rm(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    [name] = operation.names
    if name in state.order:
        yield from _say(state.without(name), operation, "done")
    else:
        yield from _say(state, operation, "gone")


def _mv(state: State, number: int, operation: Operation, now: Stage) -> Steps:
    source, target = operation.names
    if source in state.order:
        yield from _say(state.put(target, source), operation, "done")
    else:
        yield from _say(state, operation, "gone")


def _say(state: State, operation: Operation, answer: str) -> Steps:
    if operation.answer == answer:
        yield state, DONE


_BY_HAND = {"touch": _touch, "rm": _rm, "mv": _mv}
