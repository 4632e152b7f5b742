"""Pages of a server in a real browser, and what is looked for there."""

import os
from importlib.resources import files

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from tests.web.server import Server

WIDTHS = (360, 800, 1280)
PATIENCE_MS = 30_000
_AXE = "axe-playwright-python"


def enter(context: BrowserContext, server: Server) -> tuple[Page, list[str]]:
    """Open the address that was printed, and keep what the console complains of."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    def note_stranger(request: Request) -> None:
        if not request.url.startswith(server.base):
            said.append(request.url)

    page.on("request", note_stranger)
    page.goto(server.address)
    return page, said


def reach(page: Page, words: str) -> None:
    """Press Tab until what has these words is focused; all on the way must show that it is."""
    # Before its style is there, nothing shows what is focused.
    page.wait_for_load_state()
    for _ in range(80):
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring == "solid", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if page.evaluate("document.activeElement.textContent").strip() == words:
            return
    raise AssertionError(f"{words} cannot be reached")


def read_axe() -> str:
    """Return the program that finds what keeps people from using a page."""
    try:
        return files(_AXE.replace("-", "_")).joinpath("axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        said = f"not installed: {_AXE}"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
