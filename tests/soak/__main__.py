"""Run the long tests, kills, histories and inputs, for a given time.

Prints what was done, or stops at the first violation with what is needed to look at it and exit
status 1. The seed repeats what the processes do and which inputs are drawn, not how they meet.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import count, cycle
from pathlib import Path
from random import Random

from tests.soak import histories, inputs, kills
from wfsession.core import disk

# Which part of the time is for what; the rest is for inputs.
_KILLS, _HISTORIES = 0.45, 0.25
# No file of tests gets more than this part of the time for inputs, so that others come too.
_INPUTS_OF_A_FILE = 0.25


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/soak", description=__doc__)
    parser.add_argument("seconds", type=float, help="how long, within some seconds")
    parser.add_argument("seed", nargs="?", default=os.urandom(4).hex(), help="any word")
    arguments = parser.parse_args()
    seed, seconds = arguments.seed, arguments.seconds
    print(f"seed {seed}, {os.cpu_count()} processors, {platform.platform()}", flush=True)
    place = Path(tempfile.mkdtemp(prefix="wfsession-soak-"))
    for name in ("WF_SESSION", "WF_ROOT", "WF_THREAD"):
        os.environ.pop(name, None)
    try:
        _kill(place / "yard", seed, seconds * _KILLS)
        _meet(place / "history", seed, seconds * _HISTORIES)
        _try_inputs(seed, seconds * (1 - _KILLS - _HISTORIES))
    except AssertionError as error:
        print(f"violated, with seed {seed}:\n{error}", file=sys.stderr)
        return 1
    shutil.rmtree(place)
    return 0


def _repeat(act: Callable[[], None], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        act()


def _kill(place: Path, seed: str, seconds: float) -> None:
    figures = kills.Figures()
    _repeat(kills.Yard(place, seed, figures).play_round, seconds)
    print(figures, flush=True)


def _meet(place: Path, seed: str, seconds: float) -> None:
    figures = histories.Figures()
    # What other processes see hangs on no sync, which would be most of the time.
    real, disk._sync_descriptor = disk._sync_descriptor, lambda descriptor: None
    try:
        _repeat(partial(histories.play_round, place, seed, figures), seconds)
    finally:
        disk._sync_descriptor = real
    print(figures, flush=True)


def _try_inputs(seed: str, seconds: float) -> None:
    figures = inputs.Figures()
    end = time.monotonic() + seconds
    for number, path in zip(count(), cycle(inputs.list_files(seed))):
        if time.monotonic() >= end:
            break
        own_seed = Random(f"{seed} {number}").getrandbits(31)
        limit_s = min(end - time.monotonic(), seconds * _INPUTS_OF_A_FILE)
        inputs.run_file(path, own_seed, limit_s, figures)
    print(figures, flush=True)


if __name__ == "__main__":
    sys.exit(main())
