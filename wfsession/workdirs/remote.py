"""What somebody typed for a repository -> which repository that is, and what git is given.

Pure, but for the current directory, which a relative path starts from. Credentials are dropped
here, so that nothing behind it ever has any.
"""

import os
import posixpath
import re
import unicodedata
from urllib.parse import unquote, urlsplit

from attrs import frozen

from wfsession.errors import InvalidValue

_PORTS = {"https": 443, "http": 80, "ssh": 22, "git": 9418}
_SCHEMES = {**{one: one for one in _PORTS}, "git+ssh": "ssh", "ssh+git": "ssh"}
_LOCAL = frozenset({"", "localhost"})
# Users that a service lets everybody be: what they call their home is the top of the service.
_EVERYBODY = frozenset({"", "git", "gitea", "forgejo", "gogs", "gitlab"})
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BRACKETED = re.compile(r"(?:(?P<user>[^@/\[\]]*)@)?\[(?P<inside>[^\[\]/]*)\]:(?P<path>.*)")
_SCP = re.compile(r"(?:(?P<user>[^@/:]*)@)?(?P<inside>[^@/:\[\]]+):(?P<path>.*)")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
_HINT = "as in: https://host/owner/name, git@host:owner/name, or a directory"


@frozen
class Remote:
    """A repository somewhere.

    `identity` is one text for all the ways to write it: `host/owner/name`, or the absolute path of
    a directory. `url` is what git is given: as it was typed, without any password, and for https
    without a user too.
    """

    identity: str
    url: str


def parse_remote(text: str, directory: str = "") -> Remote:
    """Return the repository that a URL, an scp-like address or a path names.

    Args:
        text: what was typed.
        directory: where a relative path starts; empty for the current directory.

    Raises:
        InvalidValue: it names none, or nothing that git may be given.
    """
    _check(text)
    scheme = _URL.match(text)
    if scheme:
        return _parse_url(text, scheme[1].lower())
    colon, slash = text.find(":"), text.find("/")
    # As git tells them apart: a colon before any slash is an address.
    if colon >= 0 and (slash < 0 or colon < slash):
        found = _BRACKETED.fullmatch(text) or _SCP.fullmatch(text)
        if found is None:
            raise _refuse(text, "it is no URL, no address and no path")
        return _parse_scp(text, found["user"] or "", found["inside"], found["path"])
    path = os.path.abspath(os.path.join(directory or os.getcwd(), text))
    return Remote(_name_path(path), path)


def hide_credentials(text: str) -> str:
    """Return text, such as what git said, without the user and password of any URL in it."""
    return _CREDENTIALS.sub("", text)


def _refuse(text: str, reason: str) -> InvalidValue:
    shown = hide_credentials(text)
    shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
    return InvalidValue("repository", shown, f"{shown!r}: {reason}", _HINT)


def _check(text: str) -> None:
    if not text.strip():
        raise _refuse(text, "it is empty")
    if text.startswith("-"):
        raise _refuse(text, "it begins with '-'")
    _check_characters(text, text)
    if _HELPER.match(text):
        raise _refuse(text, "it has git run another program, and that is not done")


def _check_characters(text: str, within: str) -> None:
    for character in within:
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise _refuse(text, f"it contains {character!r}")


def _parse_url(text: str, scheme: str) -> Remote:
    if scheme == "file":
        return _parse_file(text)
    if scheme not in _SCHEMES:
        raise _refuse(text, f"{scheme} is no way to a repository that is known")
    kind = _SCHEMES[scheme]
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refuse(text, f"it is no URL: {error}") from None
    raw = text[len(scheme) + 3 :]
    authority, slash, path = raw.partition("/")
    if kind in ("https", "http") and ("?" in raw or "#" in raw):
        raise _refuse(text, "it has a query or a fragment, which may hold a secret")
    if "?" in authority or "#" in authority:
        raise _refuse(text, "its host is none")
    user, _, _ = authority.rpartition("@")[0].partition(":")
    place = _join_host(text, host, port if port != _PORTS[kind] else None)
    decoded = unquote(path)
    _check_characters(text, decoded)
    identity = _name_on_host(text, place, unquote(user), f"/{decoded}")
    kept = f"{user}@" if user and kind == "ssh" else ""
    if kept.startswith("-"):
        raise _refuse(text, "its user begins with '-'")
    return Remote(identity, f"{scheme}://{kept}{authority.rpartition('@')[2]}{slash}{path}")


def _parse_file(text: str) -> Remote:
    authority, slash, path = text[len("file://") :].partition("/")
    if authority.lower() not in _LOCAL or not slash:
        raise _refuse(text, "a file URL has three slashes and an absolute path")
    decoded = unquote(path)
    _check_characters(text, decoded)
    return Remote(_name_path(os.path.abspath(f"/{decoded}")), f"file:///{path}")


def _parse_scp(text: str, user: str, inside: str, path: str) -> Remote:
    host, colon, number = inside.partition(":")
    port = None
    if colon and number.isdecimal() and ":" not in number:
        port = int(number) if int(number) != _PORTS["ssh"] else None
    else:
        host = inside
    if path.startswith("-") or user.startswith("-"):
        raise _refuse(text, "a part of it begins with '-'")
    place = _join_host(text, host.lower(), port)
    at_home = path if path.startswith(("/", "~")) else f"~/{path}"
    absolute = at_home if at_home.startswith("/") else f"/{at_home}"
    return Remote(_name_on_host(text, place, user, absolute), text)


def _join_host(text: str, host: str, port: int | None) -> str:
    if not host or host.startswith("-") or re.search(r"[\s/%]", host):
        raise _refuse(text, "its host is none")
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed.rstrip('.')}:{port}" if port is not None else bracketed.rstrip(".")


def _name_on_host(text: str, place: str, user: str, path: str) -> str:
    """Return the identity of what a user finds at a path of a host; `/~/` is the user's home."""
    parts = posixpath.normpath(path).lstrip("/")
    if parts == "~" or parts.startswith("~/"):
        home = "" if user in _EVERYBODY else f"~{user}/"
        parts = home + parts[1:].lstrip("/")
    parts = parts.removesuffix(".git").rstrip("/")
    if not parts or parts == "." or parts.startswith(("..", "-")):
        raise _refuse(text, "it names a host, and no repository there")
    return f"{place}/{parts}"


def _name_path(path: str) -> str:
    """Return the identity of a directory; `r` and `r.git` may both be there, and stay apart."""
    inner = path.removesuffix("/.git")
    return inner or path
