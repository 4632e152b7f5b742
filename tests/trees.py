"""Small project trees made from a seed, each with a current directory and variables.

`make_tree` only describes, so that a tree that broke something can be printed and made again;
`build_tree` makes it. Holds no opinion on what the right answer is.
"""

import os
from pathlib import Path
from random import Random
from typing import Literal
from unicodedata import normalize

import attrs

Kind = Literal["directory", "file", "link", "fifo"]

ROOT = ".workflow"
RECORD = "workflow-session.json"
# In the text of a link and in the value of a variable: the absolute path of the tree.
TOP = "@TOP@"
# Long ago, and no whole second: a reader has no reason to list twice.
OLD_NS = 1_700_000_000_123_456_789


@attrs.frozen
class Entry:
    """One entry of a tree; `text` is a file's content or a link's target, `age_s` seconds."""

    path: str
    kind: Kind = "directory"
    text: str = ""
    age_s: int = 0


@attrs.frozen
class Tree:
    """Entries in the order in which they are made, the current directory, and variables."""

    entries: tuple[Entry, ...]
    here: str = "."
    environment: tuple[tuple[str, str], ...] = ()

    def read_environment(self, top: Path) -> dict[str, str]:
        """Return the variables that are set, for the tree built at `top`."""
        return {name: value.replace(TOP, str(top)) for name, value in self.environment}


def build_tree(tree: Tree, top: Path) -> None:
    """Make the tree at `top`, which must not exist; every directory's mtime is long past."""
    top.mkdir(parents=True)
    for entry in tree.entries:
        path = top / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "directory":
            path.mkdir(exist_ok=True)
        elif entry.kind == "link":
            path.symlink_to(entry.text.replace(TOP, str(top)))
        elif entry.kind == "fifo":
            os.mkfifo(path)
        else:
            path.write_bytes(os.fsencode(entry.text))
            os.utime(path, ns=(OLD_NS, OLD_NS - entry.age_s * 1_000_000_000))
    for folder, _, _ in os.walk(top, topdown=False):
        os.utime(folder, ns=(OLD_NS, OLD_NS))


PLAIN_NAMES = (
    "WFS-a",
    "WFS-user-profile",
    "WFS-b.2_c",
    "WFS-" + "x" * 196,
    "wfs-a",
    "notes",
    "Notes.2",
    "7",
    "contents",
    "com",
    "nullable.x",
    "activeX",
)
RESERVED_NAMES = ("completed", "active", "Archives", "sessions", "CON", "nul.txt", "COM1.a", "lpt9")
ODD_NAMES = (
    normalize("NFC", "WFS-ü"),
    normalize("NFD", "WFS-ü"),
    "WFS-集成",
    "WFS-a b",
    "WFS-a~",
    "WFS-a (1)",
    "WFS-a\nb",
    "WFS-a\n",
    "WFS-dot.",
    "WFS-[a]",
    "WFS-*",
    "WFS-\\",
    "WFS-\u202eevil",
    "WFS-" + "x" * 197,
    "WFS-\udcff",
    "-a",
    ".a",
    "_a",
    "*",
    "~",
)
_PROJECTS = ("p", "p [x]*", "p\\q", "-p", "p'\"`$x", "pü", "p\nq", "p\n", "~", "\udcff")
_LEVELS = ("", "sub", "sub/deep")


def _choose(random: Random, *shares: tuple[int, str]) -> str:
    """Return one of the words, each as often as its share says."""
    return random.choices([word for _, word in shares], [share for share, _ in shares])[0]


def _some_name(random: Random) -> str:
    pool = _choose(random, (40, "plain"), (1, "reserved"), (3, "odd"))
    names = {"plain": PLAIN_NAMES, "reserved": RESERVED_NAMES, "odd": ODD_NAMES}[pool]
    # The first are what is usual.
    return names[min(random.randrange(len(names)), random.randrange(len(names)))]


def _make_session(random: Random, folder: str, name: str) -> list[Entry]:
    path = f"{folder}/{name}"
    kind = _choose(
        random,
        (32, "recorded"),
        (12, "bare"),
        (3, "corrupt"),
        (1, "linked record"),
        (1, "record is a directory"),
        (1, "link"),
        (1, "broken link"),
        (1, "file"),
    )
    record = f"{path}/{RECORD}"
    text = f'{{"session_id": "{name}", "status": "paused"}}\n'.encode(errors="replace").decode()
    return {
        "recorded": [Entry(path), Entry(record, "file", text)],
        "bare": [Entry(path)],
        "corrupt": [Entry(path), Entry(record, "file", "{")],
        "linked record": [Entry(path), Entry(record, "link", "elsewhere.json")],
        "record is a directory": [Entry(path), Entry(record)],
        "link": [Entry(f"store/{RECORD}", "file", "{}"), Entry(path, "link", f"{TOP}/store")],
        "broken link": [Entry(path, "link", "gone")],
        "file": [Entry(path, "file", "a note\n")],
    }[kind]


def _make_marker(random: Random, root: str, name: str) -> Entry:
    path = f"{root}/.active-{name}"
    age_s = random.choice((0, 0, 5, 60, 3600))
    kind = _choose(
        random,
        (40, "empty"),
        (4, "content"),
        (1, "link"),
        (1, "broken link"),
        (1, "directory"),
        (1, "fifo"),
    )
    return {
        "empty": Entry(path, "file", "", age_s),
        "content": Entry(path, "file", "on\n", age_s),
        "link": Entry(path, "link", "."),
        "broken link": Entry(path, "link", "gone"),
        "directory": Entry(path),
        "fifo": Entry(path, "fifo"),
    }[kind]


def _make_markers(random: Random, root: str, cast: list[str]) -> list[Entry]:
    count = random.choices((0, 1, 2, 3), (3, 24, 3, 1))[0]
    names = [random.choice(cast) if random.random() < 0.9 else _some_name(random)] * bool(count)
    while len(names) < count:
        names.append(random.choice([*cast, _some_name(random)]))
    markers = [_make_marker(random, root, name) for name in dict.fromkeys(names)]
    if random.random() < 0.06:
        stray = random.choice(["", f"{cast[0]}~", f"{cast[0]}.", f"{cast[0]} (1)", "."])
        markers.append(Entry(f"{root}/.active-{stray}", "file"))
    return markers


def _make_threads(random: Random, root: str, cast: list[str], archived: list[str]) -> list[Entry]:
    threads = f"{root}/.threads"
    kind = _choose(random, (9, "absent"), (40, "bound"), (1, "file"), (1, "link"), (1, "broken"))
    if kind == "file":
        return [Entry(threads, "file", "WFS-a\n")]
    if kind in {"link", "broken"}:
        target = f"{TOP}/bindings" if kind == "link" else "gone"
        return [Entry("bindings/claude--1", "file", f"{cast[0]}\n"), Entry(threads, "link", target)]
    if kind == "absent":
        return []
    name = random.choice(cast * 6 + [*archived, _some_name(random)])
    text = random.choice(
        [f"{name}\n"] * 12
        + [name, f"{name}\r\n", f" {name}\n", f"{name}\nmore\n", f"{name}\nmore", "", "\n"]
        + [f"{name}\n\n", f"\n{name}\n", f"{name}\n" + "x" * 2000, f"{name}" + " " * 2000]
    )
    binding = f"{threads}/claude--1"
    entry = random.choice(
        [Entry(binding, "file", text)] * 16
        + [Entry(binding, "link", "other--1"), Entry(binding), Entry(binding, "fifo")]
    )
    return [Entry(threads), Entry(f"{threads}/other--1", "file", f"{cast[-1]}\n"), entry]


def _make_root(random: Random, root: str, cast: list[str]) -> list[Entry]:
    archived = [_some_name(random)] if random.random() < 0.3 else []
    entries = [Entry(root)]
    for name in cast:
        if random.random() < 0.93:
            entries += _make_session(random, root, name)
    for name in archived:
        entries += _make_session(random, f"{root}/completed", name)
    entries += _make_markers(random, root, cast)
    entries += _make_threads(random, root, cast, archived)
    if random.random() < 0.3:
        entries.append(Entry(f"{root}/.wf"))
    if random.random() < 0.1:
        entries.append(Entry(f"{root}/.ACTIVE-{cast[0]}", "file"))
    return entries


def _make_level(random: Random, place: str, chance: float, cast: list[str]) -> list[Entry]:
    """Make one directory of the project: maybe a root, maybe `.git`."""
    entries = [Entry(place)]
    if random.random() < chance:
        kind = _choose(random, (40, "root"), (1, "file"), (1, "link"), (1, "broken link"))
        path = f"{place}/{ROOT}"
        if kind == "root":
            entries += _make_root(random, path, cast)
        elif kind == "file":
            entries.append(Entry(path, "file", "gitdir: elsewhere\n"))
        else:
            target = f"{TOP}/main/{ROOT}" if kind == "link" else "gone"
            entries += [Entry(f"main/{ROOT}/WFS-a"), Entry(path, "link", target)]
    git = f"{place}/.git"
    kind = _choose(
        random,
        (40, "none"),
        (12, "directory"),
        (1, "worktree"),
        (1, "submodule"),
        (1, "link"),
        (1, "broken link"),
    )
    work = "main/.git/worktrees/w"
    return (
        entries
        + {
            "none": [],
            "directory": [Entry(git)],
            "worktree": [
                Entry(f"main/{ROOT}/WFS-a/{RECORD}", "file", "{}"),
                Entry(f"main/{ROOT}/.active-WFS-a", "file"),
                Entry(f"{work}/commondir", "file", "../..\n"),
                Entry(git, "file", f"gitdir: {TOP}/{work}\n"),
            ],
            "submodule": [Entry(git, "file", "gitdir: ../.git/modules/sub\n")],
            "link": [Entry("main/.git"), Entry(git, "link", f"{TOP}/main/.git")],
            "broken link": [Entry(git, "link", "gone")],
        }[kind]
    )


def _make_environment(random: Random, project: str, cast: list[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    if random.random() < 0.3:
        pool = [*cast * 4, *cast[0:1] * 4, _some_name(random), "", "WFS-unknown", "../WFS-a", "."]
        pairs.append(("WF_SESSION", random.choice([*pool, f"./{cast[0]}", f"{cast[0]}/"])))
    if random.random() < 0.45:
        odd = ["", "claude", ".claude--1", "../claude--1", "claude--ü", "c d--1", "--", "x--*"]
        pool = ["claude--1"] * 16 + ["other--1", "other--2", "x--" + "y" * 300, *odd]
        pairs.append(("WF_THREAD", random.choice(pool)))
    if random.random() < 0.25:
        path = f"{TOP}/{project}"
        plain = [f"{path}/{ROOT}", path, f"{path}/sub", ROOT, f"{path}/{ROOT}/"]
        links = [f"{TOP}/way/{ROOT}", f"{TOP}/way", f"{path}/sub/../{ROOT}"]
        odd = ["", ".", "..", f"./{ROOT}", f"{path}/", "sub", "gone", f"{path}//{ROOT}", "/"]
        pairs.append(("WF_ROOT", random.choice(plain * 5 + links + odd)))
    return pairs


def make_tree(random: Random) -> Tree:
    """Describe one tree; the same state of `random` gives the same tree."""
    project = _PROJECTS[0] if random.random() < 0.7 else random.choice(_PROJECTS)
    cast = list(dict.fromkeys(_some_name(random) for _ in range(random.randint(1, 4))))
    entries: list[Entry] = []
    for level, chance in zip(_LEVELS, (0.9, 0.12, 0.06), strict=True):
        entries += _make_level(random, f"{project}/{level}".rstrip("/"), chance, cast)
    entries.append(Entry("way", "link", f"{TOP}/{project}"))
    here = [f"{project}/{level}".rstrip("/") for level in _LEVELS] + ["way", "way/sub"]
    here += [
        entry.path
        for entry in entries
        if entry.kind == "directory" and f"/{ROOT}" in entry.path and len(entry.path) < 80
    ][:2]
    return Tree(
        _drop_conflicts(entries),
        random.choice(here),
        tuple(_make_environment(random, project, cast)),
    )


def _drop_conflicts(entries: list[Entry]) -> tuple[Entry, ...]:
    """Keep the first of two entries of one path, and nothing below what is no directory."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        parents = [entry.path[:at] for at, sign in enumerate(entry.path) if sign == "/"]
        blocked = any(path in kept and kept[path].kind != "directory" for path in parents)
        if not blocked and entry.path not in kept:
            for path in parents:
                kept.setdefault(path, Entry(path))
            kept[entry.path] = entry
    return tuple(kept.values())
