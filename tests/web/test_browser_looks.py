"""How pages lie at each width, and what axe says of them, with the words that fit worst."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext

from tests.figures import count
from tests.web.browsing import WIDTHS, enter, read_axe
from tests.web.crowd import list_addresses, list_kinds
from tests.web.server import Server

pytestmark = pytest.mark.needs("chromium")
VIEWS = (("light", WIDTHS[-1]), ("dark", WIDTHS[0]))
BOXES = (Path(__file__).parent / "boxes.js").read_text(encoding="utf-8")
_OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
# What cards have is on the first of them.
_RUN = """axe.run({ exclude: ".card:nth-child(n + 6)" }, { resultTypes: ["violations"] })"""
_STATIC = ("/static/style.css", "/static/live.js", "/static/icon.svg")


def test_no_text_is_cut_off_and_nothing_overlaps_at_any_width_and_no_page_complains(
    context: BrowserContext, crowd: Server
) -> None:
    page, said = enter(context, crowd)
    for path in list_addresses(crowd):
        page.goto(crowd.base + path)
        assert page.locator("h1").count() == 1
        # What a paragraph cannot hold ends it, and its own end begins an empty one.
        assert page.locator("p:empty:not(#live)").count() == 0, path
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            found = page.evaluate(BOXES)
            assert found["boxes"] > 5
            assert found["wrong"] == [], (path, width)
            count("boxes on pages that neither overlap nor are cut off", found["boxes"])
    # The page that is not there is the one complaint.
    assert [one for one in said if "404" not in one] == []


def test_axe_finds_nothing_wrong_light_or_dark_narrow_or_wide(
    context: BrowserContext, crowd: Server
) -> None:
    axe = read_axe()
    page, _ = enter(context, crowd)
    for path in list_kinds(crowd):
        page.goto(crowd.base + path)
        page.evaluate(axe)
        page.evaluate(_OPEN)
        for scheme, width in VIEWS:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of them
            page.set_viewport_size({"width": width, "height": 800})
            told = page.evaluate(_RUN)
            assert _tell(told["violations"]) == [], (path, scheme, width)
            count(f"views of pages that axe {told['testEngine']['version']} finds nothing in")


def _tell(violations: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['impact']} {one['id']}: {node['html'][:200]} {node['failureSummary']}"
        for one in violations
        for node in one["nodes"][:3]
    ]


def test_each_page_is_under_100_kb_with_what_it_loads(server: Server, crowd: Server) -> None:
    static = sum(len(server.read(path)) for path in _STATIC)
    for path in list_addresses(crowd):
        assert len(crowd.ask(quote(path, safe="/?=&")).body.encode()) + static < 100_000, path
