"""The site is made of the pages without a warning, has all of the library, and asks nobody else."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

import wfsession
from tests.once import make_once
from wfsession.workspace import Workspace

DOCS = Path(__file__).parents[2] / "docs"
# What a browser fetches by itself, by the attribute that names it.
_FETCHED = {
    ("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src"), ("source", "srcset"),
    ("img", "srcset"), ("video", "src"), ("object", "data"), ("embed", "src"), ("use", "href"),
}  # fmt: skip
# Of links in the head, those that nobody fetches before somebody follows them.
_FOLLOWED = {"canonical", "index", "search", "next", "prev", "author", "copyright"}
_OF_STYLES = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


def build_site(place: Path) -> None:
    flags = ["-W", "--keep-going", "-q", "-d", str(place / "trees")]
    made = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, str(DOCS), str(place / "html")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return make_once(tmp_path_factory, worker_id, "site", build_site) / "html"


class _Fetched(HTMLParser):
    """Gathers what a browser fetches for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.found += [value for name, value in known.items() if (tag, name) in _FETCHED]
        if tag == "link" and not set(known.get("rel", "").split()) & _FOLLOWED:
            self.found.append(known.get("href", ""))
        self.found += _OF_STYLES.findall(known.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self.found += _OF_STYLES.findall(data)


def list_fetched(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    if path.suffix == ".css":
        return [str(found) for found in _OF_STYLES.findall(text)]
    parser = _Fetched()
    parser.feed(text)
    return parser.found


def is_elsewhere(address: str) -> bool:
    return bool(re.match(r"(?:[a-z][a-z0-9+.-]*:)?//|(?!data:)[a-z][a-z0-9+.-]*:", address, re.I))


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html"), *site.rglob("*.css")]
    fetched = {address for path in pages for address in list_fetched(path)}
    assert len(pages) > 20
    assert len(fetched) > 5
    assert [address for address in fetched if is_elsewhere(address)] == []


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//elsewhere.example/x.png">',
        '<link rel="stylesheet" href="https://fonts.example/css">',
        '<link rel="preconnect" href="https://fonts.example">',
        "<style>@import 'https://fonts.example/css';</style>",
        '<p style="background: url(http://a.example/b)">',
    ],
)
def test_what_would_be_fetched_from_elsewhere_is_seen(text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(text)
    assert any(map(is_elsewhere, list_fetched(path)))


def list_public() -> Iterator[str]:
    for name in wfsession.__all__:
        yield f"wfsession.{name}"
    for name in vars(Workspace):
        if not name.startswith("_"):
            yield f"wfsession.Workspace.{name}"


def test_every_public_name_of_the_library_is_on_the_site(site: Path) -> None:
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    told = {name for kind in inventory.data.values() for name in kind}
    assert [name for name in list_public() if name not in told] == []


def test_a_value_is_told_by_its_words_and_not_by_the_numbers_of_its_fields(site: Path) -> None:
    page = (site / "library.html").read_text("utf-8")
    assert "One session as a snapshot saw it" in page
    assert "wfsession.Session.is_active" in page
    assert "Alias for field number" not in page


def test_two_hyphens_of_an_option_stay_two(site: Path) -> None:
    page = (site / "commands.html").read_text("utf-8")
    assert "a script needs --force" in page
    assert "\N{EN DASH}" not in page
    library = (site / "library.html").read_text("utf-8")
    assert "\N{EN DASH} where to look for the root" in library
    assert "\N{EN DASH} there is none at or above it" in library
    assert " -- " not in library


def test_every_page_can_be_searched_and_is_reached_from_the_first(site: Path) -> None:
    first = (site / "index.html").read_text("utf-8")
    pages = [page.stem for page in DOCS.glob("*.md") if page.stem != "index"]
    assert [page for page in pages if f'href="{page}.html"' not in first] == []
    index = (site / "searchindex.js").read_text("utf-8")
    assert [page for page in pages if f'"{page}"' not in index] == []
