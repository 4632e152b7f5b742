"""What agents wrote, as the sessions of a root keep it: patch parts of their conversations. Reads.

A session's `.conversation/<agent>--<id>.jsonl` has a JSON object a line. Those of a patch are
`{"v":1,"kind":"part","session_id","message_id","part_type":"patch","text","generated_at_unix_ms",
"hash"}`, with `model_id` where it is known, and `path` where the text has hunks without a file's
name; the text is a diff, or what Codex gave its `apply_patch`. Lines of other kinds are passed
over; so is a line that came twice.
"""

import os
from collections.abc import Collection, Iterator

from attrs import frozen

from wfsession.core import layout
from wfsession.core.disk import Folder, is_regular
from wfsession.core.jsontext import parse_json
from wfsession.core.locate import open_root
from wfsession.core.names import find_thread_fault, is_session_name, nfc
from wfsession.errors import UnsafePath
from wfsession.trace.apply_patch import parse_apply_patch
from wfsession.trace.item import SUFFIX, VERSION
from wfsession.trace.patch import Author, Written
from wfsession.trace.patches import Unparsed, parse_patch
from wfsession.trace.paths import quote

# What stands in each line of a patch, and in few others.
_SIGN = b'"patch"'
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@frozen
class Store:
    """What agents wrote that could be read, and how many of their patches could not."""

    written: tuple[Written, ...] = ()
    unparsed: int = 0


def read_written(root_path: str, paths: Collection[str] | None = None) -> Store:
    """Read what agents wrote in all sessions of a root, the archived among them.

    Args:
        root_path: the root.
        paths: the files that are asked for; patches that cannot be about any may be left out.

    Raises:
        RootNotFound, UnsafePath, DiskFailed: the root cannot be read.
    """
    names = None if paths is None else _make_names(paths)
    written: list[Written] = []
    unparsed = 0
    with open_root(root_path) as root:
        for session, thread, path in _list_conversations(root):
            # A part that came twice is the same line.
            for line in dict.fromkeys(_read_lines(path, names)):
                one = _parse_line(line, session, thread)
                if isinstance(one, Unparsed):
                    unparsed += 1
                elif one is not None:
                    written.append(one)
    return Store(tuple(written), unparsed)


def _make_names(paths: Collection[str]) -> tuple[bytes, ...] | None:
    """Return what is in any patch of these files; None where that cannot be told beforehand."""
    names = {path.rpartition("/")[2] for path in paths}
    # Others stand there with escapes, of git's or of JSON's.
    is_plain = all(quote(name) == name and '"' not in name for name in names)
    return tuple(sorted(name.encode() for name in names)) if is_plain else None


def _list_conversations(root: Folder) -> Iterator[tuple[str, str, str]]:
    """Yield session, thread and path of each conversation in a root."""
    yield from _list_below(root)
    try:
        with root.child(layout.COMPLETED) as completed:
            yield from _list_below(completed)
    except (FileNotFoundError, UnsafePath):
        pass  # nothing is archived


def _list_below(folder: Folder) -> Iterator[tuple[str, str, str]]:
    for name in sorted(folder.list_names()):
        if not is_session_name(name):
            continue
        try:
            with folder.child(name) as session, session.child(layout.CONVERSATION) as conversations:
                files = sorted(conversations.list_names())
        except (FileNotFoundError, UnsafePath, PermissionError):
            continue  # no session, or one without a conversation, or not ours to read
        for file in files:
            thread = file.removesuffix(SUFFIX)
            if file.endswith(SUFFIX) and not find_thread_fault(thread):
                yield nfc(name), thread, os.path.join(conversations.path, file)


def _read_lines(path: str, names: tuple[bytes, ...] | None) -> Iterator[bytes]:
    """Yield the lines of a conversation that may hold a patch of these files; never all at once."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError:
        return  # a symlink, or gone since, or not ours to read
    if not is_regular(os.fstat(descriptor)):
        os.close(descriptor)
        return
    with open(descriptor, "rb") as file:
        for line in file:
            is_about = names is None or any(name in line for name in names)
            # Without its end it is still being written.
            if is_about and _SIGN in line and line.endswith(b"\n"):
                yield line


def _parse_line(line: bytes, session: str, thread: str) -> Written | Unparsed | None:
    """Return the patch of a line, why it is none, or None where it is of another kind."""
    try:
        part = parse_json(line)
    except ValueError:
        return Unparsed("it is no JSON")
    if not isinstance(part, dict) or part.get("part_type") != "patch":
        return None
    text, at_ms = part.get("text"), part.get("generated_at_unix_ms")
    if part.get("v") != VERSION or not isinstance(text, str) or type(at_ms) is not int:
        return Unparsed("it is of another format")
    model, path = part.get("model_id"), part.get("path")
    author = Author(session, thread, model if isinstance(model, str) else "")
    patch = parse_apply_patch(text, author)
    if isinstance(patch, Unparsed):
        patch = parse_patch(text, path if isinstance(path, str) else "", author)
    return patch if isinstance(patch, Unparsed) else Written(author, at_ms, patch)
