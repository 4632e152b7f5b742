"""What the protocol assumes of a disk's time stamps, checked."""

import time
from collections.abc import Callable
from itertools import groupby

from attrs import frozen

from wfsession.core.markers import COARSE_GRAIN_NS, GRAIN_NS
from wfsession.core.trial import OLD_NS, Assumption, Seen, Trial

_SECOND_NS = 1_000_000_000
_ODD_NS = 1_864_197_531
_TICKING_NS = 100_000_000
_LATER = "of two markers, the one made later counts"
_NOTICED = "a reader notices what moves while it looks"


def tell_ns(span_ns: int) -> str:
    """Return a span as people write it: `0 ns`, `4 ms`, `2.5 s`."""
    for unit_ns, unit in ((_SECOND_NS, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if abs(span_ns) >= unit_ns:
            value = span_ns / unit_ns
            return f"{value:,.0f} {unit}" if abs(value) >= 100 else f"{value:.3g} {unit}"
    return f"{span_ns} ns"


def check_kept(trial: Trial) -> Seen:
    """Set times to the nanosecond, and read them again."""
    trial.folder.create_marker("dated")
    off_ns = 0
    for moment_ns in (OLD_NS, OLD_NS + _ODD_NS):
        trial.folder.set_mtime("dated", moment_ns)
        off_ns = max(off_ns, abs(trial.folder.stat("dated").st_mtime_ns - moment_ns))
    text = "to the nanosecond" if not off_ns else f"{tell_ns(off_ns)} away"
    return Seen(off_ns < GRAIN_NS, f"a time that was set was read again {text}")


def check_renamed(trial: Trial) -> Seen:
    """Rename a file with an old time."""
    trial.folder.create_marker("old-time")
    trial.folder.set_mtime("old-time", OLD_NS)
    before_ns = trial.folder.stat("old-time").st_mtime_ns
    trial.folder.replace("old-time", "old-time-renamed")
    kept = trial.folder.stat("old-time-renamed").st_mtime_ns == before_ns
    return Seen(kept, f"a file that was renamed {'kept its' if kept else 'got another'} time")


def check_noticed(trial: Trial) -> Seen:
    """Change the names in a directory in each way, and see whether its time moves."""
    trial.folder.make("noticed")
    unnoticed = []
    with trial.folder.child("noticed") as inner:
        changes: dict[str, Callable[[], object]] = {
            "a new file": lambda: inner.create_marker("a"),
            "a renamed file": lambda: inner.replace("a", "b"),
            "a removed file": lambda: inner.unlink("b"),
            "a new directory": lambda: inner.make("c"),
            "a renamed directory": lambda: inner.replace("c", "d"),
            "a removed directory": lambda: inner.remove("d"),
        }
        for what, change in changes.items():
            trial.folder.set_mtime("noticed", OLD_NS)
            before_ns = inner.read_status().st_mtime_ns
            change()
            if inner.read_status().st_mtime_ns == before_ns:
                unnoticed.append(what)
    moved = f"{len(changes)} kinds of changes each moved the time of their directory"
    return Seen(
        not unnoticed, f"its time stood still at {', '.join(unnoticed)}" if unnoticed else moved
    )


@frozen
class Change:
    """A change of a directory: between which two moments it was made, and its stamp, in ns."""

    before_ns: int
    after_ns: int
    stamp_ns: int


def check_tick(trial: Trial) -> Seen:
    """Change a directory for a while, and see for how long its time stands still."""
    trial.folder.make("ticking")
    changes: list[Change] = []
    with trial.folder.child("ticking") as inner:
        ends_ns = time.monotonic_ns() + _TICKING_NS
        while (before_ns := time.monotonic_ns()) < ends_ns:
            inner.create_marker("tick")
            after_ns = time.monotonic_ns()
            changes.append(Change(before_ns, after_ns, inner.read_status().st_mtime_ns))
            inner.unlink("tick")
    return judge_ticks(changes)


def judge_ticks(changes: list[Change]) -> Seen:
    """Say for how long a directory's time stood still, for certain, though it was changed."""
    many = f"while {len(changes):,} changes were made"
    if all(change.stamp_ns % _SECOND_NS == 0 for change in changes):
        return Seen(True, f"a directory's time has whole seconds, which is reckoned with, {many}")
    still_ns = 0
    for _, alike in groupby(changes, key=lambda change: change.stamp_ns):
        first, *later = alike
        if later:
            still_ns = max(still_ns, later[-1].before_ns - first.after_ns)
    text = f"a directory's time stood still for {tell_ns(still_ns)} at the most {many}"
    return Seen(still_ns <= GRAIN_NS, text)


def check_clock(trial: Trial) -> Seen:
    """Compare the clock that stamps files with this machine's."""
    before_ns = time.time_ns()
    trial.folder.create_marker("clock")
    after_ns = time.time_ns()
    return judge_clock(trial.folder.stat("clock").st_mtime_ns, before_ns, after_ns)


def judge_clock(stamp_ns: int, before_ns: int, after_ns: int) -> Seen:
    """Say how far a file's stamp is from the moment of its making, which lies between two."""
    is_coarse = stamp_ns % _SECOND_NS == 0
    grain_ns = COARSE_GRAIN_NS if is_coarse else GRAIN_NS
    # Positive where the disk's clock is ahead.
    off_ns = max(stamp_ns - after_ns, 0) or min(stamp_ns - before_ns, 0)
    way = "ahead of" if off_ns > 0 else "behind"
    text = f"the time of a new file was {tell_ns(abs(off_ns))} {way} this machine's clock"
    return Seen(abs(off_ns) <= grain_ns, text)


TIMES = (
    Assumption("times-are-kept", _LATER, check_kept),
    Assumption("renaming-keeps-the-time", _LATER, check_renamed),
    Assumption("clocks-agree", _LATER, check_clock),
    Assumption("directories-change-their-time", _NOTICED, check_noticed),
    Assumption("directory-times-are-fine", _NOTICED, check_tick),
)
