"""A dispatch: an agent's command gets its workdir, session and conversation, and is put down.

Whoever dispatches holds the locks of the workdir and of the thread, and so does the command that
inherits their descriptors. What was killed holds nothing, and the next dispatch takes over.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import Literal

from attrs import evolve, field, frozen

from wfsession.core.binding import bind
from wfsession.core.model import ThreadFacts
from wfsession.core.names import find_thread_fault
from wfsession.core.times import encode_time, now
from wfsession.errors import GitFailed, InvalidValue, LockTimeout, WfError
from wfsession.git import Access, Git
from wfsession.threads.bindings import Thread
from wfsession.workdirs.acquire import Acquired, acquire_held
from wfsession.workdirs.child import (
    CLAUDE_CODE,
    Identity,
    Job,
    find_config,
    find_parent,
    make_child_environment,
)
from wfsession.workdirs.key import Key, make_key
from wfsession.workdirs.locks import hold
from wfsession.workdirs.places import Places
from wfsession.workdirs.remote import Remote
from wfsession.workdirs.resume import Resume, plan_resume
from wfsession.workdirs.seen import choose, learn, list_seen, stamp_transcript
from wfsession.workdirs.session import open_session
from wfsession.workdirs.thread import (
    ThreadKey,
    ThreadRecord,
    begin_run,
    find_thread_lock,
    find_thread_path,
    make_thread_key,
    read_thread_record,
    set_thread_record_aside,
    write_thread_record,
)

Outcome = Literal["ended", "failed", "resume_failed"]


@frozen
class Terms:
    """How a dispatch is done: whose commits it makes, how git gets in, what can be resumed.

    `thread_days` is for how many days a thread that did nothing can be resumed, `timeout_s` how
    many seconds to wait for a dispatch that is at work, 0 for not at all; `base` and
    `filter_blobs` are as for `acquire`.
    """

    access: Access = field(factory=Access)
    identity: Identity = field(factory=Identity)
    thread_days: int = 30
    timeout_s: float = 0.0
    base: str | None = None
    filter_blobs: bool = False


_USUAL = Terms()


class Dispatch:
    """One run of an agent, as long as it lasts.

    `path` is the worktree, in which the command has to start, with `environment` and nothing else
    of its caller's, and with the `descriptors` (subprocess calls them `pass_fds`), by which it
    holds the locks on should its caller be killed. `root` and `session` are where its work is put
    down. Where `resume` names a conversation, the command goes on with it; otherwise it needs the
    full prompt. `notes` are sentences for whoever asked.
    """

    def __init__(
        self,
        acquired: Acquired,
        job: Job,
        resume: Resume,
        record: ThreadRecord,
        record_path: str,
        terms: Terms,
        descriptors: tuple[int, ...],
        notes: tuple[str, ...],
    ) -> None:
        self.acquired = acquired
        self.path = job.path
        self.root = job.root
        self.session = job.session
        self.resume = resume
        self.environment = make_child_environment(terms.access, terms.identity, job, resume)
        self.descriptors = descriptors
        self.notes = notes
        self.record = record
        self.is_finished = False
        self._record_path = record_path
        self._terms = terms
        self._branch = job.branch
        self._is_told = False
        self._transcript_before = stamp_transcript(record)
        self._seen_before = list_seen(job.root, record)

    def _put(self, record: ThreadRecord) -> None:
        self.record = _put(self._record_path, record, self._terms)

    def record_thread(
        self, thread_id: str, program: str = CLAUDE_CODE, transcript: str = ""
    ) -> None:
        """Put down which conversation the run is, and bind it to the session.

        To be called as soon as it is known, so that it survives a kill, and again at the end: some
        programs give a conversation that goes on another id.

        Args:
            thread_id: what the agent's program calls the conversation.
            program: which program that is.
            transcript: the path of the transcript, if it is known.

        Raises:
            InvalidValue: the id cannot be one.
            DiskFailed, SessionNotFound: it cannot be written.

        On crash: as before, or known; or known and bound.
        """
        fault = find_thread_fault(f"{program}--{thread_id}")
        if fault:
            raise InvalidValue("thread", thread_id, f"{thread_id[:40]!r} cannot be one: {fault}")
        self._is_told = True
        same = thread_id == self.record.id and program == self.record.program
        known = transcript or (self.record.transcript if same else "")
        self._put(evolve(self.record, id=thread_id, program=program, transcript=known))
        self._bind()

    def _bind(self) -> None:
        record, environment = self.record, self.environment
        facts = ThreadFacts(
            start_directory=record.start_directory,
            config_directory=record.config_directory,
            transcript=record.transcript,
            branch=self.acquired.record.local_branch,
            run=environment.get("WF_RUN", ""),
            parent=record.parent,
            declared_label=environment["WF_LABEL"],
        )
        bind(self.root, record.thread, self.session, facts)

    def finish(self, outcome: Outcome, exit_code: int | None = None) -> None:
        """Put down how the run ended; the end of `dispatch` does it where nobody did.

        A run that was to go on with a conversation and failed before there was any sign of it is
        put down as `resume_failed`: the next one begins anew.

        Args:
            outcome: ended|failed|resume_failed.
            exit_code: that of the command; negative for a signal.

        On crash: still running, which the next dispatch takes for cut short; or the end.
        """
        # Also where it cannot be: to try again would not do better.
        self.is_finished = True
        seen = self._list_new() if not self._is_told else ()
        record = learn(self.record, choose(seen))
        is_silent = not seen and not self._is_told
        if outcome == "failed" and self.resume.is_possible and is_silent:
            grew = stamp_transcript(record) != self._transcript_before
            outcome = "failed" if grew else "resume_failed"
        self._put(
            evolve(
                record,
                status=outcome,
                ended_at=now(),
                exit_code=exit_code,
                pushed=self._find_pushed() or record.pushed,
            )
        )

    def _list_new(self) -> tuple[Thread, ...]:
        before = {(one.name, one.last_seen) for one in self._seen_before}
        seen = list_seen(self.root, self.record)
        return tuple(one for one in seen if (one.name, one.last_seen) not in before)

    def _find_pushed(self) -> str:
        """Return the last commit of the workdir that is in the remote's branch as we know it."""
        git = Git(self._terms.access, directory=self.path)
        pushed = f"refs/remotes/origin/{self._branch}"
        try:
            if git.find("rev-parse", "--verify", "--quiet", pushed) is None:
                return ""
            return git.find("merge-base", "HEAD", pushed) or ""
        except GitFailed:
            # A workdir that the command took away, or without a commit: it did not push from there.
            return ""


@contextmanager
def dispatch(
    places: Places,
    agent: str,
    remote: Remote,
    branch: str,
    issue: str | None = None,
    terms: Terms = _USUAL,
) -> Iterator[Dispatch]:
    """Give an agent its workdir, its session and its conversation while the block runs.

    Args:
        places: where everything lies.
        agent: the agent.
        remote: the repository.
        branch: the branch that it works for.
        issue: what it works on, whatever the branch; None where that is the branch itself.
        terms: how it is done.

    Yields:
        The Dispatch. When the block ends it is put down as ended, or as failed where an exception
        leaves it, unless `finish` was called.

    Raises:
        LockTimeout: a dispatch for that workdir, or for that thread, is at work.
        InvalidValue: the agent, the branch or the issue cannot be one.
        GitFailed: the workdir cannot be made.

    On crash: the workdir as `acquire` leaves it; the thread as before, or running, which the next
    dispatch takes for cut short; the locks are free as soon as the command has ended too.
    """
    key = make_key(agent, remote, branch)
    thread_key = make_thread_key(key, issue)
    path = find_thread_path(places, key.repository_name, thread_key)
    deadline = time.monotonic() + terms.timeout_s
    with ExitStack() as stack:
        locks = ((places.lock(key), places.workdir(key)), (find_thread_lock(path), path))
        descriptors = tuple(_take(stack, lock, what, deadline, terms) for lock, what in locks)
        run = _prepare(places, remote, (key, thread_key), path, terms, descriptors)
        try:
            yield run
        except BaseException:
            # What went wrong there is what counts, and not what does in putting it down.
            with suppress(WfError):
                _finish(run, "failed")
            raise
        _finish(run, "ended")


def _take(stack: ExitStack, lock: str, what: str, deadline: float, terms: Terms) -> int:
    """Hold a lock as long as a stack lasts, and return its descriptor; `what` is what it keeps."""
    try:
        return stack.enter_context(hold(lock, max(0.0, deadline - time.monotonic())))
    except LockTimeout as error:
        told = LockTimeout(what, terms.timeout_s, error.holder)
        told.hint = "to wait for it: wf workdir run --wait SECONDS"
        raise told from None


def _finish(run: Dispatch, outcome: Outcome) -> None:
    if not run.is_finished:
        run.finish(outcome)


def _prepare(
    places: Places,
    remote: Remote,
    keys: tuple[Key, ThreadKey],
    path: str,
    terms: Terms,
    descriptors: tuple[int, ...],
) -> Dispatch:
    """Make everything ready under both locks, and put down that it runs."""
    key, thread_key = keys
    acquired = acquire_held(
        places,
        key,
        remote,
        descriptors[0],
        base=terms.base,
        filter_blobs=terms.filter_blobs,
        access=terms.access,
    )
    root, session, said = open_session(places, thread_key)
    before, recovered = _recover(path, thread_key, root)
    resume = plan_resume(before, acquired.path, now())
    job = Job(
        agent=key.agent,
        matter=thread_key.matter,
        path=acquired.path,
        branch=key.branch,
        local_branch=acquired.record.local_branch,
        root=root,
        session=session.name,
        workspace=session.path,
    )
    record = _put(path, _make_record(before, thread_key, resume, job, terms), terms)
    notes = (*acquired.notes, *said, *recovered)
    return Dispatch(acquired, job, resume, record, path, terms, descriptors, notes)


def _put(path: str, record: ThreadRecord, terms: Terms) -> ThreadRecord:
    record = evolve(record, expires_at=now() + timedelta(days=terms.thread_days))
    write_thread_record(path, record)
    return record


def _recover(path: str, key: ThreadKey, root: str) -> tuple[ThreadRecord | None, tuple[str, ...]]:
    """Return what is known of the last run, also of one that was killed; and what to say of it."""
    found = read_thread_record(path, key)
    if isinstance(found, str):
        aside = set_thread_record_aside(path)
        return None, (f"what was known of the thread is of no use ({found}): {aside}",)
    if found is None or found.status != "running":
        return found, ()
    began = encode_time(found.started_at) if found.started_at else "some time ago"
    note = f"the last run, which began at {began}, was cut short"
    return learn(found, choose(list_seen(root, found))), (note,)


def _make_record(
    before: ThreadRecord | None, key: ThreadKey, resume: Resume, job: Job, terms: Terms
) -> ThreadRecord:
    ambient = terms.access.environment
    config = resume.config_directory or find_config(ambient)
    return begin_run(
        before,
        key,
        id=resume.id,
        program=resume.program,
        transcript=before.transcript if before is not None and resume.is_possible else "",
        start_directory=job.path,
        config_directory=config,
        parent=find_parent(ambient),
        session=job.session,
        started_at=now(),
    )
