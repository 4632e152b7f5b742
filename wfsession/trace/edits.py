"""Agents' edits as patches: what tools of Claude Code did, and Codex's `apply_patch`. Pure.

Numbers of lines are those of the file where the event tells them, else 0: not known.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wfsession.trace.item import show
from wfsession.trace.patch import Author, Hunk, Line, Patch, PatchFile
from wfsession.trace.patches import Unparsed

_TOOLS = frozenset({"Write", "Edit", "MultiEdit", "NotebookEdit"})


def make_claude_patch(event: Mapping[str, Any], author: Author | None = None) -> Patch | Unparsed:
    """Return what a tool of Claude Code did, from the event of its hook.

    Args:
        event: `tool_name`, `tool_input`, and `tool_response` where there is one.
        author: whoever is to have written the lines.

    Returns:
        The patch of one file, which has no hunks where nothing changed; or why there is none.
    """
    tool, given = event.get("tool_name"), _object(event.get("tool_input"))
    told = _object(event.get("tool_response"))
    path = given.get("notebook_path" if tool == "NotebookEdit" else "file_path")
    if not isinstance(tool, str) or tool not in _TOOLS:
        return Unparsed(f"{show(tool)} is no tool that edits")
    if not isinstance(path, str) or not path:
        return Unparsed(f"{tool} names no file")
    structured = told.get("structuredPatch")
    before, after = _find_whole(tool, given, told)
    if isinstance(structured, list) and structured:
        hunks = tuple(filter(None, (_read_structured(one, author) for one in structured)))
        if len(hunks) != len(structured):
            return Unparsed(f"{tool} tells of a hunk that is none")
    elif after is not None:
        hunks = tuple(_compare(before or "", after, author))
    else:
        hunks = tuple(_read_replacements(given, author))
    is_new = told.get("type") == "create" or (tool == "Write" and before is None and not structured)
    file = PatchFile(None if is_new else path, path, "added" if is_new else "modified", hunks)
    return Patch((file,))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _find_whole(
    tool: str, given: Mapping[str, Any], told: Mapping[str, Any]
) -> tuple[str | None, str | None]:
    """Return the whole file before and after, each None where the event does not tell it."""
    if tool == "NotebookEdit":
        return _text(told.get("original_file")), _text(told.get("updated_file"))
    before = _text(told.get("originalFile"))
    if tool == "Write":
        return before, _text(given.get("content"))
    if before is None:
        return None, None
    after = before
    for old, new, every in _list_replacements(given):
        if not old or old not in after:
            return None, None
        after = after.replace(old, new) if every else after.replace(old, new, 1)
    return before, after


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _list_replacements(given: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    edits = given.get("edits")
    for one in edits if isinstance(edits, list) else [given]:
        old, new = _object(one).get("old_string", ""), _object(one).get("new_string")
        new = _object(one).get("new_source") if new is None else new
        if isinstance(old, str) and isinstance(new, str):
            yield old, new, bool(_object(one).get("replace_all"))


def _read_structured(one: object, author: Author | None) -> Hunk | None:
    hunk = _object(one)
    lines, old, new = hunk.get("lines"), hunk.get("oldStart"), hunk.get("newStart")
    if not isinstance(old, int) or not isinstance(new, int) or not isinstance(lines, list):
        return None
    if min(old, new) < 0 or not all(isinstance(line, str) for line in lines):
        return None
    return number_lines(lines, old, new, author)


def number_lines(texts: Iterable[str], old: int, new: int, author: Author | None) -> Hunk:
    """Return a hunk of lines that begin with their signs; a start of 0 is not known."""
    lines: list[Line] = []
    at = {"old": old, "new": new}
    counts = {"old": 0, "new": 0}
    for text in texts:
        sign, content = text[:1], text[1:]
        if sign == "\\":
            continue
        sides: tuple[str, ...] = ("old", "new")
        if sign == "+":
            lines.append(Line("added", at["new"], content, author=author))
            sides = ("new",)
        elif sign == "-":
            lines.append(Line("removed", at["old"], content, author=author))
            sides = ("old",)
        else:
            lines.append(Line("context", at["new"], content))
        for side in sides:
            counts[side] += 1
            at[side] += int(at[side] > 0)
    return Hunk(old, counts["old"], new, counts["new"], tuple(lines))


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _match(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """Return how some lines become others, as difflib tells it."""
    if not old and new:
        return [("insert", 0, 0, 0, len(new))]
    # Loaded for the few events that do not tell their hunks.
    from difflib import SequenceMatcher

    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _compare(before: str, after: str, author: Author | None) -> Iterator[Hunk]:
    """Yield how one text becomes the other, with no lines around."""
    old, new = _split(before), _split(after)
    for tag, old_from, old_to, new_from, new_to in _match(old, new):
        if tag != "equal":
            texts = [f"-{line}" for line in old[old_from:old_to]]
            texts += [f"+{line}" for line in new[new_from:new_to]]
            # Of no lines, a range begins at the one before them.
            yield number_lines(
                texts,
                old_from + int(old_to > old_from),
                new_from + int(new_to > new_from),
                author,
            )


def _read_replacements(given: Mapping[str, Any], author: Author | None) -> Iterator[Hunk]:
    """Yield what was put in the place of what, where nobody says at which line."""
    for old, new, _ in _list_replacements(given):
        texts = []
        for tag, old_from, old_to, new_from, new_to in _match(_split(old), _split(new)):
            if tag == "equal":
                texts += [f" {line}" for line in _split(old)[old_from:old_to]]
            else:
                texts += [f"-{line}" for line in _split(old)[old_from:old_to]]
                texts += [f"+{line}" for line in _split(new)[new_from:new_to]]
        if any(text[0] != " " for text in texts):
            yield number_lines(texts, 0, 0, author)
