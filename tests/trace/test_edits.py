"""Agents' edits as patches, as their events tell them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfsession.trace.apply_patch import parse_apply_patch
from wfsession.trace.edits import make_claude_patch
from wfsession.trace.patch import Author, Patch
from wfsession.trace.patches import Unparsed, encode_patch, parse_patch

AUTHOR = Author("WFS-a", "claude-code--1", "m")


def make(tool: str, response: object = None, **given: Any) -> Patch:
    event = {"tool_name": tool, "tool_input": given, "tool_response": response}
    found = make_claude_patch(event, AUTHOR)
    assert isinstance(found, Patch), found
    return found


def see(patch: Patch) -> list[tuple[str, int, str]]:
    assert all(line.author == AUTHOR for _, line in patch.touched())
    return [(line.kind, line.number, line.content) for _, line in patch.touched()]


def test_a_file_that_is_written_anew_has_all_its_lines() -> None:
    found = make(
        "Write", {"type": "create", "structuredPatch": []}, file_path="/p/f", content="a\nb"
    )
    assert see(found) == [("added", 1, "a"), ("added", 2, "b")]
    assert (found.files[0].old_path, found.files[0].new_path) == (None, "/p/f")


def test_what_the_agent_says_of_the_lines_is_believed() -> None:
    hunk = {"oldStart": 7, "oldLines": 3, "newStart": 8, "newLines": 3}
    response = {"structuredPatch": [{**hunk, "lines": [" a", "-b", "+c", " d", "\\ No newline"]}]}
    found = make("Edit", response, file_path="f", old_string="b", new_string="c")
    assert see(found) == [("removed", 8, "b"), ("added", 9, "c")]
    assert found.files[0].kind == "modified"


def test_an_edit_of_a_file_that_is_told_whole_has_its_lines_numbers() -> None:
    response = {"originalFile": "x\nb\ny\nb\n"}
    found = make("Edit", response, file_path="f", old_string="b", new_string="c", replace_all=True)
    assert see(found) == [
        ("removed", 2, "b"),
        ("added", 2, "c"),
        ("removed", 4, "b"),
        ("added", 4, "c"),
    ]


def test_an_edit_of_which_no_place_is_told_has_numbers_that_are_not_known() -> None:
    edits = [
        {"old_string": "a\nb", "new_string": "a\nc"},
        {"old_string": "d", "new_string": "e"},
    ]
    found = make("MultiEdit", None, file_path="f", edits=edits)
    assert see(found) == [
        ("removed", 0, "b"),
        ("added", 0, "c"),
        ("removed", 0, "d"),
        ("added", 0, "e"),
    ]
    again = parse_patch(encode_patch(found), "", AUTHOR)
    assert isinstance(again, Patch)
    assert see(again) == see(found)


def test_a_notebook_is_the_file_that_it_is_on_the_disk() -> None:
    response = {"original_file": '{"a": 1,\n"b": 2}', "updated_file": '{"a": 1,\n"b": 3}'}
    found = make("NotebookEdit", response, notebook_path="n.ipynb", new_source="3")
    assert see(found) == [("removed", 2, '"b": 2}'), ("added", 2, '"b": 3}')]
    found = make("NotebookEdit", None, notebook_path="n.ipynb", new_source="3")
    assert see(found) == [("added", 0, "3")]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_a_whole_file_becomes_the_other_by_its_patch(before: list[str], after: list[str]) -> None:
    old, new = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    found = make("Write", {"originalFile": old}, file_path="f", content=new)
    kept = list(before)
    for file in found.files:
        for hunk in reversed(file.hunks):
            at = hunk.old_start - 1 if hunk.old_count else hunk.old_start
            added = [line.content for line in hunk.lines if line.kind == "added"]
            kept[at : at + hunk.old_count] = added
            assert all(
                after[line.number - 1] == line.content
                for line in hunk.lines
                if line.kind == "added"
            )
    assert kept == after


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"tool_name": "Read", "tool_input": {"file_path": "f"}},
        {"tool_name": "Edit", "tool_input": None},
        {"tool_name": ["Edit"], "tool_input": {"file_path": "f"}},
        {"tool_name": {}, "tool_input": {"file_path": "f"}},
        {"tool_name": "Edit", "tool_input": {"file_path": 3}},
        {
            "tool_name": "Edit",
            "tool_input": {"file_path": "f"},
            "tool_response": {"structuredPatch": [{"oldStart": "1", "lines": []}]},
        },
        {
            "tool_name": "Edit",
            "tool_input": {"file_path": "f"},
            "tool_response": {"structuredPatch": [{"oldStart": 1, "newStart": 1, "lines": [1]}]},
        },
    ],
)
def test_what_is_no_edit_is_told_with_a_reason(event: dict[str, Any]) -> None:
    found = make_claude_patch(event)
    assert isinstance(found, Unparsed)
    assert found.reason


CODEX = """\
Here it is:
*** Begin Patch
*** Add File: new.py
+one
+two
*** Update File: old.py
*** Move to: moved.py
@@ def f():
 a
-b
+c
@@
+d
*** End of File
*** Update File: only moved.py
*** Move to: elsewhere.py
*** Delete File: gone.py
*** End Patch
"""


def test_what_codex_applies_names_files_and_lines() -> None:
    found = parse_apply_patch(CODEX, AUTHOR)
    assert isinstance(found, Patch)
    assert [(one.old_path, one.new_path, one.kind) for one in found.files] == [
        (None, "new.py", "added"),
        ("old.py", "moved.py", "renamed"),
        ("only moved.py", "elsewhere.py", "renamed"),
        ("gone.py", None, "deleted"),
    ]
    assert see(found) == [
        ("added", 1, "one"),
        ("added", 2, "two"),
        ("removed", 0, "b"),
        ("added", 0, "c"),
        ("added", 0, "d"),
    ]
    again = parse_patch(encode_patch(found), "", AUTHOR)
    assert isinstance(again, Patch)
    assert see(again) == see(found)


@pytest.mark.parametrize(
    "text", ["", "*** Begin Patch\n*** End Patch", "*** Begin Patch\nwhat\n*** End Patch"]
)
def test_what_codex_cannot_apply_is_told_with_a_reason(text: str) -> None:
    found = parse_apply_patch(text)
    assert isinstance(found, Unparsed)
    assert found.reason
