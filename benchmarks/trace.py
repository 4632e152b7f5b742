"""Measure what it takes to take in conversations: throughput, replays, four at once, and memory.

    python -m benchmarks.trace [--messages N] [--megabytes N]

A message has a part of 300 bytes of text. The figures are of one run each, as they are long.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import Process
from pathlib import Path

from benchmarks.clock import measure_memory_mb
from benchmarks.lab import REPOSITORY
from wfsession.trace.book import Patience
from wfsession.trace.envelopes import read_envelope
from wfsession.trace.intake import Intake

_TEXT = 'the line "x" of a text,\n' * 12
_PATIENCE = Patience()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--only-large", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_large:
        _take(options.only_large, _make_large(options.megabytes))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = _make_root(Path(folder) / "one")
        _tell("taking in", options.messages, lambda: _take(root, _make(0, options.messages)))
        _tell("the same again", options.messages, lambda: _take(root, _make(0, options.messages)))
        _tell("one more message", 1, lambda: _take(root, _make(options.messages, 1)))
        size = (root / "WFS-a/.conversation/opencode--s1.jsonl").stat().st_size
        print(f"{'its file then':32} {size / 1e6:10.1f} MB")
        root = _make_root(Path(folder) / "four")
        _tell("four writers, 500 at a time", options.messages, lambda: _take_by_four(root, options))
        root = _make_root(Path(folder) / "large")
        words = ["-m", "benchmarks.trace", "--only-large", str(root)]
        words += ["--megabytes", str(options.megabytes)]
        started = time.monotonic()
        peak = measure_memory_mb([sys.executable, *words], REPOSITORY, os.environ)
        taken = time.monotonic() - started
        print(
            f"{f'an envelope of {options.megabytes} MB':32} {taken:10.1f} s, {peak:.0f} MB at most"
        )


def _tell(what: str, number: int, act: object) -> None:
    started = time.monotonic()
    assert callable(act)
    act()
    taken = time.monotonic() - started
    print(f"{what:32} {taken:10.3f} s {number / taken:12,.0f} messages a second")


def _make_root(project: Path) -> Path:
    root = project / ".workflow"
    (root / "WFS-a").mkdir(parents=True)
    (root / ".threads").mkdir()
    (root / ".threads" / "opencode--s1").write_text("WFS-a\n")
    return root


def _make_items(first: int, number: int) -> Iterator[bytes]:
    for n in range(first, first + number):
        told = {"session_id": "s1", "message_id": f"m{n}", "generated_at_unix_ms": n}
        yield json.dumps({"type": "message", **told, "role": "user"}).encode()
        said = {"type": "message.part", **told, "part_type": "text", "text": f"{n} {_TEXT}"}
        yield json.dumps(said).encode()


def _make(first: int, number: int) -> Iterator[bytes]:
    yield b'{"tool_name":"opencode","payloads":['
    for place, item in enumerate(_make_items(first, number)):
        yield b"," + item if place else item
    yield b"]}"


def _make_large(megabytes: int) -> Iterator[bytes]:
    yield b'{"tool_name":"opencode","payloads":['
    text = "x" * 1_000_000
    for n in range(megabytes):
        told = {"session_id": "s1", "message_id": f"m{n}", "generated_at_unix_ms": n}
        said = {"type": "message.part", **told, "part_type": "text", "text": f"{n} {text}"}
        yield (b"," if n else b"") + json.dumps(said).encode()
    yield b"]}"


def _take(root: Path, pieces: Iterator[bytes]) -> None:
    intake = Intake(str(root), _PATIENCE)
    for batch in read_envelope(lambda _: next(pieces, b""), 0):
        intake.take(batch)
    assert not intake.counts.skipped


def _take_by_four(root: Path, options: argparse.Namespace) -> None:
    def write(writer: int) -> None:
        intake = Intake(str(root), _PATIENCE)
        share = options.messages // 4
        for first in range(writer * share, (writer + 1) * share, 500):
            pieces = _make(first, 500)
            for batch in read_envelope(lambda _, pieces=pieces: next(pieces, b""), 0):  # type: ignore[misc]  # bound at once
                intake.take(batch)

    writers = [Process(target=write, args=(number,)) for number in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()


if __name__ == "__main__":
    main()
