"""Measure what it takes to take in conversations: throughput, replays, four at once, and memory.

    python -m benchmarks.trace [--messages N] [--megabytes N] [--page FILE]

A message has a part of 300 bytes of text. Against each stands what it takes to append the lines
that came of it to a file, durable, in pieces as large. The figures are of one run each, as they are
long; with --page they are written there.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import Process
from pathlib import Path

import attrs

from benchmarks.clock import measure_memory_mb
from benchmarks.lab import REPOSITORY
from benchmarks.page import fill_in, tell_machine
from wfsession.trace.book import Patience
from wfsession.trace.envelopes import read_envelope
from wfsession.trace.intake import Intake

_TEXT = 'the line "x" of a text,\n' * 12
_PATIENCE = Patience()
_AT_ONCE = 500
_CONVERSATION = "WFS-a/.conversation/opencode--s1.jsonl"


@attrs.frozen
class Rate:
    """How long so many messages took, and to append their lines; None where that says nothing."""

    what: str
    messages: int
    taken_s: float
    append_s: float | None = None


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trace", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--page", type=Path, help="where the figures go, beside the terminal")
    parser.add_argument("--only", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        kind, root = options.only
        made = _make_large(options.megabytes) if kind == "large" else _make(0, options.messages)
        _take(Path(root), made)
        return
    with tempfile.TemporaryDirectory() as folder:
        rates = _measure_rates(Path(folder), options.messages)
        memory = _measure_memory(Path(folder), options)
        parts = {
            "machine of intake": tell_machine(tempfile.gettempdir(), 1),
            "intake": _tell_rates(rates),
            "memory of intake": _tell_memory(memory),
        }
    print("\n\n".join(parts.values()))
    if options.page:
        fill_in(options.page, parts)


def _measure_rates(folder: Path, messages: int) -> list[Rate]:
    root = _make_root(folder / "one")
    made = list(_make(0, messages))
    rates = [
        Rate("one envelope", messages, _time(lambda: _take(root, iter(made)))),
        Rate("the same again", messages, _time(lambda: _take(root, iter(made)))),
        Rate("one more message", 1, _time(lambda: _take(root, _make(messages, 1)))),
    ]
    lines = (root / _CONVERSATION).read_bytes().splitlines(keepends=True)[:-2]
    # As the batches of an envelope are.
    append_s = _time(
        lambda: _append(folder / "plain", lines, len(lines) * 1_000_000 // _size(lines))
    )
    rates[0] = attrs.evolve(rates[0], append_s=append_s)
    four = _make_root(folder / "four")
    envelopes = [list(_make(first, _AT_ONCE)) for first in range(0, messages, _AT_ONCE)]
    taken_s = _time(lambda: _take_by_four(four, envelopes))
    kept = (four / _CONVERSATION).read_bytes().splitlines(keepends=True)
    assert len(kept) == len(set(kept)) == 2 * _AT_ONCE * len(envelopes)
    append_s = _time(lambda: _append(folder / "by four", kept, 2 * _AT_ONCE))
    what = f"four writers at once, {_AT_ONCE} at a time"
    return [*rates, Rate(what, messages, taken_s, append_s)]


def _measure_memory(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    memory = {
        "bare interpreter": measure_memory_mb([sys.executable, "-c", ""], REPOSITORY, os.environ)
    }
    for what, kind, messages in (
        ("1,000 messages", "few", 1_000),
        (f"{options.messages:,} messages", "many", options.messages),
        (f"an envelope of {options.megabytes} MB", "large", 1),
    ):
        root = _make_root(folder / kind)
        words = ["-m", "benchmarks.trace", "--only", kind, str(root)]
        words += ["--messages", str(messages), "--megabytes", str(options.megabytes)]
        memory[what] = measure_memory_mb([sys.executable, *words], REPOSITORY, os.environ)
    return memory


def _time(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def _size(lines: list[bytes]) -> int:
    return sum(map(len, lines))


def _append(path: Path, lines: list[bytes], at_once: int) -> None:
    for start in range(0, len(lines), at_once):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, b"".join(lines[start : start + at_once]))
        os.fsync(descriptor)
        os.close(descriptor)


def _tell_rates(rates: list[Rate]) -> str:
    lines = ["| what | s | messages/s | appending the lines, s | ratio |", "|---|---|---|---|---|"]
    for one in rates:
        against = "| | |"
        if one.append_s is not None:
            against = f"| {one.append_s:.2f} | {one.taken_s / one.append_s:.1f} |"
        rate = one.messages / one.taken_s
        lines.append(f"| {one.what} | {one.taken_s:.3g} | {rate:,.0f} {against}")
    return "\n".join(lines)


def _tell_memory(memory: dict[str, float]) -> str:
    lines = ["| a process that takes in | MB |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {size:.0f} |" for name, size in memory.items())])


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
    for batch in read_envelope(partial(_read_next, pieces), 0):
        intake.take(batch)
    assert not intake.counts.skipped


def _take_by_four(root: Path, envelopes: list[list[bytes]]) -> None:
    def write(writer: int) -> None:
        intake = Intake(str(root), _PATIENCE)
        for made in envelopes[writer::4]:
            for batch in read_envelope(partial(_read_next, iter(made)), 0):
                intake.take(batch)
        assert not intake.counts.skipped

    writers = [Process(target=write, args=(number,)) for number in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
        assert one.exitcode == 0


def _read_next(pieces: Iterator[bytes], size: int) -> bytes:
    return next(pieces, b"")


if __name__ == "__main__":
    main()
