"""What the code says that it follows is there to be read."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_CITED = re.compile(r"protocol\.md, (\d+(?:(?:, | and )\d+)*)")
_SECTION = re.compile(r"^## (\d+)\.", re.MULTILINE)
# How notes that only their writers had named its rules.
_ELSEWHERE = re.compile(r"\bR\d+\b|\bPROTOCOL\b|\bDESIGN\b")


def test_each_section_of_the_protocol_that_the_code_names_is_there() -> None:
    sections = set(_SECTION.findall((REPOSITORY / "docs" / "protocol.md").read_text("utf-8")))
    cited = 0
    for path in (REPOSITORY / "wfsession").rglob("*.py"):
        text = path.read_text("utf-8")
        for numbers in _CITED.findall(text):
            cited += 1
            assert set(re.findall(r"\d+", numbers)) <= sections, path
        assert not _ELSEWHERE.search(text), path
    assert cited > 20
