"""What is wrong with caches and workdirs, and its repair by the same functions as `acquire`.

Looking takes no lock and changes nothing: what somebody is at work on is passed over. A repair
removes nothing of people's: what is in the way goes to the trash.
"""

import os
from collections.abc import Callable, Iterator

from attrs import evolve, frozen

from wfsession.core.model import Finding, Severity
from wfsession.errors import WfError
from wfsession.git import Access
from wfsession.workdirs.acquire import acquire_held
from wfsession.workdirs.aside import set_aside
from wfsession.workdirs.cache import is_sound, open_cache, parse_cache_name, read_url
from wfsession.workdirs.key import Key, find_branch_fault, name_repository
from wfsession.workdirs.links import Link, list_links
from wfsession.workdirs.listing import Workdir, read_workdirs
from wfsession.workdirs.locks import hold, is_held
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import (
    WorkdirRecord,
    read_record,
    read_records,
    write_record,
)
from wfsession.workdirs.remote import Remote, parse_remote

_WAIT_S = 10.0
_KINDS: dict[str, tuple[Severity, str]] = {
    "cache-broken": ("error", "make it anew from the remote, with what only it has"),
    "cache-unfinished": ("info", "remove it, or put it where it belongs"),
    "entry-broken": ("warning", "move it to the trash"),
    "entry-abandoned": ("info", "move it to the trash; commits that only it knows stay"),
    "record-bad": ("warning", "move it to the trash"),
    "record-newer": ("info", "upgrade wfsession"),
    "record-missing": ("warning", "write one, where its branch tells what it is for"),
    "workdir-missing": ("error", "write its files anew"),
    "workdir-unlinked": ("error", "register it anew; its files stay as they are"),
    "workdir-unfinished": ("warning", "write the rest of its files"),
}
_STATES = {
    "missing": "its directory is not there",
    "unlinked": "it and its cache do not know of each other",
    "unfinished": "its files were never written in full",
}
_Fix = Callable[[], object]


@frozen
class Checked:
    """What was found, what was put right, and sentences about what could not be."""

    findings: tuple[Finding, ...]
    fixed: tuple[Finding, ...] = ()
    failed: tuple[str, ...] = ()


def check(places: Places) -> Checked:
    """Return what is wrong. Reads only.

    Raises:
        DiskFailed: a directory of ours cannot be read.
    """
    return Checked(tuple(finding for finding, _ in _look(places, Access())))


def check_and_fix(places: Places, access: Access) -> Checked:
    """Put right what can be, and return what remains.

    On crash: each repair is done or not; the next run does the rest.
    """
    fixed: list[Finding] = []
    failed: list[str] = []
    # A repair may bring out another: what a broken cache hides, or what has no record.
    for _ in range(3):
        todo = [(one, fix) for one, fix in _look(places, access) if fix and one not in fixed]
        if not todo:
            break
        failed = []
        for finding, fix in todo:
            try:
                fix()
            except WfError as error:
                failed.append(f"{finding.paths[0]}: {error}")
            else:
                fixed.append(finding)
    return Checked(check(places).findings, tuple(fixed), tuple(failed))


def _look(places: Places, access: Access) -> Iterator[tuple[Finding, _Fix | None]]:
    workdirs = read_workdirs(places)
    remotes = _find_remotes(places, workdirs)
    yield from _look_at_records(places)
    yield from _look_at_caches(places, access, remotes)
    for workdir in workdirs:
        if workdir.state != "ready" and not workdir.in_use:
            yield (
                _make_finding(f"workdir-{workdir.state}", workdir.path, _STATES[workdir.state]),
                (_make_acquire(places, workdir.record.key, access, workdir.record.url)),
            )
    yield from _look_for_lost(places, access, workdirs, remotes)


def _make_finding(name: str, path: str, message: str) -> Finding:
    severity, repair = _KINDS[name]
    return Finding(name, severity, (path,), message, repair)


def _make_acquire(places: Places, key: Key, access: Access, url: str) -> _Fix:
    def fix() -> None:
        with hold(places.lock(key), _WAIT_S) as descriptor:
            before = read_record(places, key)
            made = acquire_held(
                places, key, parse_remote(url), descriptor, access=access, timeout_s=_WAIT_S
            )
            if isinstance(before, WorkdirRecord) and before.marked:
                # Nobody took it up for work.
                write_record(places, evolve(made.record, marked=before.marked))

    return fix


def _find_remotes(places: Places, workdirs: list[Workdir]) -> dict[str, Remote]:
    """Return the remote of each repository by the name of its directories, as far as is known."""
    found = {}
    for name in _list(os.path.dirname(places.bare(""))):
        repository, rest = parse_cache_name(name)
        if repository and not rest:
            remote = _parse(read_url(places.bare(repository)))
            if remote is not None and name_repository(remote.identity) == repository:
                found[repository] = remote
    for workdir in workdirs:
        remote = _parse(workdir.record.url)
        if remote is not None and remote.identity == workdir.record.repository:
            found.setdefault(name_repository(remote.identity), remote)
    return found


def _parse(url: str) -> Remote | None:
    try:
        return parse_remote(url)
    except WfError:
        return None


def _look_at_records(places: Places) -> Iterator[tuple[Finding, _Fix | None]]:
    for bad in read_records(places)[1]:
        if bad.is_newer:
            yield _make_finding("record-newer", bad.path, bad.reason), None
        else:
            yield _make_finding("record-bad", bad.path, bad.reason), _make_aside(places, bad.path)


def _make_aside(places: Places, path: str) -> _Fix:
    return lambda: set_aside(places, path)


def _look_at_caches(
    places: Places, access: Access, remotes: dict[str, Remote]
) -> Iterator[tuple[Finding, _Fix | None]]:
    top = os.path.dirname(places.bare(""))
    for name in _list(top):
        repository, rest = parse_cache_name(name)
        path = os.path.join(top, name)
        if not repository or is_held(places.bare_lock(repository)):
            continue
        refresh = _make_refresh(places, access, remotes.get(repository))
        if rest:
            yield _make_finding("cache-unfinished", path, "nobody is making it any more"), refresh
        elif not is_sound(path):
            yield _make_finding("cache-broken", path, "it lacks what every cache has"), refresh
        else:
            for link in list_links(path):
                if not link.is_whole:
                    fix = _make_aside(places, link.git_dir)
                    yield _make_finding("entry-broken", link.git_dir, "git cannot read it"), fix


def _make_refresh(places: Places, access: Access, remote: Remote | None) -> _Fix | None:
    if remote is None:
        return None

    def fix() -> None:
        with open_cache(places, remote, access, timeout_s=_WAIT_S):
            pass  # that it is opened is all

    return fix


def _look_for_lost(
    places: Places, access: Access, workdirs: list[Workdir], remotes: dict[str, Remote]
) -> Iterator[tuple[Finding, _Fix | None]]:
    """Find worktrees without a record, and entries without a worktree."""
    known = {workdir.path for workdir in workdirs}
    linked = set()
    for repository, remote in remotes.items():
        for link in list_links(places.bare(repository)):
            path = os.path.join(places.workdirs, repository, os.path.basename(link.path))
            linked.add(path)
            if not link.is_whole or path in known:
                continue
            if os.path.realpath(path) == os.path.realpath(link.path) and os.path.isdir(path):
                key = _guess_key(places, remote, link, path)
                if key is None or not is_held(places.lock(key)):
                    fix = _make_acquire(places, key, access, remote.url) if key else None
                    yield _make_finding("record-missing", path, "there is no record of it"), fix
            elif not os.path.lexists(link.path):
                message = "the worktree that it is for is gone, and has no record"
                yield (
                    _make_finding("entry-abandoned", link.git_dir, message),
                    (_make_aside(places, link.git_dir)),
                )
    for repository in _list(places.workdirs):
        for name in _list(os.path.join(places.workdirs, repository)):
            path = os.path.join(places.workdirs, repository, name)
            if not name.startswith(".") and path not in known | linked:
                yield (
                    _make_finding("record-missing", path, "neither a record nor a cache knows it"),
                    None,
                )


def _guess_key(places: Places, remote: Remote, link: Link, path: str) -> Key | None:
    """Return the key of a worktree by the branch that it is on, if its path says the same."""
    prefix, _, rest = link.branch.partition("/")
    agent, _, branch = rest.partition("/")
    if prefix != "wf" or not agent or find_branch_fault(branch):
        return None
    key = Key(agent, remote.identity, branch)
    return key if places.workdir(key) == path else None


def _list(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []  # there is none, or what cannot be read has nothing that we could put right
