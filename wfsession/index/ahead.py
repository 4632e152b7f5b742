"""The next files read by other processes, while what was read is written.

Imports this room. Reading takes longer than writing, and both hold the interpreter, so threads are
no help. Only where there is much to read, on a system and in a process where forking is safe; and
the answer is the same without.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import frozen

from wfsession.index.rows import Transcript, read_transcript
from wfsession.threads.reader import Reader, ThreadFile

# Imported where processes are started: most questions start none, and each would wait for it.
if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from typing import TypeAlias

    _Futures: TypeAlias = list[Future[dict[str, Transcript | OSError]]]

# So much is read before what was read is committed, and others may write.
_BATCH_BYTES = 8_000_000
_BATCH_FILES = 500
# Up to it, processes take longer to start than they save.
_MUCH_BYTES = 24_000_000
# A longer file is read in pieces, by who writes it.
_LONG_BYTES = 8_000_000
_MOST_PROCESSES = 4
_CHUNK_FILES = 8

_Read = Transcript | OSError | None


@frozen
class Task:
    """A file that has to be read, and how many bytes of it that seems to be.

    `is_whole` tells that it is a transcript, and is read from its beginning.
    """

    file: ThreadFile
    size_bytes: int
    is_whole: bool


Batch = list[tuple[Task, _Read]]


def split(tasks: list[Task]) -> Iterator[list[Task]]:
    """Yield the tasks of one transaction after the other."""
    batch: list[Task] = []
    size = 0
    for task in tasks:
        batch.append(task)
        size += task.size_bytes
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def read_ahead(reader: Reader, batches: list[list[Task]]) -> Iterator[Iterator[Batch]]:
    """Give the batches, one after the other, with what was read of them.

    At most two batches are held. What was not read comes with None, and is read by who asks.
    """
    size = sum(task.size_bytes for batch in batches for task in batch if _is_for_others(task))
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    # Of a process with several threads, a fork may inherit locks that nobody opens any more.
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    if size <= _MUCH_BYTES or processes < 2 or not is_safe:
        yield ([(task, None) for task in batch] for batch in batches)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(processes, mp_context=get_context("fork"))
    try:
        yield _read_batches(pool, reader, batches)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _is_for_others(task: Task) -> bool:
    return task.is_whole and task.size_bytes <= _LONG_BYTES


def _read_batches(
    pool: "ProcessPoolExecutor", reader: Reader, batches: list[list[Task]]
) -> Iterator[Batch]:
    from concurrent.futures.process import BrokenProcessPool

    following = _submit(pool, reader, batches[0])
    for number, batch in enumerate(batches):
        started = following
        if number + 1 < len(batches):
            following = _submit(pool, reader, batches[number + 1])
        read: dict[str, Transcript | OSError] = {}
        for future in started:
            try:
                read.update(future.result())
            except BrokenProcessPool:
                # Somebody ended one of the processes: the rest is read here.
                break
        yield [(task, read.get(task.file.path)) for task in batch]


def _submit(pool: "ProcessPoolExecutor", reader: Reader, batch: list[Task]) -> "_Futures":
    from concurrent.futures.process import BrokenProcessPool

    paths = [task.file.path for task in batch if _is_for_others(task)]
    chunks = [paths[start : start + _CHUNK_FILES] for start in range(0, len(paths), _CHUNK_FILES)]
    try:
        return [pool.submit(_read_chunk, reader, chunk) for chunk in chunks]
    except BrokenProcessPool:
        return []


def _read_chunk(reader: Reader, paths: list[str]) -> dict[str, Transcript | OSError]:
    return {path: read_transcript(reader, path) for path in paths}
