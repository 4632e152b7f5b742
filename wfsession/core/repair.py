"""Putting a root right: a plan of repairs, and carrying it out.

`plan` is pure. `heal` diagnoses, applies under the lock, and diagnoses again, until nothing is
left to do; healing twice does nothing the second time. Nothing is deleted but empty markers.
Source: protocol.md, 8 and 9.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from attrs import evolve, field, frozen

from wfsession.core import layout
from wfsession.core.activation import remove_marker
from wfsession.core.attic import set_aside
from wfsession.core.creation import move_directory
from wfsession.core.disk import FileContents
from wfsession.core.doctor import (
    KINDS,
    describe,
    diagnose,
    is_explained,
    is_orphan,
    locate_problem,
)
from wfsession.core.edits import become_archived, become_completed, keep_former_name
from wfsession.core.journal import settle
from wfsession.core.locate import Place, open_root
from wfsession.core.markers import Listing
from wfsession.core.model import Fault, Finding, Record, Session
from wfsession.core.names import check_name, fold, is_session_name, number_name
from wfsession.core.operation import DEFAULT_TIMEOUT_S, Moved, Operation, run
from wfsession.core.records import Assignments, Edit, read_record
from wfsession.core.registry import read_registered
from wfsession.core.rewriting import keep_record, put_record, stage_record
from wfsession.core.salvage import read_first_keys, rebuild
from wfsession.core.splice import REMOVED, splice
from wfsession.core.states import COMPLETED_LIKE
from wfsession.core.survey import Survey, read_survey
from wfsession.core.times import now
from wfsession.errors import NameCollision, SessionNotFound, WfError, as_wf_error

_ROUNDS = 6
_STATUS = {True: "active", False: "paused"}


@frozen
class Repair:
    """One repair: for which finding, what is done, and to which path of the root.

    `seen` is a record as it was read before; where it is given, one that is another now is left
    alone.
    """

    finding: str
    action: str
    path: str
    session: Session | None = field(default=None, repr=False)
    mtime_ns: int = 0
    seen: FileContents | None = field(default=None, repr=False)


@frozen
class Applied:
    """One repair that was made.

    `attic` is a path in the root, or empty; `sources` says of each field of a record that was put
    together again where it came from.
    """

    finding: str
    action: str
    paths: tuple[str, ...]
    attic: str = ""
    sources: tuple[tuple[str, str], ...] = ()


@frozen
class Report:
    """What a healing did, and what remains. `failed` are sentences."""

    findings: tuple[Finding, ...]
    applied: tuple[Applied, ...]
    failed: tuple[str, ...] = ()


def plan(survey: Survey) -> tuple[Repair, ...]:
    """Return the repairs that a root needs, in the order in which they are to be made.

    Orphans go before duplicates, so that a marker without a session never outlives a good one.
    What needs a person's judgement is not in it.
    """
    return (*_plan_markers(survey), *_plan_rest(survey), *_plan_sessions(survey))


def _plan_markers(survey: Survey) -> Iterator[Repair]:
    markers = survey.snapshot.markers
    for marker in markers:
        if is_orphan(survey, marker):
            action = "remove the marker"
            yield Repair("orphaned-marker", action, marker.entry, mtime_ns=marker.mtime_ns)
    for marker in [marker for marker in markers if marker.is_candidate][1:]:
        action = "remove the marker"
        yield Repair("several-markers", action, marker.entry, mtime_ns=marker.mtime_ns)
    findings = diagnose(survey)
    for finding in findings:
        if finding.id == "time-in-future":
            entry = finding.paths[0].rpartition("/")[2]
            yield Repair(finding.id, "set the time to the present", entry)
    for stray in survey.strays:
        yield Repair("stray-marker", "set aside", stray.entry)


def _plan_rest(survey: Survey) -> Iterator[Repair]:
    by_id = {"abandoned-staging", "abandoned-binding", "stale-lock"}
    root = survey.snapshot.root
    for finding in diagnose(survey):
        if finding.id in by_id:
            yield Repair(finding.id, "set aside", finding.paths[0].removeprefix(f"{root}/"))


_RECORD_ACTIONS = {
    "record-missing": "write a record",
    "record-corrupt": "keep the bytes, write a record with what can still be read",
    "record-unreadable": "set aside, write a record",
    "record-wrong-type": "keep the bytes, take the fields out",
    "id-mismatch": "write the name",
    "status-mismatch": "write the status",
}

_CUT_SHORT_ACTIONS = {
    "completion-cut-short": "complete it",
    "archive-cut-short": "archive it",
    "rename-cut-short": "write the name",
}


def _plan_sessions(survey: Survey) -> Iterator[Repair]:
    sessions = survey.snapshot.sessions
    for session in sessions:
        is_twin = "duplicate-session" in session.problems and session.location == "completed"
        # What is no real directory may be anybody's.
        if is_twin and "unsafe-session" not in session.problems:
            where = f"{layout.COMPLETED}/{session.dirname}"
            yield Repair("duplicate-session", "give it a number", where, session)
    for session in sessions:
        for problem in session.problems:
            is_ours = problem in _RECORD_ACTIONS and not is_explained(survey, session, problem)
            if is_ours and not session.is_denied:
                path = locate_problem(session, problem)
                yield Repair(problem, _RECORD_ACTIONS[problem], path, session)
    # What is to be finished must find a record that can be changed.
    for cut_short in survey.cut_short:
        session, problem = cut_short.session, cut_short.finding
        if problem not in session.problems:
            path = locate_problem(session, problem)
            yield Repair(problem, _CUT_SHORT_ACTIONS[problem], path, session)
    for session in sessions:
        if "archive-cut-short" in session.problems:
            if session.is_active:
                path = f"{session.dirname}/{layout.ARCHIVING}"
                yield Repair("archive-cut-short", "set aside", path, session)
            else:
                yield Repair("archive-cut-short", "archive it", session.dirname, session)


def heal(
    root_path: str,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dry_run: bool = False,
) -> Report:
    """Put a root right, as far as that needs no judgement.

    Args:
        root_path: the root.
        timeout_s: how long to wait for the lock, in seconds.
        dry_run: whether only to tell what would be done.

    Returns:
        What was done, and the findings that remain.

    Raises:
        LockTimeout, DiskFailed, RootNotFound, UnsafePath: the root cannot be worked on.

    On crash: each repair is done, or not; what was to be replaced is where it was or in the
    attic. The next healing goes on.
    """
    applied: list[Applied] = []
    failed: dict[str, str] = {}
    for _ in range(_ROUNDS):
        survey = read_survey(root_path)
        repairs = plan(survey)
        if dry_run:
            told = tuple(Applied(one.finding, one.action, (one.path,)) for one in repairs)
            return Report(diagnose(survey), told)
        repairs = tuple(one for one in repairs if one.path not in failed)
        if not repairs:
            break
        applied += _replace_lock(root_path, repairs)
        applied += _apply(root_path, repairs, timeout_s, failed)
    else:
        survey = read_survey(root_path)
    if survey.unfinished:
        still = {one.entry.id for one in survey.cut_short}
        run(root_path, lambda operation: settle(operation.root, still), timeout_s=timeout_s)
    return Report(diagnose(survey), tuple(applied), tuple(failed.values()))


def _replace_lock(root_path: str, repairs: tuple[Repair, ...]) -> list[Applied]:
    """Set aside a lock file that nobody will ever let go of; the one repair without the lock."""
    done = []
    with open_root(root_path) as root:
        for repair in repairs:
            if repair.finding == "stale-lock":
                reason = KINDS[repair.finding].meaning
                try:
                    attic = set_aside(root, repair.path, repair.finding, reason, now())
                except OSError as error:
                    raise as_wf_error(root_path, error) from None
                done.append(_tell(repair, attic))
    return done


def _apply(
    root_path: str, repairs: tuple[Repair, ...], timeout_s: float, failed: dict[str, str]
) -> list[Applied]:
    done = []
    with open_root(root_path) as root:
        try:
            with Operation(root, timeout_s, dry_run=False) as operation:
                for repair in repairs:
                    if repair.finding not in _ACTIONS:
                        continue
                    try:
                        result = _ACTIONS[repair.finding](operation, repair)
                    except (Moved, SessionNotFound, FileNotFoundError):
                        # Moved by an earlier repair, or by somebody else: the next round sees it.
                        continue
                    except (OSError, WfError) as error:
                        failed[repair.path] = f"{repair.path}: {_tell_why(root_path, error)}"
                        continue
                    if result is not None:
                        done.append(result)
                operation.sync(root)
        except OSError as error:
            raise as_wf_error(root_path, error) from None
    return done


def _tell_why(root_path: str, error: OSError | WfError) -> WfError:
    return error if isinstance(error, WfError) else as_wf_error(root_path, error)


def _tell(repair: Repair, attic: str = "", sources: Any = ()) -> Applied:
    return Applied(repair.finding, repair.action, (repair.path,), attic, tuple(sources))


def _remove_marker(operation: Operation, repair: Repair) -> Applied | None:
    listing = Listing(operation.root)
    is_orphan = repair.finding == "orphaned-marker"
    for marker in listing.orphans if is_orphan else listing.candidates[1:]:
        if marker.entry == repair.path and marker.mtime_ns == repair.mtime_ns:
            operation.hold_lock()
            return _tell(repair, remove_marker(operation, marker.entry))
    return None  # it moved on since it was looked at


def _set_aside(operation: Operation, repair: Repair) -> Applied | None:
    operation.hold_lock()
    attic = operation.set_aside(repair.path, repair.finding, KINDS[repair.finding].meaning)
    return _tell(repair, attic) if attic else None


def _reset_time(operation: Operation, repair: Repair) -> Applied | None:
    operation.hold_lock()
    operation.root.set_mtime(repair.path, time.time_ns())
    return _tell(repair)


def _place(repair: Repair) -> Place:
    session = _session(repair)
    return Place(session.dirname, session.location)


def _session(repair: Repair) -> Session:
    assert repair.session is not None
    return repair.session


def write_record(operation: Operation, repair: Repair) -> Applied | None:
    """Put a record together again; what there was goes to the attic first.

    Returns:
        What was done; None where the record is no more as the repair has it.

    On crash: the record is as it was, or (what is no regular file) in the attic, or anew; a
    copy of its bytes may lie in the attic besides.
    """
    session = _session(repair)
    folder = operation.session(_place(repair))
    contents, record = read_record(folder)
    if not isinstance(record, Fault) or record.finding != repair.finding:
        return None
    if repair.seen is not None and not (contents and contents.is_same(repair.seen)):
        return None
    is_active = Listing(operation.root).active == session.name
    salvaged = rebuild(
        session.name,
        "completed" if session.location == layout.COMPLETED else _STATUS[is_active],
        read_first_keys(contents.data) if contents else {},
        read_registered(operation.root, session.name),
        session.created,
        operation.moment,
    )
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    staged = stage_record(operation, orjson.dumps(salvaged.data, option=option), contents)
    attic = ""
    if contents is not None:
        attic = keep_record(operation, repair.path, contents.data, record.reason)
    elif record.finding == "record-unreadable" and read_record(folder)[1] == record:
        attic = operation.set_aside(repair.path, "record", record.reason)
    put_record(operation, staged, folder, contents)
    return _tell(repair, attic, sorted(salvaged.origin.items()))


def _edit(operation: Operation, repair: Repair, edit: Edit) -> Applied | None:
    prepared = operation.prepare(_place(repair), edit)
    operation.publish(prepared)
    operation.sync()
    return _tell(repair) if prepared else None


def _take_out_fields(operation: Operation, repair: Repair) -> Applied | None:
    """Take fields of a wrong type out of a record, whose bytes go to the attic first."""
    folder = operation.session(_place(repair))
    contents, record = read_record(folder)
    if contents is None or not isinstance(record, Record) or not record.wrong:
        return None
    reason = describe(_session(repair)._replace(record=record), repair.finding)
    # A list is taken out whole: which of its items are right is not ours to say.
    paths = [tuple(field.path.split("[")[0].split(".")) for field in record.wrong]
    text = splice(contents.data.decode(), dict.fromkeys(paths, REMOVED))
    staged = stage_record(operation, text.encode(), contents)
    attic = keep_record(operation, repair.path, contents.data, reason)
    put_record(operation, staged, folder, contents)
    return _tell(repair, attic, [(".".join(path), "taken out") for path in paths])


def _write_name(operation: Operation, repair: Repair) -> Applied | None:
    name = _session(repair).name

    def edit(record: Record) -> Assignments:
        if not is_session_name(record.session_id):
            return {("session_id",): name}
        return {("session_id",): name, **keep_former_name(record, record.session_id, name)}

    return _edit(operation, repair, edit)


def _write_status(operation: Operation, repair: Repair) -> Applied | None:
    session = _session(repair)
    status = {"archived": "completed"}.get(session.state, session.state)
    return _edit(operation, repair, lambda record: {("status",): status})


def _finish_completion(operation: Operation, repair: Repair) -> Applied | None:
    place = _place(repair)
    if operation.read(place, Listing(operation.root)).state != "paused":
        return None  # it was taken up again since it was looked at
    return _edit(operation, repair, become_completed(operation.moment))


def _finish_archive(operation: Operation, repair: Repair) -> Applied | None:
    if _session(repair).is_active:
        return _set_aside(operation, repair)
    place = _place(repair)
    attic = ""
    operation.root.make_if_missing(layout.COMPLETED)
    if operation.completed().find(place.dirname) is not None:
        raise NameCollision(place.name, operation.completed().join(place.dirname))

    def edit(record: Record) -> Assignments:
        if record.archived_at is not None and record.status in COMPLETED_LIKE:
            return {}  # said by an earlier try, which got no further
        status = record.status if record.status in COMPLETED_LIKE else "completed"
        return {("status",): status, **become_archived(operation.moment)(record)}

    # The record comes first: without the sign, nothing else says that the session has ended.
    operation.publish(operation.prepare(place, edit))
    operation.sync()
    if operation.session(place).find(layout.ARCHIVING) is not None:
        sign = f"{place.dirname}/{layout.ARCHIVING}"
        attic = operation.set_aside(sign, repair.finding, KINDS[repair.finding].meaning)
    operation.hold_lock()
    move_directory(operation.root, place.dirname, place.dirname, operation.completed())
    return _tell(repair, attic)


def _give_number(operation: Operation, repair: Repair) -> Applied | None:
    """Give the archived one of two sessions of one name the first number that is free."""
    place = _place(repair)
    completed = operation.completed()
    taken = {fold(name) for name in (*operation.root.list_names(), *completed.list_names())}
    number = 2
    while fold(number_name(place.name, number)) in taken:
        number += 1
    new_name = number_name(place.name, number)
    check_name(new_name)
    operation.hold_lock()
    move_directory(completed, place.dirname, new_name, completed)
    session = _session(repair)._replace(dirname=new_name, name=new_name)
    if session.record is not None and not session.record.wrong:
        renamed = evolve(repair, session=session)
        _edit(operation, renamed, lambda record: {("session_id",): new_name})
    return _tell(evolve(repair, action=f"give it the name {new_name}"))


_ACTIONS: dict[str, Callable[[Operation, Repair], Applied | None]] = {
    "orphaned-marker": _remove_marker,
    "several-markers": _remove_marker,
    "stray-marker": _set_aside,
    "time-in-future": _reset_time,
    "abandoned-staging": _set_aside,
    "abandoned-binding": _set_aside,
    "record-missing": write_record,
    "record-corrupt": write_record,
    "record-unreadable": write_record,
    "record-wrong-type": _take_out_fields,
    "id-mismatch": _write_name,
    "status-mismatch": _write_status,
    "completion-cut-short": _finish_completion,
    "archive-cut-short": _finish_archive,
    "rename-cut-short": _write_name,
    "duplicate-session": _give_number,
}
