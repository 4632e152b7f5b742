"""One repository is one identity, however it is written; and git is given no secret."""

import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.errors import InvalidValue
from wfsession.workdirs.key import name_repository
from wfsession.workdirs.remote import parse_remote

SAME = [
    "https://github.com/owner/name",
    "https://github.com/owner/name.git",
    "https://github.com/owner/name.git/",
    "https://GitHub.com:443/owner//name/",
    "http://github.com/owner/name",
    "https://ada:secret@github.com/owner/name",
    "https://x-access-token:ghp_1@github.com/owner/name.git",
    "git://github.com/owner/name",
    "ssh://git@github.com/owner/name.git",
    "ssh://git@github.com:22/owner/name.git",
    "ssh://ada:secret@github.com/owner/name.git",
    "ssh+git://git@github.com/owner/name.git",
    "git@github.com:owner/name.git",
    "git@github.com:/owner/name.git",
    "github.com:owner/name",
    "git@[github.com:22]:owner/name",
    "https://github.com/owner/%6eame",
    "https://github.com./owner/x/../name",
]
IDENTITIES = {
    "https://host:8443/a": "host:8443/a",
    "http://host:443/a": "host:443/a",
    "ssh://git@[::1]/a/b.git": "[::1]/a/b",
    "ssh://git@[::1]:2222/a": "[::1]:2222/a",
    "git@[::1]:a/b": "[::1]/a/b",
    "https://host/Größe/集成": "host/Größe/集成",
    "https://host/Gr%C3%B6%C3%9Fe": "host/Größe",
    "https://host/A/b": "host/A/b",
    # A home directory is its user's; that of a service is the service's own top.
    "ada@host:code/a.git": "host/~ada/code/a",
    "ssh://ada@host/~/code/a": "host/~ada/code/a",
    "bob@host:~ada/code/a": "host/~ada/code/a",
    "ssh://host/~ada/code/a": "host/~ada/code/a",
    "ada@host:/code/a": "host/code/a",
    "git@host:~/a": "host/a",
    # On a disk both may be there.
    "/srv/r.git": "/srv/r.git",
    "/srv/r": "/srv/r",
    "/srv/r/.git": "/srv/r",
    "/srv/r/": "/srv/r",
    "/srv/x/../r": "/srv/r",
    "file:///srv/r.git": "/srv/r.git",
    "file://localhost/srv/r.git/": "/srv/r.git",
    "file:///srv/with%20space": "/srv/with space",
    "./a:b": "/here/a:b",
    "r": "/here/r",
    "../r": "/r",
}
URLS = {
    "https://ada:secret@host/a/b.git": "https://host/a/b.git",
    "https://ada@host:8443/a": "https://host:8443/a",
    "https://a@b:p@ss@host/a": "https://host/a",
    "ssh://ada:secret@host:2222/a": "ssh://ada@host:2222/a",
    "ssh://git@host/%7Eada/a": "ssh://git@host/%7Eada/a",
    "git://ada@host/a": "git://host/a",
    "git@host:owner/name.git": "git@host:owner/name.git",
    "file://localhost/srv/r": "file:///srv/r",
    "/srv/r/": "/srv/r",
    "../r": "/r",
}
REFUSED = [
    "",
    "  ",
    "-u",
    "--upload-pack=touch x",
    "ext::sh -c touch% x",
    "fd::17",
    "https::https://host/a",
    "ftp://host/a",
    "javascript://host/a",
    "https://",
    "https:///a",
    "https://host",
    "https://host/",
    "https://host/..",
    "https://host/a?token=secret",
    "https://host/a#b",
    "https://host?a/b",
    "https://host:port/a",
    "https://[::1/a",
    "ssh://-oProxyCommand=x/a",
    "ssh://-oProxyCommand=x@host/a",
    "-oProxyCommand=x:a",
    "git@-oProxyCommand=x:a",
    "git@host:-a",
    "git@host:",
    "host:~",
    ":a",
    "file://host/a",
    "file:///a%0ab",
    "https://host/a%00",
    "https://host/a\nb",
    "/srv/\udcff",
    "/srv/\x1b[2J",
]


@pytest.mark.parametrize("text", SAME)
def test_each_way_to_write_a_repository_is_one_identity(text: str) -> None:
    assert parse_remote(text).identity == "github.com/owner/name"


@pytest.mark.parametrize(("text", "identity"), IDENTITIES.items())
def test_what_may_be_another_repository_has_an_identity_of_its_own(
    text: str, identity: str
) -> None:
    assert parse_remote(text, "/here").identity == identity


@pytest.mark.parametrize(("text", "url"), URLS.items())
def test_git_is_given_what_was_typed_without_what_is_secret(text: str, url: str) -> None:
    assert parse_remote(text, "/here").url == url


@pytest.mark.parametrize("text", REFUSED)
def test_what_git_must_not_be_given_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_remote(text)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.hint
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_refusal_tells_no_password() -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_remote("https://ada:hunter2@host/a?b")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(vars(caught.value))


def test_a_relative_path_starts_in_the_current_directory() -> None:
    assert parse_remote("r").identity == os.path.join(os.getcwd(), "r")


@given(st.text())
def test_any_text_is_a_repository_or_is_refused(text: str) -> None:
    try:
        found = parse_remote(text)
    except InvalidValue:
        return
    assert parse_remote(found.url).identity == found.identity
    assert "/" not in name_repository(found.identity)
