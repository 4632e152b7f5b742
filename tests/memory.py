"""Memory that is a file system, for tests that make very many small files."""

import os

_MEMORY = "/dev/shm"


def find_memory() -> str | None:
    """Return a directory in memory; None where there is none, as `tempfile` takes it."""
    return _MEMORY if os.access(_MEMORY, os.W_OK) else None
