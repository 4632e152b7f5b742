"""What a payload means; and that nothing in one does any harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workdirs.yard import AT, Yard
from wfsession.errors import InvalidValue
from wfsession.workdirs.marks import mark_workdirs
from wfsession.workdirs.record import Mark
from wfsession.workdirs.webhook import LIMIT_BYTES, Ignored, Meant, parse_payload

REPOSITORY = {
    "full_name": "owner/name",
    "clone_url": "https://git.example.com:3000/owner/name.git",
    "ssh_url": "ssh://git@git.example.com:2222/owner/name.git",
    "html_url": "https://git.example.com:3000/owner/name",
    "mirror_url": "https://elsewhere/owner/name",
}
FORK = {"clone_url": "https://git.example.com:3000/other/name.git"}
IDENTITIES = frozenset({"git.example.com:3000/owner/name", "git.example.com:2222/owner/name"})
ZERO = "0" * 40


def request(head: object, action: str = "closed", merged: object = True) -> dict[str, Any]:
    return {
        "action": action,
        "number": 7,
        "pull_request": {
            "merged": merged,
            "head": head,
            "base": {"ref": "main", "repo": REPOSITORY},
        },
        "repository": REPOSITORY,
    }


HEAD = {"ref": "feature/a", "repo": REPOSITORY}
DELETE = {"ref": "feature/a", "ref_type": "branch", "pusher_type": "user", "repository": REPOSITORY}
PUSH = {"ref": "refs/heads/feature/a", "after": ZERO, "repository": REPOSITORY}
MEANT: dict[str, tuple[object, str, str]] = {
    "deleted": (DELETE, "branch_deleted", "delete"),
    "deleted, in full": ({**DELETE, "ref": "refs/heads/feature/a"}, "branch_deleted", "delete"),
    "pushed away": ({**PUSH, "deleted": True}, "branch_deleted", "push"),
    "pushed away, without saying so": (PUSH, "branch_deleted", "push"),
    "merged": (request(HEAD), "pull_request_merged", "pull_request 7"),
    "closed": (request(HEAD, merged=False), "pull_request_closed", "pull_request 7"),
    "closed, oddly": (request(HEAD, merged="yes"), "pull_request_closed", "pull_request 7"),
}
IGNORED: dict[str, object] = {
    "a tag": {**DELETE, "ref_type": "tag"},
    "a branch that is new at GitHub": {**DELETE, "master_branch": "main"},
    "a branch that is new at Gitea": {**DELETE, "sha": "1" * 40},
    "commits": {**PUSH, "after": "1" * 40, "deleted": False},
    "a tag that was pushed away": {**PUSH, "ref": "refs/tags/v1"},
    "an opened request": request(HEAD, "opened"),
    "a request of a fork that is gone": request({"ref": "feature/a", "repo": None}),
    "a request without a head": request(None),
    "a ping": {"zen": "Keep it simple.", "repository": REPOSITORY},
    "a path of this machine": {**DELETE, "repository": {"clone_url": "/etc"}},
    "an option": {**DELETE, "repository": {"clone_url": "--upload-pack=x:y"}},
    "a name that is none": {**DELETE, "ref": "../../x"},
    "numbers": {**DELETE, "ref": 1, "repository": 2},
    "nothing": {},
}


@pytest.mark.parametrize(("payload", "reason", "source"), MEANT.values(), ids=MEANT)
def test_each_service_says_which_branch_is_done_with(
    payload: object, reason: Any, source: str
) -> None:
    found = parse_payload(json.dumps(payload).encode())
    assert found == Meant(IDENTITIES, "feature/a", reason, source)


@pytest.mark.parametrize("payload", IGNORED.values(), ids=IGNORED)
def test_what_is_about_no_branch_of_ours_is_ignored_and_says_why(payload: object) -> None:
    found = parse_payload(json.dumps(payload).encode())
    assert isinstance(found, Ignored)
    assert found.reason


def test_a_request_from_a_fork_is_about_the_fork() -> None:
    found = parse_payload(json.dumps(request({"ref": "feature/a", "repo": FORK})).encode())
    assert isinstance(found, Meant)
    assert found.repositories == frozenset({"git.example.com:3000/other/name"})


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"1", b"\xff", b" " * (LIMIT_BYTES + 1)])
def test_what_is_no_payload_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(InvalidValue, match="payload: it ") as raised:
        parse_payload(data)
    assert raised.value.hint


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_KEYS = ("ref", "ref_type", "after", "deleted", "action", "pull_request", "repository")


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_any_object_is_meant_or_ignored(payload: dict[str, Any]) -> None:
    for closed in (payload, {**payload, "action": "closed", "ref_type": "branch"}):
        assert isinstance(parse_payload(json.dumps(closed).encode()), Meant | Ignored)


@given(st.binary(max_size=200) | st.integers(1, 10**5).map(lambda deep: b"[" * deep))
def test_any_bytes_are_a_payload_or_refused(data: bytes) -> None:
    try:
        parse_payload(data)
    except InvalidValue:
        pass


def test_every_agents_workdir_of_the_branch_is_marked_and_no_other(yard: Yard) -> None:
    for branch, agent in (("a", "dev"), ("a", "reviewer"), ("b", "dev")):
        yard.acquire(branch, agent)
    meant = Meant(frozenset({yard.remote.identity, "x"}), "a", "branch_deleted", "delete")
    marked = mark_workdirs(yard.places, meant, AT)
    assert [(one.agent, one.branch) for one in marked.records] == [("dev", "a"), ("reviewer", "a")]
    assert yard.record("a").marked == Mark(AT, "branch_deleted", "delete")
    assert yard.record("b").marked is None


def test_work_that_is_taken_up_again_is_not_marked_any_more(yard: Yard) -> None:
    yard.acquire("a")
    yard.mark("a")
    yard.acquire("a")
    assert yard.record("a").marked is None
