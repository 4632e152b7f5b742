"""What the protocol assumes of a disk when several processes work on it at once, checked."""

import time

from wfsession.core.bystander import (
    RECORD,
    can_take,
    claim,
    make_body,
    make_lock,
    name_marker,
)
from wfsession.core.trial import Assumption, Seen, Trial

_FOR_S = 0.4
_RENAMES = 20_000
_REPLACES = 400
_CLAIMS = 200
# A server may need a moment to see that a process has gone.
_RELEASE_S = 3.0


def check_rename(trial: Trial) -> Seen:
    """Rename a marker on and on while another process looks after it."""
    done = 0

    def rename() -> None:
        nonlocal done
        ends = time.monotonic() + _FOR_S
        while done < _RENAMES and time.monotonic() < ends:
            trial.folder.replace(name_marker(done), name_marker(done + 1))
            done += 1

    trial.folder.create_marker(name_marker(0))
    looks, gaps = trial.others[0].watch(rename, "watch_marker", _RENAMES)
    numbers = {name_marker(number) for number in range(_RENAMES + 1)}
    left = len(numbers & set(trial.folder.list_names()))
    how = f"renamed {done:,} times while another process looked {looks:,} times"
    if gaps:
        return Seen(False, f"a marker was {how}, and {gaps:,} times it had no name")
    if left != 1:
        return Seen(False, f"a marker was {how}, and has {left} names now")
    return Seen(True, f"a marker was {how}, and was always there")


def check_replace(trial: Trial) -> Seen:
    """Replace a file on and on while another process reads it."""
    done = 0

    def replace() -> None:
        nonlocal done
        ends = time.monotonic() + _FOR_S
        while done < _REPLACES and time.monotonic() < ends:
            done += 1
            trial.folder.create("next-record", make_body(done))
            trial.folder.replace("next-record", RECORD)

    trial.folder.create(RECORD, make_body(0))
    looks, gaps, torn = trial.others[0].watch(replace, "watch_record")
    how = f"a file was replaced {done:,} times while another process read it {looks:,} times"
    if gaps or torn:
        return Seen(False, f"{how}; {gaps:,} times it was not there, {torn:,} times not whole")
    return Seen(True, f"{how}, each time whole")


def check_exclusive(trial: Trial) -> Seen:
    """Let three processes create the same names, one of them from the other end."""
    names = [f"claimed-{number}" for number in range(_CLAIMS)]
    one, other = trial.others
    mine: list[str] = []
    theirs: list[list[str]] = []

    def compete() -> None:
        theirs.append(one.watch(lambda: mine.extend(claim(trial.folder, names)), "claim", names))

    theirs.append(other.watch(compete, "claim", names[::-1]))
    made = sorted([*mine, *theirs[0], *theirs[1]])
    twice = len(made) - len(set(made))
    how = f"three processes created {_CLAIMS} names at once"
    if twice:
        return Seen(False, f"{how}; {twice} of them were created more than once")
    return Seen(made == sorted(names), f"{how}, each by one of them")


def check_lock(trial: Trial) -> Seen:
    """Hold the lock while another process tries to take it."""
    lock = make_lock(trial.folder)
    if not can_take(lock):
        return Seen(False, "nobody held the lock, and it could not be taken")
    taken = trial.others[1].watch(lambda: None, "take_lock")
    lock.release()
    did = "took the lock" if taken else "was refused the lock"
    return Seen(not taken, f"another process {did} while this one held it")


def check_own_lock(trial: Trial) -> Seen:
    """Hold the lock while this process opens it a second time."""
    first, second = make_lock(trial.folder), make_lock(trial.folder)
    taken = can_take(first) and can_take(second)
    first.release()
    second.release()
    did = "was taken twice by one process" if taken else "was refused to a second thread"
    return Seen(not taken, f"the lock {did}")


def check_killed(trial: Trial) -> Seen:
    """Kill another process while it holds the lock; it is of no use to other checks then."""
    if not trial.others[0].watch(lambda: None, "take_lock"):
        return Seen(False, "nobody held the lock, and another process could not take it")
    lock = make_lock(trial.folder)
    if can_take(lock):
        return Seen(None, "another process held the lock, and this one took it all the same")
    trial.others[0].kill()
    free = can_take(lock, _RELEASE_S)
    lock.release()
    when = "was free" if free else f"was still held {_RELEASE_S:g} s"
    return Seen(free, f"the lock {when} after the process that held it was killed")


_WRITERS = "two writers never work at once"
TOGETHER = (
    Assumption("renaming-is-one-step", "a switch never shows none or two", check_rename),
    Assumption("replacing-is-one-step", "a reader never sees half a record", check_replace),
    Assumption("creating-is-exclusive", "two never make one name", check_exclusive),
    Assumption("locks-exclude-processes", _WRITERS, check_lock),
    Assumption("locks-exclude-threads", _WRITERS, check_own_lock),
    Assumption("locks-end-with-their-process", "who is killed keeps nobody waiting", check_killed),
)
