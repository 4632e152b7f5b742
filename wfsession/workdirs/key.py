"""The key of a workdir: which agent, repository and branch; and the names made from it. Pure.

Names are a readable slug and a hash of the exact text, so that `a/b`, `a-b` and `A-b` are three
directories, also on a disk that takes small and capital letters for the same.
"""

import hashlib
import re

from attrs import field, frozen

from wfsession.core.names import find_thread_fault, join_words
from wfsession.errors import InvalidValue
from wfsession.workdirs.remote import Remote

_HASH_DIGITS = 16
_REPOSITORY_BYTES, _AGENT_BYTES, _BRANCH_BYTES = 40, 20, 36
_MOST_CHARACTERS = 64
# A loose ref is a file, and while it is written its name ends with `.lock`.
_COMPONENT_BYTES = 250
_BRANCH_TOTAL_BYTES = 1000
_ODD = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")


@frozen
class Key:
    """What a workdir is for. `repository` is the identity of a remote; see `make_key`."""

    agent: str
    repository: str
    branch: str
    repository_name: str = field(init=False, eq=False, repr=False)
    name: str = field(init=False, eq=False, repr=False)

    @repository_name.default
    def _name_repository(self) -> str:
        return name_repository(self.repository)

    @name.default
    def _name(self) -> str:
        agent = _make_slug(self.agent, _AGENT_BYTES)
        branch = _make_slug(self.branch, _BRANCH_BYTES)
        return f"{agent}--{branch}-{_hash(self.agent, self.repository, self.branch)}"

    @property
    def local_branches(self) -> tuple[str, str]:
        """The local branch of the agent, and the one instead where a name stands in its way.

        git keeps no branch `b` beside a branch `b/c`, and the remote may have had both in turn.
        """
        instead = _hash(self.agent, self.repository, self.branch)
        return f"wf/{self.agent}/{self.branch}", f"wf-{instead}"


def make_key(agent: str, remote: Remote, branch: str) -> Key:
    """Return the key of an agent's workdir for a branch.

    Raises:
        InvalidValue: the agent or the branch cannot have that name.
    """
    check_agent(agent)
    check_branch(branch)
    return Key(agent, remote.identity, branch)


def name_repository(identity: str) -> str:
    """Return the name of the directories of a repository, given by the identity of its remote."""
    last = "/".join(identity.rstrip("/").removesuffix(".git").split("/")[-2:])
    return f"{_make_slug(last, _REPOSITORY_BYTES)}-{_hash(identity)}"


def _make_slug(text: str, most_bytes: int) -> str:
    words = join_words(text).encode()[:most_bytes].decode(errors="ignore")
    return words.strip("-_.") or "x"


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_HASH_DIGITS]


def check_agent(agent: str) -> None:
    """Accept what can name an agent in a thread, a directory and a branch.

    Raises:
        InvalidValue: it cannot, with the reason.
    """
    fault = _find_agent_fault(agent)
    if fault:
        shown = agent if len(agent) <= 40 else f"{agent[:40]}…"
        reason = f"{shown!r} cannot be the name of an agent: {fault}"
        hint = "use ASCII letters, digits, '-', '_' and '.', as in: --agent dev"
        raise InvalidValue("agent", agent, reason, hint)


def _find_agent_fault(agent: str) -> str:
    if not agent:
        return "it is empty"
    if len(agent) > _MOST_CHARACTERS:
        return f"it has {len(agent)} characters, and {_MOST_CHARACTERS} is the most"
    if "--" in agent:
        return "it contains '--'"
    return find_thread_fault(f"{agent}--0") or _find_ref_fault(agent)


def check_branch(branch: str) -> None:
    """Accept what `git check-ref-format --branch` does, and a branch's file can be called.

    Raises:
        InvalidValue: it cannot be the name of a branch, with the reason.
    """
    fault = find_branch_fault(branch)
    if fault:
        shown = branch if len(branch) <= 60 else f"{branch[:60]}…"
        reason = f"{shown!r} cannot be the name of a branch: {fault}"
        raise InvalidValue("branch", branch, reason, "git help check-ref-format tells the rules")


def find_branch_fault(branch: str) -> str:
    """Return why git would refuse a name for a branch, or an empty text where it would not."""
    if not branch:
        return "it is empty"
    try:
        size = len(branch.encode())
    except UnicodeEncodeError:
        return "it is not valid UTF-8"
    if branch.startswith("-"):
        return "it begins with '-'"
    if branch in ("@", "HEAD"):
        return "git means something else by that"
    if size > _BRANCH_TOTAL_BYTES:
        return f"it has {size} bytes, and {_BRANCH_TOTAL_BYTES} is the most"
    return _find_ref_fault(branch)


def _find_ref_fault(name: str) -> str:
    odd = _ODD.search(name)
    if odd:
        return f"it contains {odd[0]!r}"
    for text in ("..", "@{", "//"):
        if text in name:
            return f"it contains {text!r}"
    if name.endswith(("/", ".")) or name.startswith("/"):
        return "it begins with '/', or ends with '/' or '.'"
    for part in name.split("/"):
        if part.startswith(".") or part.endswith(".lock"):
            return f"{part!r} in it begins with '.' or ends with '.lock'"
        if len(part.encode()) > _COMPONENT_BYTES:
            return f"a part of it has more than {_COMPONENT_BYTES} bytes"
    return ""
