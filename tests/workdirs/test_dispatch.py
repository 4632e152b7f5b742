"""A dispatch: what the agent is given, what is put down of it, and what the next one finds."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import attrs
import pytest

from tests.hands import run_together
from tests.workdirs.dispatching import BRANCH, Dispatcher, make_terms, run_agent, see_in
from tests.workdirs.repositories import git
from wfsession.core import lifecycle
from wfsession.core.locate import Environment
from wfsession.core.model import Session
from wfsession.errors import GitFailed, InvalidValue, LockTimeout
from wfsession.git import make_access
from wfsession.workdirs.child import Identity
from wfsession.workdirs.key import make_key
from wfsession.workdirs.places import Places
from wfsession.workdirs.session import open_session
from wfsession.workdirs.thread import ThreadKey, find_thread_path, find_transcript, make_thread_key
from wfsession.workspace import Workspace


def sessions_of(root: str) -> tuple[Session, ...]:
    return Workspace(root, Environment()).sessions(archived=True)


def test_an_agent_is_told_where_it_is_and_who(dispatcher: Dispatcher) -> None:
    ran = dispatcher.dispatch()
    assert ran.said["cwd"] == ran.path
    assert ran.said["WF_ROOT"] == ran.root
    assert ran.said["WF_WORKSPACE"] == f"{ran.root}/{ran.said['WF_SESSION']}"
    assert ran.said["WF_LABEL"] == "dev, issue 7"
    assert ran.said["GIT_AUTHOR_NAME"] == ran.said["GIT_COMMITTER_NAME"] == "dev"
    assert ran.said["GIT_AUTHOR_EMAIL"] == ran.said["GIT_COMMITTER_EMAIL"] == "dev@localhost"
    assert ran.said["GIT_TERMINAL_PROMPT"] == "0"
    assert Path(ran.root).parent == Path(ran.path).parent
    assert git("status", "--porcelain", "--ignored", at=ran.path) == ""


def test_of_its_caller_an_agent_hears_only_what_is_for_it(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "GIT_EDITOR"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("GIT_ASKPASS", "/bin/true")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    for name in ("WF_SESSION", "WF_ROOT", "WF_WORKSPACE", "WF_RESUME"):
        monkeypatch.setenv(name, "another")
    monkeypatch.setenv("WF_THREAD", "claude-code--boss")
    monkeypatch.setenv("WF_RUN", "wf_1")
    ran = attrs.evolve(dispatcher, terms=make_terms()).dispatch()
    assert {"GIT_DIR", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "GIT_EDITOR"}.isdisjoint(ran.said)
    assert (ran.said["GIT_ASKPASS"], ran.said["GIT_SSH_COMMAND"]) == ("/bin/true", "ssh -i key")
    assert "another" not in ran.said.values()
    assert {"WF_THREAD", "WF_RESUME"}.isdisjoint(ran.said)
    # Whoever asks is the parent, unless another one is declared.
    assert (ran.said["WF_RUN"], ran.said["WF_PARENT_THREAD"]) == ("wf_1", "claude-code--boss")
    assert ran.record.parent == "claude-code--boss"


def test_commits_are_by_whom_the_terms_say(dispatcher: Dispatcher) -> None:
    identity = Identity("{agent} for Ada", "ada+{agent}@example.com")
    access = make_access(dict(os.environ), askpass="/bin/true")
    terms = make_terms(identity=identity, access=access)
    ran = attrs.evolve(dispatcher, terms=terms).dispatch("commit")
    said = git("log", "-1", "--format=%an %ae %cn %ce", at=ran.path)
    assert said == "dev for Ada ada+dev@example.com dev for Ada ada+dev@example.com"
    assert ran.said["GIT_ASKPASS"] == "/bin/true"


@pytest.mark.parametrize("branch", [BRANCH, "new/one"])
def test_a_plain_push_goes_to_the_branch_of_the_workdir(
    dispatcher: Dispatcher, branch: str
) -> None:
    ran = dispatcher.dispatch("commit", "push", branch=branch)
    head = git("rev-parse", "HEAD", at=ran.path)
    assert dispatcher.repository.head(branch) == head == ran.record.pushed
    refs = git("for-each-ref", "--format=%(refname:short)", at=dispatcher.repository.bare)
    assert set(refs.split()) == {"main", BRANCH, branch}


def test_a_plain_push_does_so_too_after_another_was_told_where_to_go(
    dispatcher: Dispatcher,
) -> None:
    with dispatcher.open() as run:
        script = "git push -q -u origin HEAD; echo x > file.txt; git commit -qam x; git push -q"
        subprocess.run(["sh", "-ec", script], check=True, cwd=run.path, env=run.environment)
    assert dispatcher.repository.head(BRANCH) == git("rev-parse", "HEAD", at=run.path)


def test_a_plain_pull_takes_what_others_pushed_to_that_branch(dispatcher: Dispatcher) -> None:
    with dispatcher.open() as run:
        theirs = dispatcher.repository.commit(BRANCH)
        subprocess.run(["git", "pull", "-q"], check=True, cwd=run.path, env=run.environment)
    assert git("rev-parse", "HEAD", at=run.path) == theirs


def test_two_agents_on_one_branch_push_in_turn(dispatcher: Dispatcher) -> None:
    first = dispatcher.dispatch("commit", "push")
    second = dispatcher.dispatch("commit", "push", agent="reviewer")
    assert first.path != second.path
    assert dispatcher.repository.head(BRANCH) == second.record.pushed != first.record.pushed
    # They work on one issue, so in one session.
    assert first.said["WF_SESSION"] == second.said["WF_SESSION"]
    assert len(sessions_of(first.root)) == 1


def test_what_was_not_pushed_is_not_put_down_as_pushed(dispatcher: Dispatcher) -> None:
    before = dispatcher.repository.head(BRANCH)
    assert dispatcher.dispatch("commit").record.pushed == before
    assert dispatcher.dispatch("commit", branch="new", issue="8").record.pushed == ""


def test_the_hook_tells_which_conversation_it_was_and_the_next_goes_on_with_it(
    dispatcher: Dispatcher,
) -> None:
    assert dispatcher.plan().reason == "never_ran"
    first = dispatcher.dispatch("hook", "transcript")
    assert first.resume.reason == "never_ran"
    assert (first.record.status, first.record.exit_code, first.record.id) == ("ended", 0, "first")
    assert first.record.start_directory == first.path
    plan = dispatcher.plan()
    second = dispatcher.dispatch("hook", "transcript")
    assert second.resume == plan
    assert second.said["WF_RESUME"] == "first" == plan.id
    assert plan.start_directory == first.path
    (thread,) = Workspace(first.root, Environment()).threads()
    assert (thread.id, thread.session) == ("first", first.said["WF_SESSION"])
    assert thread.facts.start_directory == first.path
    assert thread.facts.declared_label == "dev, issue 7"


def test_of_several_agents_in_a_run_the_one_counts_that_was_seen_last(
    dispatcher: Dispatcher,
) -> None:
    dispatcher.dispatch("hook", "as=before", issue="6")
    with dispatcher.open() as run:
        run_agent(run, "hook", "as=outer")
        run_agent(run, "hook", "as=inner")
        # The clock of threads counts seconds; this says who came last.
        name = "claude-code--outer.json"
        file = Path(run.root, run.session, ".threads", name)
        file.write_text(file.read_text().replace('"last_seen": "2', '"last_seen": "3'))
    assert run.record.id == "outer"


def test_what_another_agent_does_meanwhile_is_not_taken_for_it(dispatcher: Dispatcher) -> None:
    with dispatcher.open() as run:
        dispatcher.dispatch("hook", "as=other", agent="reviewer")
    assert run.record.id == ""


def test_a_caller_may_tell_which_conversation_it_is(dispatcher: Dispatcher) -> None:
    with dispatcher.open() as run:
        run.record_thread("told")
        # Already now, so that it survives a kill.
        assert dispatcher.read().id == "told"
        (thread,) = Workspace(run.root, Environment()).threads()
        assert (thread.name, thread.session) == ("claude-code--told", run.session)
        run_agent(run, "as=told", "transcript")
        with pytest.raises(InvalidValue, match=r"thread: '\.\./x' cannot be one"):
            run.record_thread("../x")
        run.record_thread("told-again")
    assert dispatcher.read().id == "told-again"
    assert dispatcher.plan().reason == "transcript_gone"


def test_a_conversation_without_its_transcript_begins_anew(dispatcher: Dispatcher) -> None:
    first = dispatcher.dispatch("told", "transcript")
    os.unlink(find_transcript(first.record))
    assert dispatcher.plan().reason == "transcript_gone"
    second = dispatcher.dispatch("told", "transcript", "as=second")
    assert "WF_RESUME" not in second.said
    assert (second.resume.reason, second.record.id) == ("transcript_gone", "second")
    assert dispatcher.plan().id == "second"


def test_a_conversation_expires(dispatcher: Dispatcher) -> None:
    short = attrs.evolve(dispatcher, terms=make_terms(thread_days=0))
    short.dispatch("told", "transcript")
    assert short.plan().reason == "expired"
    assert short.dispatch().resume.reason == "expired"


def test_an_issue_on_another_branch_begins_anew(dispatcher: Dispatcher) -> None:
    first = dispatcher.dispatch("told", "transcript")
    assert dispatcher.plan(branch="main").reason == "moved"
    second = dispatcher.dispatch("told", "as=second", branch="main")
    assert second.resume.reason == "moved"
    assert second.said["WF_SESSION"] == first.said["WF_SESSION"]


def test_without_an_issue_the_branch_is_what_counts(dispatcher: Dispatcher) -> None:
    first = dispatcher.dispatch("told", "transcript", issue=None)
    assert first.said["WF_LABEL"] == "dev, branch feature/a"
    assert dispatcher.plan(issue=None).id == "first"
    assert dispatcher.plan().reason == "never_ran"
    second = dispatcher.dispatch(issue=None, agent="boss")
    third = dispatcher.dispatch(issue="feature/a", agent="boss")
    assert second.said["WF_SESSION"] == first.said["WF_SESSION"] != third.said["WF_SESSION"]


def test_a_conversation_that_could_not_go_on_is_not_tried_twice(dispatcher: Dispatcher) -> None:
    # Threads are seen in whole seconds: that one is seen still when the second run begins.
    see_in(dispatcher.dispatch("hook", "transcript"), "30")
    second = dispatcher.dispatch("exit=1")
    assert (second.said["WF_RESUME"], second.record.status) == ("first", "resume_failed")
    assert dispatcher.plan().reason == "resume_failed"
    third = dispatcher.dispatch("hook", "transcript", "as=third")
    assert (third.resume.reason, third.record.status) == ("resume_failed", "ended")
    assert dispatcher.plan().id == "third"


@pytest.mark.parametrize("sign", ["told", "transcript"])
def test_one_that_went_on_and_failed_may_go_on_again(dispatcher: Dispatcher, sign: str) -> None:
    first = dispatcher.dispatch("hook", "transcript")
    see_in(first, "19")
    second = dispatcher.dispatch(sign, "exit=3")
    assert (second.record.status, second.record.exit_code) == ("failed", 3)
    assert dispatcher.plan().id == "first"


def test_a_conversation_goes_on_in_the_configuration_that_it_was_kept_in(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "config"))
    attrs.evolve(dispatcher, terms=make_terms()).dispatch("told", "transcript")
    monkeypatch.delenv("CLAUDE_CONFIG_DIR")
    second = attrs.evolve(dispatcher, terms=make_terms()).dispatch("told", "transcript")
    assert second.said["CLAUDE_CONFIG_DIR"] == str(tmp_path / "config")
    assert second.said["WF_RESUME"] == "first"


def test_the_session_of_an_issue_is_found_by_its_record_and_taken_up_again(
    dispatcher: Dispatcher,
) -> None:
    first = dispatcher.dispatch()
    lifecycle.rename(first.root, first.said["WF_SESSION"], "WFS-other")
    assert dispatcher.dispatch().said["WF_SESSION"] == "WFS-other"
    for archive in (False, True):
        lifecycle.complete(first.root, "WFS-other", archive=archive)
        again = dispatcher.dispatch()
        assert again.said["WF_SESSION"] == "WFS-other"
        assert any("WFS-other was" in note for note in again.notes)
        assert len(sessions_of(first.root)) == 1
    assert dispatcher.dispatch(issue="8").said["WF_SESSION"] != "WFS-other"


def test_agents_that_begin_an_issue_at_once_share_one_session(places: Places) -> None:
    keys = [ThreadKey(f"agent{number}", "host/a/b", "7", "") for number in range(8)]
    run_together([partial(open_session, places, key) for key in keys])
    root, session, _ = open_session(places, keys[0])
    assert [one.name for one in sessions_of(root)] == [session.name]


def test_a_record_that_is_none_is_set_aside_and_said(dispatcher: Dispatcher) -> None:
    dispatcher.dispatch("told", "transcript")
    key = make_key("dev", dispatcher.repository.remote, BRANCH)
    path = Path(find_thread_path(dispatcher.places, key.repository_name, make_thread_key(key, "7")))
    path.write_bytes(b"{torn")
    ran = dispatcher.dispatch()
    (note,) = [note for note in ran.notes if "it is no JSON" in note]
    assert Path(note.rpartition(": ")[2]).read_bytes() == b"{torn"
    assert ran.resume.reason == "never_ran"


def test_a_second_dispatch_for_the_workdir_or_the_thread_waits_or_is_told_who_is_at_work(
    dispatcher: Dispatcher,
) -> None:
    dispatcher.dispatch("told", "transcript")
    with dispatcher.open():
        for branch, issue in ((BRANCH, "7"), (BRANCH, "8"), ("main", "7")):
            with pytest.raises(LockTimeout, match=f"held by process {os.getpid()} on "):
                dispatcher.dispatch(branch=branch, issue=issue)
        assert dispatcher.plan().reason == dispatcher.plan(branch="main").reason == "running"
        # Nobody else is in their way.
        dispatcher.dispatch(agent="reviewer")
        dispatcher.dispatch(branch="main", issue="8")
    assert dispatcher.dispatch().said["WF_RESUME"] == "first"


def fail(dispatcher: Dispatcher, *lost: str) -> None:
    with dispatcher.open() as run:
        for name in lost:
            shutil.rmtree(getattr(run, name))
        raise ZeroDivisionError


def test_a_run_that_an_exception_leaves_is_put_down_as_failed(dispatcher: Dispatcher) -> None:
    with pytest.raises(ZeroDivisionError):
        fail(dispatcher)
    assert dispatcher.read().status == "failed"
    # Also where the end cannot be put down, it is the exception that is told.
    with pytest.raises(ZeroDivisionError):
        fail(dispatcher, "root", "path")
    assert dispatcher.read().status == "running"


def test_what_cannot_be_dispatched_leaves_the_thread_as_it_was(dispatcher: Dispatcher) -> None:
    dispatcher.dispatch("told", "transcript")
    before = dispatcher.read()
    with pytest.raises(InvalidValue):
        dispatcher.dispatch(agent="../x")
    with pytest.raises(InvalidValue):
        dispatcher.dispatch(branch="-x")
    with pytest.raises(InvalidValue):
        dispatcher.dispatch(issue="")
    shutil.rmtree(dispatcher.repository.bare)
    shutil.rmtree(dispatcher.places.cache)
    with pytest.raises(GitFailed):
        dispatcher.dispatch()
    assert dispatcher.read() == before
