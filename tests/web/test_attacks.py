"""Each place where a page takes something in, against each thing that should not get in."""

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.cli.wf import see_tree
from tests.figures import count
from tests.transcripts import THREAD, answer, call, result, text, user
from tests.web.server import ACTIVE, PAUSED, Server, make_place, serving

SECRET = "the-secret-outside"
OTHER = "6f6f6f6f-1111-4222-8333-444455556666"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"' onfocus=alert(3)"
HOSTILE = f"{SCRIPT}\x1b[31m\x1b]0;title\x07\u202e\u2066\x00\x08javascript:alert(4)"
HIDDEN = frozenset("\x00\x08\x1b\x07\u202e\u2066")
# Names of files have neither a slash nor a NUL.
FILE = HOSTILE.replace("/", "").replace("\0", "")
PLACES = (
    "/session/{key}/{way}",
    "/session/{way}/WFS-user-profile",
    "/thread/{way}",
    "/thread/{way}?view=map",
    "/run/{way}",
    "/repair/{way}",
    "/static/{way}",
    "/{way}",
)
WAYS = (
    "../outside/secret",
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "..%c0%af..%c0%afetc%c0%afpasswd",
    "..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "%00",
    "WFS-user-profile%00.json",
    "{link}",
    "WFS-link",
    "%ff%fe",
    "x" * 60_000,
)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a project with links that lead out of it, and a hostile text in each place for one."""
    place = make_place(tmp_path_factory.mktemp("attacked"))
    outside = place.home / "outside"
    outside.mkdir()
    (outside / "secret").write_text(SECRET)
    (outside / "workflow-session.json").write_text(f'{{"session_id": "{SECRET}"}}')
    (place.root / "WFS-link").symlink_to(outside)
    (place.root / ACTIVE / "linked").symlink_to(outside / "secret")
    (place.root / ACTIVE / FILE).touch()
    transcripts = place.home / ".claude" / "projects" / "-shop"
    spot: dict[str, Any] = {"cwd": os.path.realpath(place.project), "gitBranch": HOSTILE}
    place.put(
        f"{OTHER}.jsonl",
        user(HOSTILE, 0, uuid="u", **spot),
        answer(
            "m",
            text(HOSTILE),
            call("c", f"Edit{SCRIPT}", file_path=f"/x/{HOSTILE}.py"),
            second=4,
            model=f"claude-{HOSTILE}",
            usage={"input": 5, "output": 5},
            uuid="a",
            **spot,
        ),
        result("c", HOSTILE, error=True, second=5),
        answer("n", text(f"{HOSTILE} Shall I?"), second=6, uuid="b", **spot),
    )
    (transcripts / "7a7a7a7a-1111-4222-8333-444455556666.jsonl").symlink_to(outside / "secret")
    place.wf("new", HOSTILE.replace("\0", ""), "--no-switch")
    place.wf("checkpoint", "-m", HOSTILE.replace("\0", ""))
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{OTHER}", WF_LABEL=SCRIPT)
    with serving(place) as server:
        label = {"label": HOSTILE}
        assert server.act(f"/do/label/{server.key}/claude-code--{OTHER}", label).status < 500
        yield server


def test_no_path_in_any_place_leads_out_or_breaks_the_page(attacked: Server) -> None:
    before = see_tree(attacked.place.root)
    for at in PLACES:
        for way in WAYS:
            link = f"..%2f..%2f{attacked.place.home.name}%2foutside%2fsecret"
            path = at.format(key=attacked.key, way=way.format(link=link))
            got = attacked.ask(path)
            assert got.status in (400, 404, 409), (path, got.status)
            assert "root:" not in got.body
            assert SECRET not in got.body
            assert "Traceback" not in got.body
            assert len(got.body) < 25_000, path[:80]
            count("paths that lead nowhere, in each place of an address")
    assert see_tree(attacked.place.root) == before


def test_an_action_on_a_path_does_nothing(attacked: Server) -> None:
    before = see_tree(attacked.place.root)
    key = attacked.find_form_key()
    for what in ("switch", "complete", "label"):
        for way in WAYS:
            if way.startswith(("../", "/")):
                continue  # another address, as above
            got = attacked.act(f"/do/{what}/{attacked.key}/{way}", {"key": key, "label": "x"})
            assert got.status in (400, 404, 405, 409), (what, way, got.status)
            assert "Traceback" not in got.body
    assert see_tree(attacked.place.root) == before


def test_a_hostile_text_is_text_on_each_page_whatever_it_is_the_name_of(attacked: Server) -> None:
    shown = 0
    for path in (
        "/",
        f"/session/{attacked.key}/{ACTIVE}",
        f"/session/{attacked.key}/{PAUSED}",
        *(f"/thread/{OTHER}?view={view}" for view in ("timeline", "approach", "map")),
        "/runs",
        *(f"/usage?by={by}" for by in ("model", "thread", "session")),
        "/search?q=alert",
        "/search?q=%3Cscript%3Ealert(1)%22%27%1b",
        f"/repair/{attacked.key}",
        "/usage?by=%3Cscript%3E",
        f"/thread/{OTHER}?view=%22%3E%3Cscript%3E&piece=%3Cscript%3E&axis=%22",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ):
        page = attacked.ask(path).body
        assert not HIDDEN & set(page), path
        assert find_active(page) == [], path
        assert SECRET not in page
        shown += "&lt;script&gt;" in page
    assert shown >= 9


def find_active(page: str) -> list[str]:
    """Return the elements of a page that would run or load what we did not write."""
    found = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            is_ours = tag != "script" or given.get("src") == "/static/live.js"
            addresses = [given.get(name) or "/" for name in ("href", "src", "action")]
            is_here = all(re.match(r"[/#](?!/)", one) for one in addresses)
            is_still = not any(name.startswith("on") or name == "style" for name in given)
            if tag in ("img", "iframe", "object", "style") or not (
                is_ours and is_here and is_still
            ):
                found.append(self.get_starttag_text() or tag)

    Parser().feed(page)
    return found


def test_what_is_giant_is_refused_or_answered_shortly(attacked: Server) -> None:
    million = "x" * 1_000_000
    for path, headers in (
        (f"/search?q={million}", {}),
        (f"/?{million}", {}),
        (f"/thread/{THREAD}?piece={'9' * 1_000_000}", {}),
        ("/" + million, {}),
        ("/", {"X-Large": million}),
        ("/", {"Cookie": million}),
        ("/", {"Accept": million}),
    ):
        got = try_to_ask(attacked, path, headers)
        assert got is None or got[0] in (200, 400, 403, 404, 413, 414, 431), (path[:20], got)
        assert got is None or got[1] < 100_000
    form = {"key": attacked.find_form_key(), "label": million}
    assert try_to_act(attacked, f"/do/label/{attacked.key}/claude-code--{OTHER}", form) in (
        None,
        413,
    )
    assert ACTIVE in attacked.read("/")


def try_to_ask(server: Server, path: str, headers: dict[str, Any]) -> tuple[int, int] | None:
    """Return the status and the size of an answer; None where the connection was closed instead."""
    try:
        got = server.ask(path, **headers)
    except OSError:
        return None
    return got.status, len(got.body)


def try_to_act(server: Server, path: str, form: dict[str, str]) -> int | None:
    try:
        return server.act(path, form).status
    except OSError:
        return None


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_no_other_method_is_allowed_anywhere(attacked: Server, method: str) -> None:
    for path in ("/", f"/session/{attacked.key}/{ACTIVE}", f"/do/pause/{attacked.key}/{ACTIVE}"):
        for more in ({}, {"Origin": attacked.base}):
            got = attacked.ask(path, method, None, True, **more)
            assert got.status in (400, 403, 405, 501), (path, got.status)
    for path in ("/", "/live", "/search", f"/repair/{attacked.key}"):
        assert attacked.act(path).status == 405
    assert (attacked.place.root / f".active-{ACTIVE}").exists()


def test_a_method_that_claims_to_be_another_stays_what_it_is(attacked: Server) -> None:
    path = f"/do/pause/{attacked.key}/{ACTIVE}"
    key = attacked.find_form_key()
    tricks: tuple[dict[str, Any], ...] = (
        {"X_HTTP_Method_Override": "POST"},
        {"X_Forwarded_Method": "POST"},
    )
    for more in tricks:
        assert attacked.ask(f"{path}?key={key}&_method=POST", **more).status == 405
    assert (attacked.place.root / f".active-{ACTIVE}").exists()


def test_no_header_says_for_the_host_who_asks(attacked: Server) -> None:
    tricks: tuple[dict[str, Any], ...] = (
        {"X_Forwarded_Host": attacked.host},
        {"Forwarded": f"host={attacked.host}"},
        {"X_Forwarded_For": "127.0.0.1"},
    )
    for more in tricks:
        assert attacked.ask("/", Host=f"evil.example:{attacked.port}", **more).status == 421
    got = attacked.ask("/", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https")
    assert "evil.example" not in got.body + str(got.headers)


def test_the_token_of_an_address_leads_to_no_other_host(attacked: Server) -> None:
    for path in ("//evil.example/", "/%2fevil.example/", "/\\evil.example", "/%0d%0aSet-Cookie:x"):
        got = try_to_get(attacked, f"{path}?token={attacked.token}")
        location = got.get("location", "/")
        assert re.match(r"/(?![/\\])", location), (path, location)
        assert "\r" not in location
        assert got.get("set-cookie", "wf-").startswith("wf-")


def try_to_get(server: Server, path: str) -> dict[str, str]:
    got = server.ask(path, cookie=False)
    assert got.status in (303, 400, 403)
    return dict(got.headers)


def test_a_link_in_the_project_shows_nothing_of_what_it_leads_to(attacked: Server) -> None:
    assert "linked" in attacked.read(f"/session/{attacked.key}/{ACTIVE}")
    for path in ("/", f"/session/{attacked.key}/{ACTIVE}", f"/session/{attacked.key}/WFS-link"):
        got = attacked.ask(path)
        assert got.status in (200, 404, 409)
        assert SECRET not in got.body
