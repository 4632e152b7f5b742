"""What a payload of GitHub, Gitea or Forgejo says that workdirs may be done with. Pure.

A payload comes from a stranger: whatever is in it, the outcome is a value or one sentence. The
name of the event stands in a header that is not seen here, so it is told from the payload.
"""

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from wfsession.core.jsontext import parse_json
from wfsession.errors import InvalidValue
from wfsession.workdirs.key import find_branch_fault
from wfsession.workdirs.record import MarkReason
from wfsession.workdirs.remote import parse_remote

# More than GitHub ever sends.
LIMIT_BYTES = 25_000_000
_URLS = ("clone_url", "ssh_url", "html_url", "git_url", "url")
_BRANCH = "refs/heads/"
# What a payload about something new has, and one about something deleted has not.
_NEW = ("master_branch", "sha")
_HINT = "hand over the body of the request as it came"


@frozen
class Meant:
    """Workdirs of a branch, in the repository with any of these identities, and why."""

    repositories: frozenset[str]
    branch: str
    reason: MarkReason
    source: str


@frozen
class Ignored:
    """A payload that is about no workdir, and what it is instead, as a clause."""

    reason: str


def parse_payload(data: bytes) -> Meant | Ignored:
    """Return what a payload means.

    Raises:
        InvalidValue: it is too large, or no JSON object.
    """
    if len(data) > LIMIT_BYTES:
        reason = f"it has more than {LIMIT_BYTES:,} bytes, which no service sends"
        raise InvalidValue("payload", len(data), reason, _HINT)
    try:
        found = parse_json(data)
    except ValueError:
        raise InvalidValue("payload", data[:40], "it is no JSON", _HINT) from None
    if not isinstance(found, dict):
        raise InvalidValue("payload", data[:40], "it holds no JSON object", _HINT)
    if "pull_request" in found:
        return _read_pull_request(found)
    if "ref_type" in found:
        return _read_delete(found)
    if "after" in found and "ref" in found:
        return _read_push(found)
    return Ignored("it is about neither a branch nor a pull request")


def _read_delete(found: dict[str, Any]) -> Meant | Ignored:
    if found["ref_type"] != "branch":
        return Ignored("it is about no branch")
    if any(name in found for name in _NEW):
        return Ignored("a branch was made, not deleted")
    return _mean(found.get("repository"), found.get("ref"), "branch_deleted", "delete")


def _read_push(found: dict[str, Any]) -> Meant | Ignored:
    ref, after = found["ref"], found["after"]
    is_gone = isinstance(after, str) and after and not after.strip("0")
    if found.get("deleted") is not True and not is_gone:
        return Ignored("commits were pushed, and nothing was deleted")
    if not isinstance(ref, str) or not ref.startswith(_BRANCH):
        return Ignored("it is about no branch")
    return _mean(found.get("repository"), ref, "branch_deleted", "push")


def _read_pull_request(found: dict[str, Any]) -> Meant | Ignored:
    request = found["pull_request"]
    if found.get("action") != "closed" or not isinstance(request, dict):
        return Ignored("it is about a pull request that was not closed")
    head = request.get("head")
    if not isinstance(head, dict):
        return Ignored("it does not say from which branch the pull request is")
    merged = request.get("merged") is True
    number = request.get("number", found.get("number"))
    source = f"pull_request {number}" if type(number) is int else "pull_request"
    reason: MarkReason = "pull_request_merged" if merged else "pull_request_closed"
    # The branch is where it was pushed to, which may be a fork.
    return _mean(head.get("repo"), head.get("ref"), reason, source)


def _mean(repository: object, ref: object, reason: MarkReason, source: str) -> Meant | Ignored:
    identities = frozenset(_list_identities(repository))
    if not identities:
        return Ignored("it does not say of which repository the branch is")
    branch = ref.removeprefix(_BRANCH) if isinstance(ref, str) else ""
    if find_branch_fault(branch):
        return Ignored("it names no branch that there could be")
    return Meant(identities, branch, reason, source)


def _list_identities(repository: object) -> Iterator[str]:
    if not isinstance(repository, dict):
        return
    for name in _URLS:
        url = repository.get(name)
        # Without a colon it would be a path of this machine, which no service knows.
        if isinstance(url, str) and ":" in url:
            try:
                yield parse_remote(url, "/").identity
            except InvalidValue:
                continue  # of no use; another one may be
