"""What lies in a directory of ours, and small files, replaced as a whole by the hands of `core`."""

import os

from wfsession.core.disk import Folder, make_directories
from wfsession.errors import as_wf_error


def replace_file(path: str, data: bytes, staged_in: str = "") -> None:
    """Write a file as a whole, with the directories above it.

    Args:
        path: the file.
        data: all of its bytes.
        staged_in: the directory where it is put together, on the same disk; the file's own if
            empty.

    Raises:
        UnsafePath, DiskFailed: it cannot be written.

    On crash: the file is as before or as after; what was put together lies beside, and goes with
    the next time.
    """
    directory, name = os.path.split(path)
    prefix = f".{os.path.basename(directory) if staged_in else ''}{name}."
    temporary = f"{prefix}{os.getpid()}"
    try:
        with (
            make_directories(directory) as folder,
            make_directories(staged_in or directory) as staging,
        ):
            _drop_abandoned(staging, prefix)
            staging.create(temporary, data)
            staging.replace(temporary, name, folder)
            folder.sync()
    except OSError as error:
        raise as_wf_error(path, error) from None


def list_entries(directory: str) -> list[str]:
    """Return the names in a directory, sorted; none where there is no directory.

    Raises:
        DiskFailed: it cannot be read.
    """
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise as_wf_error(directory, error) from None


def _drop_abandoned(folder: Folder, prefix: str) -> None:
    """Remove what processes left that are gone; the number behind the prefix is theirs."""
    for name in folder.list_names():
        number = name.removeprefix(prefix)
        if name != number and number.isdecimal() and not _is_another(int(number)):
            folder.unlink(name)


def _is_another(process: int) -> bool:
    """Tell whether there is another process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return process != os.getpid()
