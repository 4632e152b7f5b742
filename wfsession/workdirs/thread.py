"""The thread of an agent on one issue of a repository: its key, and what is known of its last run.

Bytes <-> values, and the disk. A record is information: without it, or where it cannot be read,
the agent begins anew. Keys that we do not know are kept.
"""

import glob
import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from attrs import evolve, field, frozen

from wfsession.core.disk import Folder
from wfsession.core.jsontext import encode_json, parse_json
from wfsession.core.names import find_thread_fault, join_words
from wfsession.core.times import encode_time, make_stamp, now, parse_time
from wfsession.errors import InvalidValue, UnsafePath, as_wf_error
from wfsession.workdirs.files import replace_file
from wfsession.workdirs.key import Key, check_agent, check_branch
from wfsession.workdirs.places import Places

SCHEMA_VERSION = 1
LIMIT_BYTES = 1_000_000
Status = Literal["running", "ended", "failed", "resume_failed"]
_SLUG_BYTES = 36
_HASH_DIGITS = 16
_MOST_CHARACTERS = 200
_TEXTS = (
    "id",
    "program",
    "start_directory",
    "config_directory",
    "transcript",
    "parent",
    "session",
    "pushed",
)
_TIMES = ("started_at", "ended_at", "expires_at")


@frozen
class ThreadKey:
    """What a thread is about: an issue, or where there is none a branch; the other is empty."""

    agent: str
    repository: str
    issue: str
    branch: str

    @property
    def matter(self) -> str:
        """The issue or the branch, for people."""
        return f"issue {self.issue}" if self.issue else f"branch {self.branch}"

    @property
    def name(self) -> str:
        """The name of its files: readable, and no two keys have one."""
        text = "\0".join((self.agent, self.repository, self.issue, self.branch))
        digits = hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
        words = join_words(self.issue or self.branch).encode()[:_SLUG_BYTES]
        slug = words.decode(errors="ignore").strip("-_.") or "x"
        return f"{self.agent.lower()}--{slug}-{digits}"


def make_thread_key(key: Key, issue: str | None) -> ThreadKey:
    """Return the key of the thread for a workdir's agent and an issue, its branch if None.

    Raises:
        InvalidValue: the issue cannot be one.
    """
    check_agent(key.agent)
    check_branch(key.branch)
    if issue is None:
        return ThreadKey(key.agent, key.repository, "", key.branch)
    fault = _find_issue_fault(issue)
    if fault:
        shown = issue if len(issue) <= 40 else f"{issue[:40]}…"
        raise InvalidValue("issue", issue, f"{shown!r} cannot be one: {fault}", "as in: --issue 7")
    return ThreadKey(key.agent, key.repository, issue, "")


def _find_issue_fault(issue: str) -> str:
    if not issue.strip():
        return "it is empty"
    if len(issue) > _MOST_CHARACTERS:
        return f"it has {len(issue)} characters, and {_MOST_CHARACTERS} is the most"
    odd = next((one for one in issue if not one.isprintable()), "")
    return f"it contains {odd!r}" if odd else ""


@frozen
class ThreadRecord:
    """What is known of the last run of a thread. What is not known is empty, or None.

    `id` is what the agent's program calls the conversation, `program` which one it is, as the first
    part of the names of threads has it. `start_directory`, `config_directory` and `transcript` are
    paths, `parent` a thread, `session` the name of ours, `pushed` the last commit that was pushed.
    """

    key: ThreadKey
    status: Status
    id: str = ""
    program: str = ""
    start_directory: str = ""
    config_directory: str = ""
    transcript: str = ""
    parent: str = ""
    session: str = ""
    pushed: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    exit_code: int | None = None
    data: Mapping[str, Any] = field(factory=lambda: MappingProxyType({}), eq=False, repr=False)

    @property
    def thread(self) -> str:
        """The name of the thread, `<agent>--<id>`; empty where no id is known."""
        return f"{self.program}--{self.id}" if self.id else ""


def encode_thread_record(record: ThreadRecord) -> bytes:
    """Return a record as JSON, with what it had besides."""
    moments = {name: getattr(record, name) for name in _TIMES}
    known = {
        "schema_version": SCHEMA_VERSION,
        "agent": record.key.agent,
        "repository": record.key.repository,
        "issue": record.key.issue or None,
        "branch": record.key.branch or None,
        "status": record.status,
        **{name: getattr(record, name) or None for name in _TEXTS},
        **{name: moment and encode_time(moment) for name, moment in moments.items()},
        "exit_code": record.exit_code,
    }
    return encode_json({**record.data, **known}, indent=2)


def parse_thread_record(data: bytes, key: ThreadKey) -> ThreadRecord | str:
    """Return the record of a key that is in a file, or a sentence that says why there is none."""
    try:
        found = parse_json(data)
    except ValueError:
        return "it is no JSON"
    if not isinstance(found, dict):
        return "it holds no object"
    version = found.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        return f"its schema_version is not {SCHEMA_VERSION}"
    said = tuple(found.get(one) or "" for one in ("agent", "repository", "issue", "branch"))
    if said != (key.agent, key.repository, key.issue, key.branch):
        return "it belongs to another thread"
    if found.get("status") not in get_args(Status):
        return "its status is none"
    known: dict[str, Any] = {name: found.get(name) or "" for name in _TEXTS}
    odd = next((name for name, text in known.items() if not isinstance(text, str)), "")
    if odd:
        return f"its {odd} is no text"
    if known["id"] and find_thread_fault(f"{known['program']}--{known['id']}"):
        return "its id cannot be one"
    known |= {name: parse_time(found.get(name)) for name in _TIMES}
    code = found.get("exit_code")
    return ThreadRecord(
        key,
        cast(Status, found["status"]),
        **known,
        exit_code=code if type(code) is int else None,
        data=MappingProxyType(found),
    )


def find_thread_path(places: Places, repository_name: str, key: ThreadKey) -> str:
    """Return the path of a thread's record, whether or not it exists."""
    return os.path.join(places.threads(repository_name), f"{key.name}.json")


def find_thread_lock(path: str) -> str:
    """Return the lock file of the thread whose record has that path."""
    return f"{path.removesuffix('.json')}.lock"


def read_thread_record(path: str, key: ThreadKey) -> ThreadRecord | str | None:
    """Return the record in a file, None where there is none, or why there is none in it.

    Raises:
        DiskFailed: it cannot be read.
    """
    directory, name = os.path.split(path)
    try:
        with Folder.open(os.path.realpath(directory)) as folder:
            return parse_thread_record(folder.read(name, LIMIT_BYTES).data, key)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnsafePath as error:
        return error.reason
    except OSError as error:
        raise as_wf_error(path, error) from None


def write_thread_record(path: str, record: ThreadRecord) -> None:
    """Write the record of a thread, by whoever holds the thread's lock.

    Raises:
        UnsafePath, DiskFailed: it cannot be written.

    On crash: the record is as before or as after.
    """
    replace_file(path, encode_thread_record(record))


def set_thread_record_aside(path: str) -> str:
    """Give a file that is no record of a thread another name, beside it, and return its path.

    On crash: it is where it was, or has the other name.
    """
    directory, name = os.path.split(path)
    aside = f"{name}.{make_stamp(now())}-{os.urandom(3).hex()}"
    try:
        with Folder.open(os.path.realpath(directory)) as folder:
            folder.move(name, aside)
            folder.sync()
    except OSError as error:
        raise as_wf_error(path, error) from None
    return os.path.join(directory, aside)


def find_transcript(record: ThreadRecord) -> str:
    """Return the path of the conversation's transcript, or an empty text where it is gone."""
    candidates = [record.transcript] if record.transcript else []
    if record.config_directory and record.id:
        inside = os.path.join("projects", "*", f"{record.id}.jsonl")
        candidates += sorted(glob.glob(os.path.join(glob.escape(record.config_directory), inside)))
    return next((path for path in candidates if _has_content(path)), "")


def _has_content(path: str) -> bool:
    try:
        return os.path.isfile(path) and os.path.getsize(path) > 0
    except OSError:
        return False


def begin_run(record: ThreadRecord | None, key: ThreadKey, **known: Any) -> ThreadRecord:
    """Return the record of a run that begins, with what others put in the one before it."""
    before = record if record is not None else ThreadRecord(key, "running")
    fresh = ThreadRecord(key, "running", pushed=before.pushed, data=before.data)
    return evolve(fresh, **known)
