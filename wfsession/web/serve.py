"""Starts the server, says where it is, and ends it.

Imports this room and uvicorn. Prints the address, with the token that opens it: in a
pipe that line alone.
"""

import ipaddress
import secrets
import socket
import sys
from types import FrameType

import uvicorn
from attrs import frozen

from wfsession.errors import InvalidValue
from wfsession.overview.site import Site
from wfsession.web.guard import Keys
from wfsession.web.live import Live
from wfsession.web.pages import make_app

_TOKEN_BYTES = 24
_WAITING = 64
_LAST_PORT = 65_535
# Streams end at once; a page that is being made may be finished.
_FAREWELL_S = 2


@frozen
class Options:
    """Where to listen (port 0: any that is free), and whether to open a browser there."""

    host: str = "127.0.0.1"
    port: int = 0
    opens_browser: bool = False


def serve(site: Site, options: Options) -> None:
    """Answer browsers until somebody ends the process.

    Raises:
        InvalidValue: that host and port cannot be listened on.
    """
    listener = listen(options)
    keys = Keys(secrets.token_urlsafe(_TOKEN_BYTES), options.host, listener.getsockname()[1])
    live = Live(site.list_watched, site.tell_change)
    config = uvicorn.Config(
        make_app(site, keys, live),
        log_level="error",
        access_log=False,
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_FAREWELL_S,
    )
    address = make_address(keys)
    print(address, flush=True)
    if sys.stdout is not None and sys.stdout.isatty():
        print("It answers there until Ctrl-C ends it.", flush=True)
    if not is_local(options.host):
        print(
            f"wf: whoever reaches {options.host} and has this address sees everything, unencrypted",
            flush=True,
        )
    if options.opens_browser:
        import webbrowser

        webbrowser.open(address)
    try:
        _Server(config, live).run(sockets=[listener])
    except KeyboardInterrupt:
        # How one ends it.
        return


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the open streams too, which would go on for as long as their readers."""
        super().handle_exit(sig, frame)
        self._live.stop()


def listen(options: Options) -> socket.socket:
    """Return a socket that connections wait at.

    Raises:
        InvalidValue: there is no such host, or somebody else listens there.
    """
    host, where = options.host, f"{options.host}:{options.port}"
    if not 0 <= options.port <= _LAST_PORT:
        reason = f"{where}: ports end at {_LAST_PORT}"
        raise InvalidValue("--port", where, reason, "wf serve --port 0")
    try:
        family, *_, address = socket.getaddrinfo(
            host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Without the protocol's name asyncio leaves Nagle's delay on: 40 ms for each answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_WAITING)
        except BaseException:
            listener.close()
            raise
    except UnicodeError:
        # A part of it is empty, too long, or no text: such a name is not even looked for.
        reason = f"{host!r} is no name of a host"
        raise InvalidValue("--host", host, reason, "wf serve --host 127.0.0.1") from None
    except OSError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValue("--port", where, f"{where}: {reason}", "wf serve --port 0") from None
    return listener


def make_address(keys: Keys) -> str:
    """Return the address that opens the first page."""
    host = keys.host
    if host in ("0.0.0.0", "::"):
        host = socket.gethostbyname("localhost")
    return f"http://{f'[{host}]' if ':' in host else host}:{keys.port}/?token={keys.token}"


def is_local(host: str) -> bool:
    """Tell whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
