"""What bin/wf answers without Python, and what it never does: tree by tree, in each shell."""

import os
from pathlib import Path

import attrs
import pytest

from tests.cli.shim import (
    BOUND,
    HANDED_OVER,
    MARKED,
    NONE,
    SESSION,
    THREAD,
    TWO,
    ask_in_trees,
    ask_library,
    at_root,
    in_each_shell,
    name_of,
    pin,
    root_named,
)
from tests.trees import RECORD, ROOT, TOP, Entry, Tree

ANSWERED = {
    "a marker": (Tree(MARKED, "p"), "WFS-a"),
    "from below": (Tree((*MARKED, Entry("p/a/b/c")), "p/a/b/c"), "WFS-a"),
    "from within a session": (Tree(TWO, f"p/{ROOT}/WFS-b"), "WFS-a"),
    "from within the root": (Tree(MARKED, f"p/{ROOT}"), "WFS-a"),
    "a marker that makes a directory a session": (
        Tree(at_root("notes/", ".active-notes"), "p"),
        "notes",
    ),
    "a marker with content": (
        Tree((*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "file", "on\n")), "p"),
        "WFS-a",
    ),
    "an ordinary repository": (Tree((*MARKED, Entry("p/.git"), Entry("p/a")), "p/a"), "WFS-a"),
    "a nested project": (
        Tree(
            (*MARKED, Entry(f"p/q/{ROOT}/WFS-z"), Entry(f"p/q/{ROOT}/.active-WFS-z", "file")), "p/q"
        ),
        "WFS-z",
    ),
    "a git file beside the root": (
        Tree((*MARKED, Entry("p/.git", "file", "gitdir: x")), "p"),
        "WFS-a",
    ),
    "a git file above the root": (
        Tree((*MARKED, Entry(".git", "file", "gitdir: x")), "p"),
        "WFS-a",
    ),
    "through a symlink": (Tree((*MARKED, Entry("way", "link", f"{TOP}/p")), "way"), "WFS-a"),
    "other hidden entries": (
        Tree((*MARKED, *at_root(".wf/", ".threads/", ".gitignore", ".active", ".activex")), "p"),
        "WFS-a",
    ),
    "the longest name": (
        Tree(at_root("WFS-" + "x" * 196 + "/", ".active-WFS-" + "x" * 196), "p"),
        "WFS-" + "x" * 196,
    ),
    "a pin": (Tree(TWO, "p", pin("WFS-b")), "WFS-b"),
    "a pin without a record": (Tree((*MARKED, *at_root("WFS-b/")), "p", pin("WFS-b")), "WFS-b"),
    "a pin of another name with a record": (
        Tree((*MARKED, Entry(f"p/{ROOT}/notes/{RECORD}", "file", "{")), "p", pin("notes")),
        "notes",
    ),
    "a pin of another name with a marker": (
        Tree((*MARKED, *at_root("notes/", ".active-notes")), "p", pin("notes")),
        "notes",
    ),
    "a pin among several markers": (
        Tree((*TWO, *at_root(".active-WFS-b")), "p", pin("WFS-a")),
        "WFS-a",
    ),
    "a pin beside its twin in other case": (
        Tree((*TWO, Entry(f"p/{ROOT}/wfs-b/{RECORD}", "file", "{}")), "p", pin("WFS-b")),
        "WFS-b",
    ),
    "a pin before a binding": (Tree(BOUND, "p", (*pin("WFS-a"), *THREAD)), "WFS-a"),
    "a pin before a thread that is none": (
        Tree(BOUND, "p", (*pin("WFS-a"), ("WF_THREAD", "me"))),
        "WFS-a",
    ),
    "an empty pin": (Tree(TWO, "p", pin("")), "WFS-a"),
    "a binding": (Tree(BOUND, "p", THREAD), "WFS-b"),
    "a binding without a line end": (
        Tree((*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", "WFS-b")), "p", THREAD),
        "WFS-b",
    ),
    "a thread without a binding": (Tree(BOUND, "p", (("WF_THREAD", "claude--2"),)), "WFS-a"),
    "a thread that was unbound": (
        Tree((*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file")), "p", THREAD),
        "WFS-a",
    ),
    "a thread without bindings": (Tree(MARKED, "p", THREAD), "WFS-a"),
    "an empty thread": (Tree(BOUND, "p", (("WF_THREAD", ""),)), "WFS-a"),
    "a named root": (Tree((*MARKED, Entry("o")), "o", root_named(f"{TOP}/p/{ROOT}")), "WFS-a"),
    "a named project": (Tree((*MARKED, Entry("o")), "o", root_named(f"{TOP}/p")), "WFS-a"),
    "a named root, relative": (Tree(MARKED, ".", root_named(f"p/{ROOT}")), "WFS-a"),
    "a named project, relative": (Tree(MARKED, ".", root_named("p")), "WFS-a"),
    "a named root with a slash": (Tree(MARKED, ".", root_named(f"{TOP}/p/{ROOT}/")), "WFS-a"),
    "a named root before a nearer one": (
        Tree((*MARKED, Entry(f"o/{ROOT}/WFS-z")), "o", root_named(f"{TOP}/p")),
        "WFS-a",
    ),
    "an empty named root": (Tree(MARKED, "p", root_named("")), "WFS-a"),
    "a named root in a linked worktree": (
        Tree((*MARKED, Entry("o/.git", "file", "gitdir: x")), "o", root_named(f"{TOP}/p")),
        "WFS-a",
    ),
    "no root": (Tree((Entry("p/a"),), "p/a"), None),
    "no root in a repository": (Tree((Entry("p/.git"), Entry("p/a")), "p/a"), None),
    "no root for a thread": (Tree((Entry("p"),), "p", THREAD), None),
}
for _sign in (
    " ",
    "[x]",
    "*",
    "?",
    "\\",
    "'",
    '"',
    "$x",
    "`x`",
    "\n",
    "~",
    "ü",
    "\udcff",
    "-",
    "#",
):
    _moved = tuple(attrs.evolve(entry, path=f"a{_sign}b/{entry.path}") for entry in MARKED)
    ANSWERED[f"a path with {_sign!r}"] = (Tree(_moved, f"a{_sign}b/p"), "WFS-a")
    ANSWERED[f"a path with {_sign!r} and a pin"] = (
        Tree(
            (*_moved, Entry(f"a{_sign}b/p/{ROOT}/notes/{RECORD}", "file")),
            f"a{_sign}b/p",
            pin("notes"),
        ),
        "notes",
    )


@in_each_shell
def test_it_answers_itself_what_is_usual(
    shell: tuple[str, ...], shim: Path, tmp_path: Path
) -> None:
    trees = {title: tree for title, (tree, _) in ANSWERED.items()}
    asked = ask_in_trees(shell, shim, trees, tmp_path, "current")
    got = {title: answer for title, (_, answer) in asked.items()}
    assert got == {
        title: NONE if session is None else name_of(session)
        for title, (_, session) in ANSWERED.items()
    }
    for title, (question, answer) in asked.items():
        assert ask_library(question) == answer, title


@in_each_shell
def test_the_path_it_answers_is_absolute_and_has_no_symlink_in_it(
    shell: tuple[str, ...], shim: Path, tmp_path: Path
) -> None:
    trees = {title: tree for title, (tree, session) in ANSWERED.items() if session}
    asked = ask_in_trees(shell, shim, trees, tmp_path, "path")
    for title, (question, answer) in asked.items():
        path = os.fsdecode(answer.output.removesuffix(b"\n"))
        assert path == os.path.realpath(path), title
        assert os.path.isdir(path), title
        assert ask_library(question) == answer, title


# Where a shell cannot be sure it must not answer, whatever Python then says.
HANDED = {
    "no marker": Tree(SESSION, "p"),
    "two markers": Tree((*TWO, *at_root(".active-WFS-b")), "p"),
    "a marker and an orphan": Tree((*MARKED, *at_root(".active-WFS-gone")), "p"),
    "a marker and an editor's backup": Tree((*MARKED, *at_root(".active-WFS-a~")), "p"),
    "an orphan": Tree(at_root("WFS-b/", ".active-WFS-gone"), "p"),
    "a marker without a name": Tree((*SESSION, *at_root(".active-")), "p"),
    "a marker that is a directory": Tree((*SESSION, *at_root(".active-WFS-a/")), "p"),
    "a marker that is a symlink": Tree(
        (*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "link", f"WFS-a/{RECORD}")), "p"
    ),
    "a marker that is a pipe": Tree((*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "fifo")), "p"),
    "a marked file": Tree(at_root("WFS-a", ".active-WFS-a"), "p"),
    "a marked symlink": Tree(
        (*at_root("notes/", ".active-WFS-a"), Entry(f"p/{ROOT}/WFS-a", "link", "notes")), "p"
    ),
    "an archived session that is marked": Tree(at_root("completed/WFS-a/", ".active-WFS-a"), "p"),
    "a root that is a symlink": Tree((*MARKED, Entry(f"q/{ROOT}", "link", f"{TOP}/p/{ROOT}")), "q"),
    "a root that is a broken symlink": Tree((Entry(f"q/{ROOT}", "link", "gone"),), "q"),
    "a root that is a file": Tree((Entry(f"q/{ROOT}", "file"),), "q"),
    "a root below one that is a symlink": Tree(
        (*MARKED, Entry(f"p/q/{ROOT}", "link", f"../{ROOT}"), Entry("p/q/r")), "p/q/r"
    ),
    "a linked worktree": Tree(
        (*MARKED, Entry("p/w/.git", "file", "gitdir: x"), Entry("p/w/a")), "p/w/a"
    ),
    "a git link": Tree((*MARKED, Entry("p/w/.git", "link", "gone")), "p/w"),
    "a pin that is unknown": Tree(MARKED, "p", pin("WFS-gone")),
    "a pin that is archived": Tree((*MARKED, *at_root("completed/WFS-z/")), "p", pin("WFS-z")),
    "a pin that is somebody else's directory": Tree(
        (*MARKED, *at_root("notes/")), "p", pin("notes")
    ),
    "a pin that is a file": Tree((*MARKED, *at_root("WFS-f")), "p", pin("WFS-f")),
    "a pin that is a symlink": Tree(
        (*MARKED, Entry(f"p/{ROOT}/WFS-l", "link", "WFS-a")), "p", pin("WFS-l")
    ),
    "a pin whose record is a symlink": Tree(
        (*MARKED, *at_root("notes/x"), Entry(f"p/{ROOT}/notes/{RECORD}", "link", "x")),
        "p",
        pin("notes"),
    ),
    "a pin whose marker is a directory": Tree(
        at_root("notes/", ".active-notes/"), "p", pin("notes")
    ),
    "a pin with a path": Tree(MARKED, "p", pin("./WFS-a")),
    "a pin with a line end": Tree(MARKED, "p", pin("WFS-a\n")),
    "a pin with a pattern": Tree(MARKED, "p", pin("WFS-*")),
    "a pin of a reserved directory": Tree(
        (*MARKED, Entry(f"p/{ROOT}/completed/{RECORD}", "file")), "p", pin("completed")
    ),
    "a pin of a device": Tree(
        (*MARKED, Entry(f"p/{ROOT}/aux.x/{RECORD}", "file")), "p", pin("aux.x")
    ),
    "a pin without a root": Tree((Entry("p"),), "p", pin("WFS-a")),
    "a name of 201 characters": Tree(
        at_root("WFS-" + "x" * 197 + "/", ".active-WFS-" + "x" * 197), "p"
    ),
    "a name with an accent": Tree(at_root("WFS-ü/", ".active-WFS-ü"), "p"),
    "a name that is no text": Tree(at_root("WFS-\udcfc/", ".active-WFS-\udcfc"), "p"),
    "a name that ends with a dot": Tree(at_root("WFS-a./", ".active-WFS-a."), "p"),
    "a name that begins with a hyphen": Tree(at_root("-a/", ".active--a"), "p"),
    "a name that is a pattern": Tree(at_root("*/", ".active-*"), "p"),
    "a thread that is none": Tree(BOUND, "p", (("WF_THREAD", "claude"),)),
    "a thread with a path": Tree(BOUND, "p", (("WF_THREAD", "../.threads/claude--1"),)),
    "a thread without an agent": Tree(BOUND, "p", (("WF_THREAD", "--1"),)),
    "a thread without an id": Tree(BOUND, "p", (("WF_THREAD", "claude--"),)),
    "a thread that is too long": Tree(BOUND, "p", (("WF_THREAD", "c--" + "1" * 198),)),
    "a hidden thread": Tree(BOUND, "p", (("WF_THREAD", ".claude--1"),)),
    "bindings in a symlink": Tree(
        (
            *MARKED,
            Entry(f"p/{ROOT}/t/claude--1", "file", "WFS-a"),
            Entry(f"p/{ROOT}/.threads", "link", "t"),
        ),
        "p",
        THREAD,
    ),
    "bindings in a file": Tree((*MARKED, *at_root(".threads")), "p", THREAD),
    "a binding that is a symlink": Tree(
        (*BOUND, Entry(f"p/{ROOT}/.threads/c--1", "link", "claude--1")),
        "p",
        (("WF_THREAD", "c--1"),),
    ),
    "a binding that is a pipe": Tree(
        (*MARKED, Entry(f"p/{ROOT}/.threads/claude--1", "fifo")), "p", THREAD
    ),
    "a named root that is missing": Tree(MARKED, "p", root_named(f"{TOP}/gone")),
    "a named root that is a symlink": Tree(
        (*MARKED, Entry(f"q/{ROOT}", "link", f"{TOP}/p/{ROOT}")), "p", root_named(f"{TOP}/q/{ROOT}")
    ),
    "a named root behind a symlink": Tree(
        (*MARKED, Entry("way", "link", f"{TOP}/p")), "p", root_named(f"{TOP}/way")
    ),
    "a named root with a way up": Tree(MARKED, "p", root_named(f"{TOP}/p/../p")),
    "a named project without a root": Tree((*MARKED, Entry("p/sub")), "p/sub", root_named(".")),
}
for _text in (
    "WFS-gone\n",
    " WFS-b\n",
    "WFS-b\r\n",
    "WFS-b\nmore\n",
    "WFS-b\nmore",
    "\nWFS-b\n",
    "WFS-b\n\n",
):
    HANDED[f"a binding that reads {_text!r}"] = Tree(
        (*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", _text)), "p", THREAD
    )
for _name in ("active", "archives", "completed", "issues", "sessions", "specs"):
    for _spelled in (_name, _name.upper(), _name.title()):
        HANDED[f"the reserved name {_spelled}"] = Tree(
            at_root(f"{_spelled}/", f".active-{_spelled}"), "p"
        )
for _name in ("con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9"):
    for _spelled in (_name, _name.upper(), f"{_name.title()}.x.y"):
        HANDED[f"the device's name {_spelled}"] = Tree(
            at_root(f"{_spelled}/", f".active-{_spelled}"), "p"
        )


@in_each_shell
@pytest.mark.parametrize("verb", ["current", "path"])
def test_it_hands_over_what_is_not_sure(
    shell: tuple[str, ...], verb: str, shim: Path, tmp_path: Path
) -> None:
    asked = ask_in_trees(shell, shim, HANDED, tmp_path, verb)
    got = {title: answer for title, (_, answer) in asked.items()}
    assert got == dict.fromkeys(HANDED, HANDED_OVER)


# None of these changes what the answer is.
