"""What `wf install` writes into an agent's settings, and `wf uninstall` takes out again.

Planned first, as changes of whole files, and then made one by one. What is somebody else's is never
replaced: settings are changed by splicing, so that all else in them stands as it stood, and a file
of another content is refused. The bytes that settings had before are kept in the user's own state
directory, and are put back if nobody changed them since.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from attrs import field, frozen

from wfsession.core.disk import Folder, make_directories
from wfsession.core.splice import REMOVED, Appended, splice
from wfsession.errors import Conflict, InvalidValue, UnsafePath, WfError, as_wf_error
from wfsession.hooks.agent import find_home
from wfsession.hooks.frame import load_agent

Scope = Literal["project", "user"]

_FILES = os.path.join(os.path.dirname(__file__), "files")
_LIMIT_BYTES = 4_000_000


@frozen
class Target:
    """What is installed for an agent.

    `folder` is where the agent looks in a project. `settings` is the file of its hooks there,
    `source` ours. `copies` are directories of files beside it.
    """

    agent: str
    folder: str
    settings: str
    source: str
    copies: tuple[str, ...] = ()


TARGETS = {
    one.agent: one
    for one in (
        Target(
            "claude-code",
            ".claude",
            "settings.json",
            "claude-code/hooks/hooks.json",
            ("commands", "skills"),
        ),
        Target("codex", ".codex", "hooks.json", "codex/hooks.json"),
    )
}


@frozen
class Change:
    """A file that becomes another; None is no file. Both are the whole of its bytes."""

    path: str
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)

    @property
    def action(self) -> str:
        """What is done to it: create|change|remove."""
        if self.before is None:
            return "create"
        return "remove" if self.after is None else "change"


@frozen
class Plan:
    """What is to be done in an agent's directory, and the sentences that go with it."""

    target: Target
    directory: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def find_directory(target: Target, scope: Scope, project: str) -> str:
    """Return the directory of an agent's settings, in a project or the user's own.

    Raises:
        InvalidValue: the user has no home.
    """
    if scope == "project":
        return os.path.join(project, target.folder)
    return find_home(load_agent(target.agent), "--user")


def plan_install(target: Target, directory: str) -> Plan:
    """Return what is to be written so that an agent calls our hook and has our commands.

    Raises:
        InvalidValue: its settings are no JSON, or of another shape, or a file is in the way.
        UnsafePath, DiskFailed: something cannot be read.
    """
    path = os.path.join(directory, target.settings)
    before = _read(path)
    after = _add_hooks(path, before, _read_hooks(target), target.agent)
    changes = [Change(os.path.realpath(path), before, after)]
    shipped = dict(_list_copies(target))
    ours = _read_note(target, directory).get("files", {})
    for name, data in shipped.items():
        place = os.path.join(directory, name)
        present = _read(place)
        if present not in (None, data) and _digest(present) != ours.get(name):
            reason = f"{place} is in the way, and is not from wfsession"
            raise InvalidValue("install", place, reason, f"move it away: mv {place} {place}.mine")
        changes.append(Change(os.path.realpath(place), present, data))
    return Plan(target, directory, tuple(one for one in changes if one.before != one.after))


def plan_uninstall(target: Target, directory: str) -> Plan:
    """Return what is to be done so that nothing of ours is left, and all else as it was.

    Raises:
        InvalidValue, UnsafePath, DiskFailed: as `plan_install`.
    """
    path = os.path.join(directory, target.settings)
    note = _read_note(target, directory)
    present = _read(path)
    after = present
    if present is not None and _digest(present) == note.get("settings_after"):
        kept = note.get("settings_before")
        # Ours may have been in it already, if it was changed between two installs.
        after = _remove_hooks(path, kept.encode(), target.agent) if kept is not None else None
    elif present is not None:
        after = _remove_hooks(path, present, target.agent)
    changes, notes = [Change(os.path.realpath(path), present, after)], []
    known = note.get("files", {})
    shipped = {name: _digest(data) for name, data in _list_copies(target)}
    for name in dict.fromkeys((*shipped, *known)):
        place = os.path.join(directory, name)
        data = _read(place)
        if data is None:
            continue
        if _digest(data) in (shipped.get(name), known.get(name)):
            changes.append(Change(os.path.realpath(place), data, None))
        else:
            notes.append(f"{place} was changed since, and stays")
    real = tuple(one for one in changes if one.before != one.after)
    return Plan(target, directory, real, tuple(notes))


def apply(plan: Plan, is_install: bool) -> tuple[str, ...]:
    """Make the changes of a plan, and return what else there is to say.

    Raises:
        Conflict: somebody changed a file since it was read; what came before it was done.
        UnsafePath, DiskFailed: a file cannot be written.

    On crash: each file is as before or as after; the next run does the rest.
    """
    notes = list(plan.notes)
    if is_install and plan.changes:
        # First, so that a crash leaves nothing that could not be taken out again.
        notes += _keep_note(plan)
    for change in plan.changes:
        try:
            _make(change)
        except OSError as error:
            raise as_wf_error(change.path, error) from None
    if not is_install:
        _remove_empty(plan, bool(_read_note(plan.target, plan.directory).get("made_directory")))
        _forget_note(plan)
    return tuple(notes)


def _read(path: str) -> bytes | None:
    path = os.path.realpath(path)
    try:
        with Folder.open(os.path.dirname(path)) as folder:
            return folder.read(os.path.basename(path), _LIMIT_BYTES).data
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise as_wf_error(path, error) from None


def _make(change: Change) -> None:
    folder_path, name = os.path.split(change.path)
    with make_directories(folder_path) as folder:
        present = folder.read(name, _LIMIT_BYTES) if folder.find(name) is not None else None
        if (present.data if present else None) != change.before:
            raise Conflict(change.path)
        if change.after is None:
            folder.unlink(name)
        else:
            temporary = f".{name}.wf-{os.getpid()}"
            folder.create(temporary, change.after, present)
            folder.replace(temporary, name)
        folder.sync()


def _remove_empty(plan: Plan, with_top: bool) -> None:
    """Remove the directories of what was removed, as far as nothing else is in them."""
    top = os.path.realpath(plan.directory)
    top = os.path.dirname(top) if with_top else top
    folders = {os.path.dirname(one.path) for one in plan.changes if one.after is None}
    for folder in sorted(folders, key=len, reverse=True):
        place = folder
        while place.startswith(f"{top}{os.sep}"):
            above, name = os.path.split(place)
            try:
                with Folder.open(above) as parent:
                    parent.remove(name)
            except OSError:
                break  # something is in it
            place = above


def _list_copies(target: Target) -> Iterator[tuple[str, bytes]]:
    base = os.path.join(_FILES, target.agent)
    for top in target.copies:
        for folder, folders, names in os.walk(os.path.join(base, top)):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                data = _read(path)
                if data is not None:
                    yield os.path.relpath(path, base), data


def _read_hooks(target: Target) -> dict[str, list[dict[str, Any]]]:
    data = _read(os.path.join(_FILES, target.source))
    hooks: dict[str, list[dict[str, Any]]] = json.loads(data or b"{}")["hooks"]
    return hooks


def _parse(path: str, data: bytes) -> tuple[str, dict[str, list[Any]]]:
    """Return settings as text, and the hooks in them.

    Raises:
        InvalidValue: they are no JSON, or of another shape.
    """
    try:
        text = data.decode("utf-8")
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        reason = f"{path} is no JSON that can be changed ({error})"
        hint = "comments and trailing commas are no JSON; put it right, then try again"
        raise InvalidValue("settings", path, reason, hint) from None
    hooks = found.get("hooks") if isinstance(found, dict) else found
    hooks = {} if hooks is None else hooks
    if not isinstance(found, dict) or not isinstance(hooks, dict):
        reason = f"{path} holds no object, or its hooks are none"
        raise InvalidValue("settings", path, reason, "put it right, then try again")
    for event, groups in hooks.items():
        if not isinstance(groups, list):
            reason = f"{path}: the hooks of {event} are no list"
            raise InvalidValue("settings", path, reason, "put it right, then try again")
    return text, hooks


def _is_ours(group: object, agent: str) -> bool:
    """Tell whether a group of hooks has none but ours in it."""
    hooks = group.get("hooks") if isinstance(group, dict) else None
    return (
        isinstance(hooks, list)
        and bool(hooks)
        and all(
            isinstance(one, dict) and str(one.get("command")).startswith(f"wf hook {agent} ")
            for one in hooks
        )
    )


def _add_hooks(
    path: str, before: bytes | None, wanted: Mapping[str, list[dict[str, Any]]], agent: str
) -> bytes:
    if before is None or not before.strip():
        return (json.dumps({"hooks": wanted}, indent=2) + "\n").encode()
    text, present = _parse(path, before)
    changes: dict[tuple[str, ...], Any] = {}
    for event, groups in wanted.items():
        there = present.get(event, [])
        ours = [group for group in there if _is_ours(group, agent)]
        if ours == groups:
            continue
        if ours:
            rest = [group for group in there if not _is_ours(group, agent)]
            changes["hooks", event] = [*rest, *groups]
        else:
            changes["hooks", event] = Appended(groups[0])
    for event, groups in present.items():
        rest = [group for group in groups if not _is_ours(group, agent)]
        if event not in wanted and rest != groups:
            changes["hooks", event] = rest or REMOVED
    return splice(text, changes).encode()


def _remove_hooks(path: str, before: bytes, agent: str) -> bytes:
    """Take our hooks out of settings, in which there may be none."""
    if not before.strip():
        return before
    text, present = _parse(path, before)
    changes: dict[tuple[str, ...], Any] = {}
    for event, groups in present.items():
        rest = [group for group in groups if not _is_ours(group, agent)]
        if rest != groups:
            changes["hooks", event] = rest or REMOVED
    if changes and [*changes.values()] == [REMOVED] * len(present):
        changes = {("hooks",): REMOVED}
    return splice(text, changes).encode()


def _digest(data: bytes | None) -> str:
    return hashlib.sha256(data).hexdigest() if data is not None else ""


def _find_note(target: Target, directory: str) -> tuple[str, str]:
    from platformdirs import user_state_dir

    state = os.path.join(user_state_dir("wfsession", appauthor=False), "installed")
    key = f"{target.agent} {os.path.realpath(directory)}"
    return state, f"{_digest(os.fsencode(key))[:24]}.json"


def _read_note(target: Target, directory: str) -> dict[str, Any]:
    """Return what is known of an earlier install there; nothing if that is lost."""
    folder, name = _find_note(target, directory)
    try:
        data = _read(os.path.join(folder, name))
        found = json.loads(data) if data is not None else {}
    except (ValueError, WfError):
        return {}
    known = found.get("files") if isinstance(found, dict) else None
    return {**found, "files": known} if isinstance(known, dict) else {}


def _keep_note(plan: Plan) -> list[str]:
    """Keep what is needed to take all of it out again; return why that cannot be, if so."""
    folder, name = _find_note(plan.target, plan.directory)
    known = _read_note(plan.target, plan.directory)
    settings = os.path.realpath(os.path.join(plan.directory, plan.target.settings))
    change = next((one for one in plan.changes if one.path == settings), None)
    note = {"made_directory": not os.path.isdir(plan.directory), **known}
    note["directory"] = os.path.abspath(plan.directory)
    if change is not None and change.after is not None:
        is_known = known.get("settings_after") == _digest(change.before)
        if not is_known:
            note["settings_before"] = change.before.decode() if change.before is not None else None
        note["settings_after"] = _digest(change.after)
    note["files"] = {name: _digest(data) for name, data in _list_copies(plan.target)}
    try:
        data = json.dumps(note, indent=2).encode() + b"\n"
        path = os.path.realpath(os.path.join(folder, name))
        _make(Change(path, _read(path), data))
    except (OSError, WfError) as error:
        return [f"what the settings were before could not be kept: {error}"]
    return []


def _forget_note(plan: Plan) -> None:
    folder, name = _find_note(plan.target, plan.directory)
    path = os.path.realpath(os.path.join(folder, name))
    try:
        _make(Change(path, _read(path), None))
    except (OSError, UnsafePath, Conflict):
        pass  # there was none
