"""Who is let in, and what a page may do: each attack, against the real server."""

import pytest

from tests.transcripts import answer, text, user
from tests.web.server import ACTIVE, Place, Server, serving
from wfsession.web.guard import Keys

OTHER = "6f6f6f6f-1111-4222-8333-444455556666"


def test_nothing_is_answered_without_the_token(server: Server) -> None:
    for path in ("/", "/live", "/static/style.css", "/?token=", "/?token=wrong", "/nothing"):
        got = server.ask(path, cookie=False)
        assert got.status == 403
        assert ACTIVE not in got.body
        assert "set-cookie" not in got.headers


def test_the_token_of_the_address_becomes_a_cookie_and_leaves_the_address(server: Server) -> None:
    got = server.ask(f"/?token={server.token}&a=1", cookie=False)
    assert got.status == 303
    assert got.headers["location"] == "/?a=1"
    cookie = got.headers["set-cookie"]
    assert cookie.startswith(server.cookie)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "cookie", ["", "wf-1=x", "{name}=", "{name}={token}x", "{name}=é", "\x01=;;=,{token}"]
)
def test_a_cookie_that_is_not_the_tokens_opens_nothing(server: Server, cookie: str) -> None:
    name = server.cookie.partition("=")[0]
    given = cookie.format(name=name, token=server.token).encode("utf-8").decode("latin-1")
    assert server.ask("/", cookie=False, Cookie=given).status == 403


def test_two_tokens_of_two_servers_differ(server: Server, place: Place) -> None:
    with serving(place) as other:
        assert other.token != server.token
        assert len(other.token) >= 32
        assert other.ask("/", Cookie=f"wf-{other.port}={server.token}").status == 403


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "192.0.2.7:{port}",
        "",
        "[::1:{port}",
        "localhost:{port}:{port}",
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused_with_the_cookie(
    server: Server, host: str
) -> None:
    got = server.ask("/", Host=host.format(port=server.port))
    assert got.status == 421
    assert ACTIVE not in got.body


def test_the_usual_port_may_be_left_out_as_browsers_do_and_no_other() -> None:
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert Keys("token", "127.0.0.1", 80).knows(host)
        assert Keys("token", "127.0.0.1", 80).knows(f"{host}:80")
        assert not Keys("token", "127.0.0.1", 8080).knows(host)
    for host in ("evil.example", "", "[::1", "::1", "localhost:80:80", "127.0.0.1:"):
        assert not Keys("token", "127.0.0.1", 80).knows(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_the_names_of_this_machine_are_known(server: Server, host: str) -> None:
    assert server.ask("/", Host=f"{host}:{server.port}").status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "https://{host}"]
)
def test_another_origin_is_refused_for_reading_and_for_acting(server: Server, origin: str) -> None:
    given = origin.format(host=server.host)
    assert server.ask("/", Origin=given).status == 403
    assert server.ask("/", "POST", b"", Origin=given).status == 403


def test_a_form_without_an_origin_is_refused(server: Server) -> None:
    assert server.ask("/", "POST", b"").status == 403
    assert (
        server.ask("/", "POST", b"", Origin=server.base, Sec_Fetch_Site="cross-site").status == 403
    )


def test_a_giant_or_nonsensical_body_is_refused_before_it_is_read(server: Server) -> None:
    for length in ("999999999", "64001", "9" * 400):
        got = server.ask("/", "POST", None, Origin=server.base, Content_Length=length)
        assert got.status in (400, 413)


def test_every_answer_forbids_scripts_of_others_frames_and_guesses(server: Server) -> None:
    asked = [server.ask(path) for path in ("/", "/nothing", "/static/live.js")]
    refused = server.ask("/", cookie=False), server.ask("/", Host="evil.example")
    for got in (*asked, *refused):
        policy = got.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["referrer-policy"] == "same-origin"
        assert got.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in got.headers
        assert "server" not in got.headers


def test_no_page_has_a_script_or_a_style_of_its_own_or_an_address_elsewhere(server: Server) -> None:
    page = server.read("/")
    assert "<script src=" in page
    assert "<script>" not in page
    assert " style=" not in page
    assert "<style" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/static/../guard.py",
        "/static/..%2fguard.py",
        "/static/%2e%2e/%2e%2e/errors.py",
        "/static//etc/passwd",
        "/static/....//guard.py",
        "/static/style.css%00",
        "/templates/now.html",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_leads_out_of_what_is_shown(server: Server, path: str) -> None:
    got = server.ask(path)
    assert got.status in (400, 404, 405)
    assert "root:" not in got.body
    assert "import" not in got.body


def test_what_an_agent_wrote_is_text_whatever_is_in_it(place: Place) -> None:
    hostile = "<script>alert(1)</script>\x1b[31mred\x1b[0m \u202egnp.exe \x1b]0;title\x07 blocked?"
    spot = {"cwd": str(place.project)}
    place.put(
        f"{OTHER}.jsonl",
        user("x", 0, uuid="u", **spot),
        answer("m", text(f"{hostile} Shall I?"), second=4, usage={"output": 5}, uuid="a", **spot),
    )
    with serving(place) as server:
        page = server.read("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;red" in page
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_what_is_written_in_a_record_is_text_too(place: Place) -> None:
    place.wf("new", 'a "><img src=x onerror=alert(1)> \u202e title')
    with serving(place) as server:
        page = server.read("/")
    assert "<img" not in page
    assert "&lt;img src=x" in page
    assert "\u202e" not in page


def test_a_line_of_a_megabyte_leaves_a_page_of_ordinary_size(place: Place) -> None:
    spot = {"cwd": str(place.project)}
    place.put(
        f"{OTHER}.jsonl",
        user("go", 0, uuid="u", **spot),
        answer(
            "m",
            text("x" * 1_000_000 + " Shall I?"),
            second=4,
            usage={"output": 5},
            uuid="a",
            **spot,
        ),
    )
    with serving(place) as server:
        assert len(server.read("/")) < 100_000
