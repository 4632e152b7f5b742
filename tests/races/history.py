"""What several processes did to one root, with the times, as each of them wrote it down itself.

A process appends to a file of its own, so that nothing but the root is shared; the clock,
CLOCK_MONOTONIC, is one for all processes of a machine. A history can be kept in a file, and read
from it again.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

# What an operation answers: a name, a word, a table; all that JSON can hold, lists as tuples.
Answer = str | None | tuple["Answer", ...]


@attrs.frozen
class Operation:
    """One operation: who did what from when to when, and what came of it.

    `start_ns` and `end_ns` are of the monotonic clock. Of one whose process died in it, `end_ns`
    is when the process was seen to be dead, `is_known` is False, and `answer` means nothing.
    """

    process: str
    kind: str
    names: tuple[str, ...]
    start_ns: int
    end_ns: int
    answer: Answer = None
    is_known: bool = True

    def __str__(self) -> str:
        said = json.dumps(self.answer, ensure_ascii=False) if self.is_known else "died"
        took = f"{self.start_ns / 1e6:.3f}-{self.end_ns / 1e6:.3f} ms"
        return f"{took} {self.process}: {self.kind} {' '.join(self.names)} -> {said}"


class Log:
    """The file of one process: a line before each operation, and one after it."""

    def __init__(self, folder: Path, process: str) -> None:
        self._path = folder / f"{process}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def record(self, kind: str, names: tuple[str, ...], act: Callable[[], Answer]) -> None:
        """Do an operation, and write down when and with which answer."""
        self._write([kind, names, time.monotonic_ns()])
        start_ns = time.monotonic_ns()
        answer = act()
        end_ns = time.monotonic_ns()
        self._write([start_ns, end_ns, answer])

    def tell_death(self) -> None:
        """Write that the process which used this file is dead."""
        self._write([time.monotonic_ns()])

    def _write(self, line: object) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read_logs(folder: Path) -> tuple[Operation, ...]:
    """Return what the processes wrote into the files of a folder, by the time of the start."""
    found: list[Operation] = []
    for path in sorted(folder.glob("*.jsonl")):
        found += _parse_log(path.stem, [json.loads(line) for line in path.read_text().splitlines()])
    return _sort(found)


def _parse_log(process: str, lines: list[list]) -> Iterable[Operation]:
    begun: list | None = None
    for line in lines:
        if len(line) == 1:
            if begun is not None:
                kind, names, start_ns = begun
                yield Operation(process, kind, tuple(names), start_ns, line[0], is_known=False)
            return
        if begun is None:
            begun = line
            continue
        (kind, names, _), (start_ns, end_ns, answer) = begun, line
        yield Operation(process, kind, tuple(names), start_ns, end_ns, _freeze(answer))
        begun = None
    assert begun is None, f"{process} neither ended nor died"


def _freeze(answer: object) -> Answer:
    if isinstance(answer, list):
        return tuple(_freeze(item) for item in answer)
    assert answer is None or isinstance(answer, str)
    return answer


def _sort(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    return tuple(sorted(operations, key=lambda one: (one.start_ns, one.end_ns)))


def encode_history(operations: tuple[Operation, ...]) -> str:
    """Return a history as lines of JSON, one for each operation."""
    return "".join(json.dumps(attrs.astuple(one, recurse=False)) + "\n" for one in operations)


def parse_history(text: str) -> tuple[Operation, ...]:
    """Return the history that `encode_history` made a text of."""
    found = []
    for line in text.splitlines():
        process, kind, names, start_ns, end_ns, answer, is_known = json.loads(line)
        operation = Operation(process, kind, tuple(names), start_ns, end_ns, _freeze(answer))
        found.append(attrs.evolve(operation, is_known=is_known))
    return _sort(found)


def measure_overlap(operations: tuple[Operation, ...]) -> float:
    """Return which share of the operations overlaps in time with one of another process."""
    overlapping = set()
    for number, one in enumerate(operations):
        for other_number in range(number + 1, len(operations)):
            other = operations[other_number]
            if other.start_ns > one.end_ns:
                break
            if other.process != one.process:
                overlapping |= {number, other_number}
    return len(overlapping) / len(operations)
