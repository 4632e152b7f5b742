"""Who may ask: a known host, the same origin, the token's cookie, and for actions a form of ours.

Every answer gets the headers that keep a browser from running, framing or passing on anything.
Imports nothing of ours.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

from attrs import frozen

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOKEN = "token"
_HOST = re.compile(r"(?P<name>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]+))?")
# Browsers leave it out.
_USUAL_PORT = "80"
_READING = frozenset({"GET", "HEAD"})
# Every form of ours is far smaller.
MOST_BODY_BYTES = 64_000
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Not no-referrer: with that, browsers send the origin of a form as null.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)


@frozen
class Keys:
    """What opens the page: the token, the name of its cookie, and under which hosts it answers.

    `host` is what was listened on, `port` where. A browser keeps one set of cookies for all ports
    of a host, so the port is part of the cookie's name.
    """

    token: str
    host: str
    port: int

    @property
    def cookie(self) -> str:
        """The name of the cookie."""
        return f"wf-{self.port}"

    @property
    def form(self) -> str:
        """What every form carries; it cannot be read by a page of another origin."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    def knows(self, host: str) -> bool:
        """Tell whether a Host header names this server, and no name that somebody made lead here.

        Where it listens on all addresses, each address will do, and no other name.
        """
        found = _HOST.fullmatch(host.lower())
        if found is None or (found["port"] or _USUAL_PORT) != str(self.port):
            return False
        name = found["name"].removeprefix("[").removesuffix("]")
        if name in (self.host.lower(), "localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.host in ("0.0.0.0", "::")


class Guard:
    """Lets requests through to the pages, or answers with one sentence."""

    def __init__(self, app: App, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # No page speaks anything else.
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in _HEADERS}
                kept = [pair for pair in message["headers"] if pair[0].lower() not in own]
                message = {**message, "headers": [*kept, *_HEADERS]}
            await send(message)

        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._find_refusal(scope, headers)
        if refusal:
            await _answer(send_guarded, *refusal)
        elif not self._has_cookie(headers):
            await self._take_token(scope, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _find_refusal(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._keys.knows(host):
            return 421, "This address is not one that wf serve was started for."
        origin = headers.get("origin")
        is_reading = scope["method"] in _READING
        if origin != f"http://{host}" and (origin is not None or not is_reading):
            return 403, "Another page may not ask here."
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not is_reading:
            return 403, "Another page may not ask here."
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:9]) > MOST_BODY_BYTES:
            return 413, "That is more than any form here sends."
        return None

    def _has_cookie(self, headers: Mapping[str, str]) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(self._keys.cookie)
        return found is not None and self._is_token(found.value)

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._keys.token.encode())

    async def _take_token(self, scope: Scope, send: Send) -> None:
        """Put the token of an address into a cookie, and lead to the address without it."""
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in asked if name == _TOKEN]
        path = scope["path"]
        is_ours = scope["method"] in _READING and given and self._is_token(given[0])
        # Browsers take a backslash for a slash, and two of them for the name of a host.
        if not is_ours or not path.startswith("/") or path.startswith(("//", "/\\")):
            await _answer(send, 403, "Open the address that wf serve printed: it has a token.")
            return
        rest = urlencode([pair for pair in asked if pair[0] != _TOKEN])
        target = scope["raw_path"].partition(b"?")[0] + (b"?" + rest.encode() if rest else b"")
        cookie = f"{self._keys.cookie}={self._keys.token}; Path=/; HttpOnly; SameSite=Strict"
        more = [(b"set-cookie", cookie.encode()), (b"location", target)]
        await _answer(send, 303, "", more)


async def _answer(
    send: Send, status: int, sentence: str, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = f"{sentence}\n".encode() if sentence else b""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *(more or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
