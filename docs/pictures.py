"""Take the pictures of docs/dashboard.md anew, of a project that is made for them.

    python -m docs.pictures

Needs Debian's chromium, and `pip install -e '.[dev,bench]'`. Times on them are those of the day.
"""

import random
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.transcripts import answer, call, result, text, user
from tests.web.server import ACTIVE, PAUSED, Place, Server, make_place, serving
from wfsession.core.times import encode_time

HERE = Path(__file__).parent
COLOURS = 128
BUILDER = "3f0c7a52-1111-4222-8333-444455556666"
REVIEWER = "a41d9be0-1111-4222-8333-444455556666"
FILES = ("cart.py", "profile.py", "avatar.py", "templates/profile.html", "style.css", "urls.py")
STEPS = (
    ("Read", "I read how a profile is stored."),
    ("Read", "The avatar is a field of its own."),
    ("Grep", "Where is it used?"),
    ("Edit", "I add the field."),
    ("Bash", "The tests, after the change."),
    ("Edit", "The form needs it too."),
    ("Bash", "Once more."),
)
# Puts the home of somebody in the place of the directory that the pictures are taken in.
_RENAME = """(base) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let one = walker.nextNode(); one; one = walker.nextNode()) {
    one.data = one.data.replaceAll(`${base}/home`, "/home/sam").replaceAll(base, "/home/sam");
  }
}"""


class Teller:
    """Tells a thread, step by step, up to some minutes ago."""

    def __init__(self, place: Place, ended_minutes_ago: float, began_minutes_ago: float) -> None:
        self.draw = random.Random(4)
        self.spot: dict[str, Any] = {"cwd": str(place.project.resolve()), "gitBranch": "main"}
        self.project = place.project.resolve()
        now = datetime.now(UTC)
        self.at = now - timedelta(minutes=began_minutes_ago)
        self.end = now - timedelta(minutes=ended_minutes_ago)
        self.number = 0
        self.read = 12_000

    def more(self, seconds: int) -> dict[str, Any]:
        """Return what every line has, some time after the line before."""
        self.at = min(self.at + timedelta(seconds=seconds), self.end)
        self.number += 1
        return {"timestamp": encode_time(self.at), "uuid": f"u{self.number}", **self.spot}

    def usage(self) -> dict[str, int]:
        """Return what a response used, with a context that grows."""
        self.read += self.draw.randrange(800, 6_000)
        return {"input": 40, "output": self.draw.randrange(60, 900), "read": self.read}

    def step(self, name: str, words: str, model: str, fails: bool = False) -> Iterator[Any]:
        """Yield a response that calls a tool, and its result."""
        key = f"c{self.number}"
        path = f"{self.project}/shop/{self.draw.choice(FILES)}"
        given = {"command": "pytest -q tests"} if name == "Bash" else {"file_path": path}
        wait = self.draw.randrange(6, 50)
        told: Any = {"usage": self.usage(), "model": model, **self.more(wait)}
        yield answer(f"m{key}", text(words), call(key, name, **given), **told)
        said = "E   AssertionError: 2 failed, 31 passed" if fails else "ok"
        yield {**result(key, said, error=fails or None), **self.more(4)}

    def spawn(self, agent: str, words: str) -> Iterator[Any]:
        """Yield the call that starts a subagent, and that it ended."""
        told: Any = {"usage": self.usage(), **self.more(20)}
        started = call(f"t{agent}", "Task", description=words, subagent_type="Explore")
        yield answer(f"m{agent}", started, **told)
        ended = {"toolUseResult": {"status": "completed", "agentId": agent}}
        yield {**result(f"t{agent}"), **self.more(90), **ended}


def tell_builder(place: Place) -> None:
    """Write a thread of an hour, with two subagents, a pause, and tests that fail twice."""
    teller = Teller(place, 2, 140)
    lines: list[Any] = [user("Add an avatar to the profile, with tests.", **teller.more(0))]
    for turn, model in enumerate(("claude-opus-4-8", "claude-sonnet-5", "claude-opus-4-8")):
        for name, words in STEPS:
            fails = name == "Bash" and turn < 2 and "after" in words
            lines += teller.step(name, words, model, fails)
        agent = f"a{turn}b{turn}c{turn}d{turn}"
        began = teller.at
        lines += teller.spawn(agent, ("find every caller", "check the templates", "review")[turn])
        inner = Teller(place, 0, 0)
        inner.at, inner.end, inner.spot = began, teller.at, {**inner.spot, "isSidechain": True}
        told = [
            line
            for name, words in STEPS[:3]
            for line in inner.step(name, words, "claude-haiku-4-5-20251001")
        ]
        place.put(f"{BUILDER}/subagents/agent-{agent}.jsonl", *told)
        meta = {"agentType": "Explore", "description": "find", "toolUseId": f"t{agent}"}
        place.put(f"{BUILDER}/subagents/agent-{agent}.meta.json", meta)
        if turn == 0:
            teller.at += timedelta(minutes=70)
            lines.append(user("And in the list of orders?", **teller.more(0)))
    place.put(f"{BUILDER}.jsonl", *lines).touch()


def tell_reviewer(place: Place) -> None:
    """Write a thread that waits for an answer."""
    teller = Teller(place, 95, 130)
    lines: list[Any] = [user("Review the callback route.", **teller.more(0))]
    for name, words in STEPS[:4]:
        lines += teller.step(name, words, "claude-sonnet-5")
    told: Any = {"usage": teller.usage(), **teller.more(30)}
    words = "The state is never compared: anybody can finish a login. Shall I mend it?"
    lines.append(answer("last", text(words), **told))
    place.put(f"{REVIEWER}.jsonl", *lines)


def make_project(folder: Path) -> Place:
    """Make a project with two threads, tasks, a checkpoint, and a marker of nobody."""
    place = make_place(folder)
    for path in (place.home / ".claude").rglob("*.jsonl"):
        path.unlink()
    tell_builder(place)
    tell_reviewer(place)
    place.wf("bind", ACTIVE, WF_THREAD=f"claude-code--{BUILDER}", WF_LABEL="builder")
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{REVIEWER}", WF_LABEL="reviewer")
    place.wf("doctor", "--fix")
    place.wf("checkpoint", "-m", "the avatar is stored; the list of orders is next")
    (place.root / ".active-WFS-gone").touch()
    return place


def take(page: Page, server: Server, path: str, name: str) -> None:
    """Save what a page shows, with few colours."""
    page.goto(server.base + path)
    page.get_by_text("live", exact=True).wait_for()
    page.evaluate(_RENAME, str(server.place.project.parent.resolve()))
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE).save(
        HERE / name, optimize=True
    )


def main() -> None:
    """Take the pictures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as started,
        serving(make_project(Path(folder))) as server,
    ):
        found = shutil.which("chromium")
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1000, "height": 940})
        page.goto(server.address)
        take(page, server, "/", "dashboard-now.png")
        take(page, server, f"/thread/{BUILDER}", "dashboard-thread.png")
        page.emulate_media(color_scheme="dark")
        take(page, server, f"/thread/{BUILDER}?view=map", "dashboard-map.png")
        browser.close()


if __name__ == "__main__":
    main()
