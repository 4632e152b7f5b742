"""What is wrong with a root, and what its repair will do. Pure: a Survey in, Findings out.

Source: protocol.md, 3 and 8; the ids are those that scripts hold on to.
"""

import os
import re
from collections.abc import Iterator

from attrs import frozen

from wfsession.core import layout
from wfsession.core.layout import REGISTRY
from wfsession.core.model import Finding, Marker, Session, Severity
from wfsession.core.names import MARKER_PREFIX, find_fault, nfc
from wfsession.core.survey import Stray, Survey

_ABANDONED_S = 3600.0
_FUTURE_NS = 60_000_000_000
# As tools that synchronise and file managers number what they will not overwrite.
_COPY = re.compile(r" \(.*\)\Z| copy( \d+)?\Z")


@frozen
class Kind:
    """A kind of finding: how grave it is, what it means, and what its repair does."""

    severity: Severity
    meaning: str
    repair: str


KINDS: dict[str, Kind] = {
    "orphaned-marker": Kind(
        "warning",
        "a marker names no directory of the root",
        "remove the marker",
    ),
    "several-markers": Kind(
        "warning",
        "more than one marker names a session; the newest counts",
        "remove the older markers",
    ),
    "stray-marker": Kind(
        "info",
        "an entry begins like a marker and is none: an editor's backup, a conflict copy, a"
        " directory, a symlink, an empty name",
        "move it to the attic",
    ),
    "record-missing": Kind(
        "error",
        "a session has no record",
        "write one from the directory, the registry and the times of the files",
    ),
    "record-unreadable": Kind(
        "error",
        "a record is no regular file, or too large, or may not be read",
        "move what is no regular file, or too large, to the attic and write a record; see to"
        " permissions yourself",
    ),
    "record-corrupt": Kind(
        "error",
        "a record is no valid JSON, or no object",
        "move its bytes to the attic and write a record with all that can still be read",
    ),
    "record-wrong-type": Kind(
        "warning",
        "a field of a record has a type that it must not have",
        "copy the record to the attic and take these fields out of it",
    ),
    "record-newer-schema": Kind(
        "error",
        "a record was written by a newer wfsession",
        "none: upgrade wfsession",
    ),
    "id-mismatch": Kind(
        "warning",
        "the session_id of a record is not the name of its directory",
        "write the directory's name, and keep the other among the former names",
    ),
    "status-mismatch": Kind(
        "info",
        "the status of a record is not what the marker says",
        "write the status that the marker says",
    ),
    "completion-cut-short": Kind(
        "warning",
        "a session was being completed when the program stopped",
        "complete it",
    ),
    "archive-cut-short": Kind(
        "warning",
        "a session was being archived when the program stopped",
        "archive it; if it is active, only take the sign of archiving away",
    ),
    "rename-cut-short": Kind(
        "warning",
        "a session was being renamed when the program stopped",
        "finish the renaming if the directory has its new name, and undo it otherwise",
    ),
    "duplicate-session": Kind(
        "error",
        "a session is in the root and in completed/ under one name",
        "give the archived one a number",
    ),
    "name-collision": Kind(
        "warning",
        "two names differ only in case or Unicode form, and are one on some disks",
        "none: wf rename one of them",
    ),
    "abandoned-staging": Kind(
        "warning",
        "something that was prepared an hour ago or more was never used",
        "move it to the attic",
    ),
    "abandoned-binding": Kind(
        "info",
        "a thread is bound to a session that has gone",
        "move the binding to the attic",
    ),
    "unsafe-session": Kind(
        "error",
        "what looks like a session is a symlink or a file",
        "none: put a real directory in its place, or move it away",
    ),
    "unwritable": Kind(
        "error",
        "a directory cannot be written to",
        "none: see to its permissions",
    ),
    "time-in-future": Kind(
        "info",
        "a marker's time is in the future, so that later ones cannot win",
        "set it to the present",
    ),
    "stale-lock": Kind(
        "info",
        "the lock is held for a process that is gone",
        "move the lock file to the attic; the next writer makes one",
    ),
    "legacy-registry": Kind(
        "info",
        "there is a registry of the older kind",
        "none: wf migrate brings over what it says",
    ),
    "legacy-layout": Kind(
        "info",
        "there are sessions, or what is said of them, in the places of an older layout",
        "none: wf migrate brings them over",
    ),
}


def diagnose(survey: Survey) -> tuple[Finding, ...]:
    """Return what is wrong with a root, the gravest first, then by path.

    Args:
        survey: what `read_survey` returned.
    """
    found = [*_check_markers(survey), *_check_sessions(survey), *_check_rest(survey)]
    ranks = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda one: (ranks[one.severity], one.paths, one.id)))


def make_finding(survey: Survey, finding_id: str, message: str, *names: str) -> Finding:
    """Return a finding about entries of the root."""
    kind = KINDS[finding_id]
    root = survey.snapshot.root
    paths = tuple(root if name == "." else os.path.join(root, name) for name in names)
    return Finding(finding_id, kind.severity, paths, message, kind.repair)


def _check_markers(survey: Survey) -> Iterator[Finding]:
    markers = survey.snapshot.markers
    candidates = [marker for marker in markers if marker.is_candidate]
    for marker in markers:
        if is_orphan(survey, marker):
            message = f"{marker.entry} names no directory of the root"
            yield make_finding(survey, "orphaned-marker", message, marker.entry)
        elif marker.is_candidate and marker.mtime_ns > survey.taken_ns + _FUTURE_NS:
            message = f"{marker.entry} is {_tell_ahead(marker.mtime_ns, survey)} ahead of the clock"
            yield make_finding(survey, "time-in-future", message, marker.entry)
    if len(candidates) > 1:
        losers = [marker.entry for marker in candidates[1:]]
        message = f"{candidates[0].entry} is the newest and counts, not {', '.join(losers)}"
        yield make_finding(survey, "several-markers", message, *losers)
    for stray in survey.strays:
        message = f"{stray.entry} begins like a marker and {_tell_stray(stray)}"
        yield make_finding(survey, "stray-marker", message, stray.entry)


def _tell_stray(stray: Stray) -> str:
    """Return what a stray is, in the second half of a sentence."""
    name = stray.entry.removeprefix(MARKER_PREFIX)
    if stray.kind in ("directory", "symlink"):
        return f"is a {stray.kind}"
    if stray.kind == "special":
        return "is no regular file"
    if not name:
        return "has no name behind it"
    if name.endswith("~"):
        return "is an editor's backup"
    if "conflict" in name.casefold() or _COPY.search(name):
        return "is a conflict copy"
    return f"names nothing that could be a session: {find_fault(nfc(name))}"


def is_orphan(survey: Survey, marker: Marker) -> bool:
    """Tell whether a marker names nothing, not even a session that an older layout has."""
    return not marker.is_candidate and nfc(marker.name) not in survey.expected


def _tell_ahead(mtime_ns: int, survey: Survey) -> str:
    return f"{(mtime_ns - survey.taken_ns) // 1_000_000_000} s"


def _check_sessions(survey: Survey) -> Iterator[Finding]:
    for cut_short in survey.cut_short:
        session, problem = cut_short.session, cut_short.finding
        if problem not in session.problems:
            message = f"{session.name}: {describe(session, problem)}"
            yield make_finding(survey, problem, message, locate_problem(session, problem))
    for session in survey.snapshot.sessions:
        for problem in session.problems:
            # These two are told of the markers, whose paths their repair is about.
            is_told = problem in ("several-markers", "orphaned-marker")
            if not is_told and not is_explained(survey, session, problem):
                message = f"{session.name}: {describe(session, problem)}"
                yield make_finding(survey, problem, message, locate_problem(session, problem))


def is_explained(survey: Survey, session: Session, problem: str) -> bool:
    """Tell whether a problem is what a completion that was cut short left behind."""
    return problem == "status-mismatch" and any(
        one.finding == "completion-cut-short" and one.session is session for one in survey.cut_short
    )


def locate_problem(session: Session, problem: str) -> str:
    """Return the path, relative to the root, of what a session's problem is about."""
    prefix = f"{layout.COMPLETED}/" if session.location == "completed" else ""
    about_record = problem.startswith("record-") or problem.endswith("-mismatch")
    return f"{prefix}{session.dirname}{'/' + layout.RECORD if about_record else ''}"


def describe(session: Session, problem: str) -> str:
    """Return a clause that says what is wrong with a session."""
    record = session.record
    if record is None and session.fault and problem != "duplicate-session":
        return session.fault
    if record is not None and problem == "record-wrong-type":
        wrong = (f"{one.path} is {one.found} and must be {one.expected}" for one in record.wrong)
        return "; ".join(wrong)
    if record is not None and problem == "id-mismatch":
        return f"its record says session_id {record.session_id!r}"
    if record is not None and problem == "status-mismatch":
        return f"its record says {record.status or 'nothing'!r}, and it is {session.state}"
    return KINDS[problem].meaning


def _check_rest(survey: Survey) -> Iterator[Finding]:
    staging = f"{layout.PRIVATE}/{layout.STAGING}"
    for leftover in survey.leftovers:
        if leftover.age_s >= _ABANDONED_S:
            message = f"{leftover.name} was prepared {leftover.age_s / 3600:.0f} h ago"
            yield make_finding(survey, "abandoned-staging", message, f"{staging}/{leftover.name}")
    for thread, name in survey.lost_bindings:
        message = f"the thread {thread} is bound to {name!r}, which is gone"
        yield make_finding(survey, "abandoned-binding", message, f"{layout.THREADS}/{thread}")
    for name in survey.unwritable:
        message = f"{'the root' if name == '.' else name} cannot be written to"
        yield make_finding(survey, "unwritable", message, name)
    if survey.stale_holder:
        message = f"the lock is held by {survey.stale_holder}, which is gone"
        yield make_finding(survey, "stale-lock", message, f"{layout.PRIVATE}/{layout.LOCK}")
    if survey.has_registry:
        message = f"{REGISTRY} is a registry of the older kind, and decides nothing"
        yield make_finding(survey, "legacy-registry", message, REGISTRY)
    for name in survey.legacy:
        message = f"{name}/ holds what an older layout kept there, and no listing shows it"
        yield make_finding(survey, "legacy-layout", message, name)
