"""The pages in a real browser: each of them, live changes, the keyboard, narrow and dark."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.transcripts import THREAD
from tests.web.browsing import WIDTHS, enter, reach
from tests.web.server import ACTIVE, PAUSED, Place, Server, make_place, serving

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = make_place(tmp_path_factory.mktemp("busy"))
    place.wf("bind", PAUSED, WF_THREAD=f"claude-code--{THREAD}")
    place.wf("new", "w" * 150, "--no-switch")
    (place.root / ".active-WFS-gone").touch()
    with serving(place) as server:
        yield server


def list_pages(server: Server) -> tuple[str, ...]:
    return (
        "/",
        f"/session/{server.key}/{PAUSED}",
        f"/thread/{THREAD}",
        f"/thread/{THREAD}?view=approach",
        f"/thread/{THREAD}?view=map",
        "/runs",
        "/usage?by=model",
        "/search?q=basket",
        "/workdirs",
        f"/repair/{server.key}",
        "/nothing",
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_fits_every_width_without_a_complaint(
    browser: Browser, busy: Server, scheme: str, tmp_path: Path
) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]  # one of them
    page, said = enter(context, busy)
    grounds = set()
    for path in list_pages(busy):
        page.goto(busy.base + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            page.screenshot(path=tmp_path / "page.png")
            assert over <= 0, (path, width, over)
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert page.locator("h1").count() == 1
    assert len(grounds) == 1
    assert (grounds == {"rgb(20, 24, 26)"}) == (scheme == "dark")
    # The page that is not there is the one complaint.
    assert [one for one in said if "404" not in one] == []
    context.close()


def test_a_touch_in_the_root_changes_the_page_and_what_is_open_stays_open(
    context: BrowserContext, place: Place
) -> None:
    with serving(place) as server:
        page, _ = enter(context, server)
        page.get_by_text("live", exact=True).wait_for()
        page.locator("details summary").first.click()
        page.evaluate("window.kept = true")
        (place.root / f".active-{PAUSED}").touch()
        card = page.locator("article.active", has_text=PAUSED)
        card.wait_for()
        assert page.locator("details[open]").count() == 1
        assert page.evaluate("window.kept") is True


def test_an_action_by_keyboard_alone(context: BrowserContext, place: Place) -> None:
    with serving(place) as server:
        page, said = enter(context, server)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        reach(page, PAUSED)
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/session/"))
        reach(page, "Switch")
        page.keyboard.press("Enter")
        page.locator("h1", has_text="active").wait_for()
        assert said == []
    active = [one.name for one in place.root.glob(".active-*")]
    assert active == [f".active-{PAUSED}"]


def test_going_back_finds_the_list_as_it_was_left(context: BrowserContext, busy: Server) -> None:
    page, _ = enter(context, busy)
    page.set_viewport_size({"width": 360, "height": 500})
    page.locator("details summary").first.click()
    page.evaluate("scrollTo(0, 300)")
    page.get_by_role("link", name=ACTIVE).first.evaluate("(link) => link.click()")
    page.wait_for_url(re.compile("/session/"))
    page.go_back()
    page.wait_for_function("scrollY > 0")
    assert page.locator("details[open]").count() == 1
    assert page.evaluate("scrollY") == 300


def test_times_are_in_the_readers_zone(browser: Browser, busy: Server) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page, _ = enter(context, busy)
    page.goto(f"{busy.base}/thread/{THREAD}")
    assert "14 Sept 2026, 09:00" in page.locator("time").first.inner_text()
    context.close()


def test_everything_is_there_without_javascript(browser: Browser, busy: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page, _ = enter(context, busy)
    assert page.get_by_role("link", name=PAUSED).first.is_visible()
    page.get_by_role("link", name=PAUSED).first.click()
    page.get_by_role("link", name=THREAD[:8]).first.click()
    page.get_by_role("link", name="Map").click()
    assert page.locator("svg rect.error").count() >= 1
    assert "2026-09-14" in page.locator("time").first.inner_text()
    context.close()


def test_a_script_in_a_message_never_runs(context: BrowserContext, place: Place) -> None:
    place.wf("new", "<script>document.title='bad'</script><img src=x onerror=document.title='bad'>")
    with serving(place) as server:
        page, _ = enter(context, server)
        page.get_by_text("<script>").first.wait_for()
        assert page.title() != "bad"
        script = (
            "const one = document.createElement('script'); one.textContent = 'document.title = 1';"
        )
        page.evaluate(f"() => {{ {script} document.body.append(one); }}")
        assert page.title() != "1"
