"""A real `wf serve` in a process of its own, with a project and transcripts, asked over HTTP."""

import contextlib
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import attrs

from tests.conftest import copy_fixture
from tests.indexing import age
from tests.transcripts import THREAD, answer, call, encode, result, text, user

COMMAND = (sys.executable, "-P", "-m", "wfsession")
REPOSITORY = Path(__file__).parents[2]
PATIENCE_S = 60
ACTIVE, PAUSED = "WFS-user-profile", "WFS-oauth-integration"


@attrs.frozen
class Got:
    """An answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: str


@attrs.frozen
class Place:
    """A directory with a project, and a home whose agent worked on it."""

    project: Path
    home: Path
    agent_home: str = ""
    browser: str = ""

    @property
    def root(self) -> Path:
        return self.project / ".workflow"

    @property
    def environment(self) -> dict[str, str]:
        apart = ("WF_", "XDG_", "CLAUDE_", "CODEX_", "GIT_", "BROWSER")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(apart)}
        given = {"CLAUDE_CONFIG_DIR": self.agent_home, "BROWSER": self.browser}
        told = {name: value for name, value in given.items() if value}
        return {**kept, **told, "HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}

    def put(self, name: str, *lines: object) -> Path:
        path = self.home / ".claude" / "projects" / "-shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(lines))
        return age(path)

    def wf(self, *words: str, **more: str) -> str:
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=self.project,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        return done.stdout


def make_place(directory: Path, *, has_root: bool = True) -> Place:
    """Make a project with sessions, and a thread that asked, worked, failed, and tried again."""
    project = directory / "shop"
    if has_root:
        copy_fixture("01-seed-markers", project)
    else:
        project.mkdir(parents=True)
    place = Place(project, directory / "home")
    place.home.mkdir()
    spot = {"cwd": os.path.realpath(project), "gitBranch": "main"}
    usage = {"input": 1000, "output": 200, "read": 5000}
    place.put(
        f"{THREAD}.jsonl",
        user("Please fix the <b>basket</b>", 0, uuid="u1", **spot),
        answer(
            "m1",
            text("I look at it."),
            call("c1", "Bash", command="pytest"),
            second=5,
            usage=usage,
            uuid="a1",
            **spot,
        ),
        result("c1", "1 failed", error=True, second=9),
        answer(
            "m2",
            text("Once more."),
            call("c2", "Bash", command="pytest"),
            second=12,
            usage=usage,
            uuid="a2",
            **spot,
        ),
        result("c2", "all passed", second=20),
        answer("m3", text("Done. Shall I commit?"), second=22, usage=usage, uuid="a3", **spot),
    )
    return place


def read_text(page: str) -> str:
    """Return what is not markup, elements apart by one space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


class Server:
    """The server; `address` is what it printed."""

    def __init__(self, place: Place, *words: str) -> None:
        self.place = place
        self.process = subprocess.Popen(
            [*COMMAND, "serve", *words],
            cwd=place.project,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        if not self.address.startswith("http"):
            raise AssertionError(self.address + self.process.stdout.read())
        parts = urlsplit(self.address)
        assert parts.port is not None
        self.port = parts.port
        self.host = f"127.0.0.1:{self.port}"
        self.base = f"http://{self.host}"
        self.token = parts.query.removeprefix("token=")
        self.cookie = f"wf-{self.port}={self.token}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        cookie: bool = True,
        **headers: str,
    ) -> Got:
        """Ask for a path as it is written, with the token's cookie unless told otherwise."""
        given = {"Host": self.host, **{name.replace("_", "-"): it for name, it in headers.items()}}
        if cookie:
            given.setdefault("Cookie", self.cookie)
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Got(answer.status, found, answer.read().decode())

    def read(self, path: str) -> str:
        """Return a page that must be there."""
        got = self.ask(path)
        assert got.status == 200, (got.status, got.body[-2000:])
        return got.body

    def find_form_key(self) -> str:
        found = re.search(
            r'name="key" value="([0-9a-f]{64})"', self.read(f"/session/{self.key}/{ACTIVE}")
        )
        assert found is not None
        return found[1]

    @property
    def key(self) -> str:
        """What stands for the project in addresses."""
        found = re.search(r'id="p-([0-9a-f]{12})"', self.read("/"))
        assert found is not None
        return found[1]

    def act(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Got:
        """Send a form as a browser does."""
        given = {"key": self.find_form_key()} if form is None or "key" not in form else {}
        body = urlencode({**given, **(form or {})}).encode()
        kind = "application/x-www-form-urlencoded"
        more = {"Origin": self.base, "Content_Type": kind, **headers}
        return self.ask(path, "POST", body, True, **more)

    def stop(self, signal: int) -> tuple[int, str]:
        """Send a signal, and return the exit code and what was said after the address."""
        self.process.send_signal(signal)
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        return self.process.wait(PATIENCE_S), said


@contextlib.contextmanager
def serving(place: Place, *words: str) -> Iterator[Server]:
    server = Server(place, *words)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


class Stream:
    """An open page's stream of events."""

    def __init__(self, server: Server) -> None:
        self._connection = server.connect()
        self._connection.request("GET", "/live", headers={"Cookie": server.cookie})
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200
        assert self._answer.getheader("content-type", "").startswith("text/event-stream")
        self._buffer = b""

    def wait_for(self, event: str) -> int:
        """Return the number that comes with the next event of a kind."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = re.search(rf"event: {event}\ndata: (\d+)\n\n".encode(), self._buffer)
            if found:
                self._buffer = self._buffer[found.end() :]
                return int(found[1])
            self._buffer += self._answer.read1(4096)
        raise AssertionError(f"no {event} came")

    def is_over(self) -> bool:
        """Read to the end, and tell that there is one."""
        while self._answer.read1(4096):
            pass
        return True

    def close(self) -> None:
        self._connection.close()
