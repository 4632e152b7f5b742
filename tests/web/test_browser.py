"""The pages in a real browser: each of them, live changes, light and dark, without a script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

import wfsession
from tests.transcripts import THREAD
from tests.web.browsing import enter
from tests.web.crowd import RUN
from tests.web.server import ACTIVE, PAUSED, Place, Server, make_place, serving

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = make_place(tmp_path_factory.mktemp("busy"))
    workspace = wfsession.open(place.project)
    workspace.bind(PAUSED, thread=f"claude-code--{THREAD}")
    for n in range(9):
        workspace.create(f"Task {n}", switch=False)
    with serving(place) as server:
        yield server


@pytest.mark.parametrize(
    ("scheme", "ground"), [("light", "rgb(251, 251, 249)"), ("dark", "rgb(20, 24, 26)")]
)
def test_a_page_has_the_colours_that_its_reader_asks_for(
    context: BrowserContext, server: Server, scheme: str, ground: str
) -> None:
    page, _ = enter(context, server)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of them
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground


def test_each_page_is_reached_by_links_from_the_first(
    context: BrowserContext, crowd: Server
) -> None:
    page, _ = enter(context, crowd)
    for name in ("Runs", "Usage", "Search", "Workdirs", "Now"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        page.locator("h1", has_text=name).wait_for()
        assert page.locator("nav [aria-current=page]").first.inner_text() == name
    page.get_by_role("link", name="What a repair would do").click()
    page.locator("h1", has_text="Repair").wait_for()
    page.goto(f"{crowd.base}/runs")
    page.locator(f"a[href='/run/{RUN}']").click()
    page.wait_for_url(re.compile("/run/"))
    page.locator("main p a").first.click()
    for view in ("Approach", "Map", "Timeline"):
        page.get_by_role("navigation", name="Views").get_by_role("link", name=view).click()
        page.locator("h2", has_text=view).wait_for()


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


def test_a_page_is_made_anew_now_and_then_for_the_ages_on_it(
    context: BrowserContext, server: Server
) -> None:
    context.clock.install()
    page, _ = enter(context, server)
    page.get_by_text("live", exact=True).wait_for()
    page.evaluate("document.querySelector('h1').textContent = 'Long ago'")
    page.clock.fast_forward("01:05")
    page.locator("h1", has_text="Now").wait_for()


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


def test_everything_is_read_and_done_without_javascript(browser: Browser, busy: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page, _ = enter(context, busy)
    assert page.get_by_role("link", name=PAUSED).first.is_visible()
    page.get_by_role("link", name=PAUSED).first.click()
    page.get_by_role("link", name=THREAD[:8]).first.click()
    page.get_by_role("link", name="Map").click()
    assert page.locator("svg rect.error").count() >= 1
    assert "2026-09-14" in page.locator("time").first.inner_text()
    # What only a script could do is not offered.
    assert page.get_by_role("button", name="Copy").count() == 0
    page.get_by_role("link", name="Search").click()
    page.get_by_role("textbox").fill("basket")
    page.keyboard.press("Enter")
    assert page.locator("mark").first.inner_text() == "basket"
    page.goto(f"{busy.base}/session/{busy.key}/WFS-task-0")
    page.get_by_role("button", name="Complete").click()
    page.locator("h1", has_text="completed").wait_for()
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
