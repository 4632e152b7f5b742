"""What can be done from a page, in a real browser: each button, and with the keyboard alone."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.transcripts import THREAD
from tests.web.browsing import enter, reach
from tests.web.server import ACTIVE, PAUSED, Place, Server, serving

pytestmark = pytest.mark.needs("chromium")
NAME = f"claude-code--{THREAD}"


def find_marked(place: Place) -> list[str]:
    return [one.name.removeprefix(".active-") for one in place.root.glob(".active-*")]


def press(page: Page, word: str, state: str) -> None:
    """Press a button, and wait until the page of the session says what became of it."""
    page.get_by_role("button", name=word).click()
    page.locator("h1", has_text=re.compile(f" {state}$")).wait_for()


def test_each_action_on_a_session_is_done_by_its_button(
    context: BrowserContext, place: Place
) -> None:
    with serving(place) as server:
        page, said = enter(context, server)
        page.get_by_role("link", name=PAUSED).first.click()
        for word, state, marked in (
            ("Switch", "active", [PAUSED]),
            ("Pause", "paused", []),
            ("Resume", "active", [PAUSED]),
        ):
            press(page, word, state)
            assert find_marked(place) == marked
        page.goto(f"{server.base}/session/{server.key}/{ACTIVE}")
        press(page, "Complete", "completed")
        page.get_by_role("navigation").get_by_role("link", name="Now").click()
        page.get_by_text(re.compile("^Last done: ")).wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("link", name=ACTIVE).first.click()
        page.locator("h1", has_text=re.compile(" paused$")).wait_for()
        assert said == []


def test_what_is_refused_says_why_and_what_to_type(context: BrowserContext, place: Place) -> None:
    with serving(place) as server:
        page, _ = enter(context, server)
        page.get_by_role("link", name=PAUSED).first.click()
        page.get_by_role("button", name="Complete").click()
        page.locator("h1", has_text="Not done").wait_for()
        assert "unfinished task" in page.locator("main").inner_text()
        page.go_back()
        page.get_by_role("button", name="Complete").wait_for()


def test_a_repair_is_read_before_it_is_made(context: BrowserContext, place: Place) -> None:
    orphan = place.root / ".active-WFS-gone"
    orphan.touch()
    with serving(place) as server:
        page, _ = enter(context, server)
        page.get_by_role("link", name="What a repair would do").click()
        page.get_by_text("Nothing was done yet").wait_for()
        assert orphan.exists()
        page.get_by_role("button", name="Repair").click()
        page.locator("h1", has_text="Now").wait_for()
        assert page.get_by_text("orphaned-marker").count() == 0
    assert not orphan.exists()


def test_the_command_that_goes_on_with_a_thread_is_copied(
    context: BrowserContext, server: Server
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    page, _ = enter(context, server)
    page.goto(f"{server.base}/thread/{THREAD}")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"claude --resume {THREAD}")
    assert page.locator("code", has_text=copied).count() == 1


def test_everything_is_done_with_the_keyboard_alone(context: BrowserContext, place: Place) -> None:
    place.wf("bind", PAUSED, WF_THREAD=NAME)
    with serving(place) as server:
        page, said = enter(context, server)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]  # it is shown
        page.keyboard.press("Enter")
        follow(page, PAUSED, "/session/")
        reach(page, "Switch")
        page.keyboard.press("Enter")
        page.locator("h1", has_text=re.compile(" active$")).wait_for()
        follow(page, THREAD[:8], "/thread/")
        reach(page, "Keep")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type("the reviewer")
        page.keyboard.press("Enter")
        page.locator("h1", has_text="the reviewer").wait_for()
        follow(page, "Now", f":{server.port}/$")
        reach(page, page.locator("summary").first.inner_text())
        page.keyboard.press("Enter")
        assert page.locator("details[open]").count() == 1
        assert said == []
    assert find_marked(place) == [PAUSED]


def follow(page: Page, words: str, address: str) -> None:
    """Go to a link by the keyboard, and through it."""
    reach(page, words)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(address))
