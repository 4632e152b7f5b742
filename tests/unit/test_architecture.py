"""Who may import whom, and who may touch the disk, the terminal and the environment.

The checker works on sources, so that the tests can hand it bad ones and see it object.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "wfsession"
MAX_LINES = 450

# Each room of the package, and the rooms that it may import besides itself. `wfsession` is
# the package's own __init__. A room that is not listed here has no place in the house yet.
_BASE = {"core", "errors"}
_ALL_BELOW = _BASE | {"threads", "hooks", "trace", "workdirs", "index", "settings", "git"}
_ON_TOP = _ALL_BELOW | {"workspace", "context", "wfsession", "words"}
ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "core": _BASE,
    "words": set(),
    "settings": {"errors"},
    "git": {"errors"},
    # For methods that only hand over, and load it when they are called.
    "workspace": _BASE | {"threads"},
    "context": _BASE | {"workspace"},
    "wfsession": _BASE | {"workspace", "context"},
    "testing": _BASE | {"workspace"},
    "threads": _BASE,
    # What a hook hears of a conversation it hands to the intake.
    "hooks": _BASE | {"threads", "trace", "settings", "git"},
    "trace": _BASE | {"threads", "settings", "git"},
    "workdirs": _BASE | {"threads", "settings", "git"},
    "index": _BASE | {"threads", "trace", "settings", "git"},
    # What several of the rooms on top show.
    "overview": _ON_TOP - {"words"},
    "mcp": _ON_TOP | {"overview"},
    "web": _ON_TOP | {"overview"},
    "cli": _ON_TOP | {"overview", "mcp", "web"},
    "__main__": {"cli"},
}

TALKING_ROOMS = {"cli", "hooks", "mcp", "web", "__main__"}
DISK = "core/disk.py"
# Opens and signs a file of its own, which holds nothing of a session.
LOCK = "core/lock.py"
LOCATE = "core/locate.py"

# Names of the module os that change the disk, or open it for a change.
_MUTATING = frozenset(
    """
    rename renames replace unlink remove removedirs mkdir makedirs rmdir link symlink mknod mkfifo
    write pwrite writev pwritev truncate ftruncate posix_fallocate copy_file_range sendfile fdopen
    fsync fdatasync sync utime chmod fchmod lchmod chown fchown lchown setxattr removexattr
    O_WRONLY O_RDWR O_CREAT O_EXCL O_TRUNC O_APPEND O_TMPFILE
    """.split()
)
# Modules that exist to change the disk or to lock it. pathlib is among them because its
# methods cannot be told from those of strings and dictionaries.
_HANDS = frozenset({"shutil", "tempfile", "fcntl", "filelock", "pathlib", "mmap"})
_ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"})
_TERMINAL = {"sys": frozenset({"exit", "stdout", "stderr"}), "os": frozenset({"_exit", "abort"})}
_TALKING_NAMES = frozenset({"print", "exit", "quit", "SystemExit"})


def room_of(path: str) -> str:
    """Return the room of a module, given its path within the package."""
    first, _, rest = path.partition("/")
    name = first if rest else first.removesuffix(".py")
    return "wfsession" if name == "__init__" else name


def _module_parts(path: str) -> list[str]:
    """Return the dotted name of the package that relative imports of `path` start from."""
    return ["wfsession", *path.split("/")[:-1]]


def _room_of_import(dotted: str) -> str | None:
    """Return the room that a dotted name leads to; None if it is not ours."""
    parts = dotted.split(".")
    if parts[0] != "wfsession":
        return None
    # A name that is no room is one of the public names of the package itself.
    return parts[1] if len(parts) > 1 and parts[1] in ARROWS else "wfsession"


def _relative(path: str, level: int, rest: str) -> str:
    package = _module_parts(path)
    base = package[: len(package) - (level - 1)]
    return ".".join([*base, *([rest] if rest else [])])


def imports(path: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of each import: lazy ones, those for types, and by string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = _relative(path, node.level, base)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A table of lazy names holds modules as strings.
            if re.fullmatch(r"wfsession(\.\w+)+", node.value):
                yield node.lineno, node.value
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            name = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0]
            if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                target = str(first.value)
                level = len(target) - len(target.lstrip("."))
                rest = target.lstrip(".")
                yield node.lineno, _relative(path, level, rest) if level else target


def _module_names(tree: ast.AST) -> dict[str, str]:
    """Return what each name bound by `import x` or `import x as y` stands for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
    return names


def uses_of_modules(tree: ast.AST) -> Iterator[tuple[ast.AST, int, str, str]]:
    """Yield (node, line, module, name) of each `module.name` and `from module import name`."""
    modules = _module_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module is not None:
                yield node, node.lineno, "os" if module == "posix" else module, node.attr
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            module = "os" if node.module == "posix" else node.module
            for alias in node.names:
                yield node, node.lineno, module, alias.name


def check_arrows(path: str, tree: ast.Module) -> Iterator[str]:
    room = room_of(path)
    if room not in ARROWS:
        yield f"{path}: the room {room} has no line in ARROWS"
        return
    # A name given to import_module is a string as well: seen twice, told once.
    for line, dotted in dict.fromkeys(imports(path, tree)):
        target = _room_of_import(dotted)
        if target is not None and target != room and target not in ARROWS[room]:
            yield f"{path}:{line}: {room} imports {target} ({dotted})"


def _is_for_types(tree: ast.Module) -> set[int]:
    """Return the lines of the blocks that only a type checker reads."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                lines.update(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    return lines


def _opens_for_writing(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return False
    if node.func.id != "open":
        return False
    mode = next((word.value for word in node.keywords if word.arg == "mode"), None)
    if mode is None:
        mode = node.args[1] if len(node.args) > 1 else ast.Constant("r")
    # A mode that is not written out might be any.
    return not (isinstance(mode, ast.Constant) and not set(str(mode.value)) & set("wax+"))


def check_disk(path: str, tree: ast.Module) -> Iterator[str]:
    if room_of(path) != "core" or path in (DISK, LOCK):
        return
    for _, line, module, name in uses_of_modules(tree):
        if module == "os" and name in _MUTATING | {"*"}:
            yield f"{path}:{line}: os.{name} outside {DISK}"
    for_types = _is_for_types(tree)
    for line, dotted in imports(path, tree):
        if dotted.partition(".")[0] in _HANDS and line not in for_types:
            yield f"{path}:{line}: {dotted} outside {DISK}"
    for node in ast.walk(tree):
        if _opens_for_writing(node):
            assert isinstance(node, ast.Call)
            yield f"{path}:{node.lineno}: open for writing outside {DISK}"


def check_talk(path: str, tree: ast.Module) -> Iterator[str]:
    if room_of(path) in TALKING_ROOMS:
        return
    for _, line, module, name in uses_of_modules(tree):
        if name in _TERMINAL.get(module, ()):
            yield f"{path}:{line}: {module}.{name}, but {room_of(path)} neither prints nor exits"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _TALKING_NAMES:
            yield f"{path}:{node.lineno}: {node.id}, but {room_of(path)} neither prints nor exits"


def check_environment(path: str, tree: ast.Module) -> Iterator[str]:
    if room_of(path) in TALKING_ROOMS:
        return
    readers = set()
    for node, line, module, name in uses_of_modules(tree):
        if module != "os" or name not in _ENVIRONMENT:
            continue
        reader = next((top for top in tree.body if node in ast.walk(top)), None)
        if path != LOCATE:
            yield f"{path}:{line}: os.{name}, but {room_of(path)} takes arguments"
        elif isinstance(reader, ast.FunctionDef):
            readers.add(reader.name)
        else:
            yield f"{path}:{line}: os.{name} outside the one function that reads it"
    if len(readers) > 1:
        yield f"{path}: {len(readers)} functions read the environment: {', '.join(sorted(readers))}"


def check_length(path: str, source: str) -> Iterator[str]:
    lines = source.count("\n")
    if lines > MAX_LINES:
        yield f"{path}: {lines} lines are two rooms"


def violations(path: str, source: str) -> list[str]:
    """Return one sentence for each rule that a module breaks; `path` is within the package."""
    tree = ast.parse(source)
    checks = (check_arrows, check_disk, check_talk, check_environment)
    found = [sentence for check in checks for sentence in check(path, tree)]
    return [*found, *check_length(path, source)]


def modules_of(package: Path) -> list[str]:
    return sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))


@pytest.mark.parametrize("path", modules_of(PACKAGE))
def test_each_module_keeps_the_rules_of_the_house(path: str) -> None:
    assert violations(path, (PACKAGE / path).read_text(encoding="utf-8")) == []


def test_the_modules_are_found() -> None:
    assert DISK in modules_of(PACKAGE)


def test_the_arrows_make_no_circle() -> None:
    left = {room: set(targets) - {room} for room, targets in ARROWS.items()}
    while free := {room for room, targets in left.items() if not targets & left.keys()}:
        for room in free:
            del left[room]
    assert not left


GOOD = {
    "core imports core": (
        "core/markers.py",
        "from wfsession.core import disk\nfrom . import names",
    ),
    "core imports errors": ("core/disk.py", "from ..errors import WfError"),
    "a string that is a folder": ("core/layout.py", 'THREADS = ".threads"'),
    "core reads the disk": ("core/markers.py", "import os\nos.stat('x')\nopen('x', 'rb')"),
    "str.replace": ("core/names.py", "'a'.replace('a', 'b')"),
    "the hands": ("core/disk.py", "import os\nos.rename('a', 'b')\nopen('x', 'w')"),
    "paths for types": ("core/model.py", "if TYPE_CHECKING:\n    from pathlib import Path"),
    "one reader": ("core/locate.py", "import os\ndef f():\n    return os.environ, os.getenv('A')"),
    "index over trace": ("index/ingest.py", "from wfsession.trace.parse import parse"),
    "the public names": ("cli/main.py", "import wfsession\nfrom wfsession import Workspace"),
    "cli prints": ("cli/main.py", "import os, sys\nprint(os.environ)\nsys.exit(1)"),
    "a lazy table": ("__init__.py", 'NAMES = {"switch": "wfsession.core.lifecycle"}'),
    "as long as allowed": ("core/names.py", "\n" * MAX_LINES),
}

BAD = {
    "core imports a room above": ("core/markers.py", "from wfsession.threads import story"),
    "lazily": ("core/markers.py", "def f():\n    import wfsession.cli.main"),
    "for types": ("core/model.py", "if TYPE_CHECKING:\n    from wfsession.hooks import Event"),
    "relatively": ("core/model.py", "from .. import workspace"),
    "relatively from a module in it": ("core/model.py", "from ..index.schema import X"),
    "relatively, two up": ("core/deep/x.py", "from ... import cli"),
    "relatively from an __init__": ("threads/__init__.py", "from ..hooks import x"),
    "by a name": ("core/a.py", "import importlib\nimportlib.import_module('wfsession.web')"),
    "by a relative name": ("core/a.py", "import_module('..threads', __package__)"),
    "by __import__": ("core/a.py", "__import__('wfsession.mcp.server')"),
    "through a table": ("__init__.py", 'NAMES = {"runs": "wfsession.index.queries"}'),
    "the public names from below": ("core/a.py", "from wfsession import current"),
    "the package from below": ("threads/a.py", "import wfsession"),
    "errors imports core": ("errors.py", "from wfsession.core import names"),
    "threads imports hooks": ("threads/a.py", "from wfsession.hooks import x"),
    "trace imports index": ("trace/a.py", "from wfsession.index import x"),
    "index imports hooks": ("index/a.py", "from wfsession.hooks import x"),
    "workspace imports hooks": ("workspace.py", "from wfsession.hooks import x"),
    "hooks import cli": ("hooks/a.py", "from wfsession.cli import x"),
    "web imports cli": ("web/a.py", "from wfsession.cli import x"),
    "an unknown room": ("attic/a.py", ""),
    "an unknown module": ("helpers.py", ""),
    "rename": ("core/markers.py", "import os\nos.rename('a', 'b')"),
    "rename by another name": ("core/markers.py", "import os as o\nmove = o.rename"),
    "rename from os": ("core/markers.py", "from os import rename as r"),
    "all of os": ("core/markers.py", "from os import *"),
    "rename from posix": ("core/markers.py", "import posix\nposix.unlink('a')"),
    "rename beside os.path": ("core/markers.py", "import os.path\nos.rename('a', 'b')"),
    "utime, lazily": ("core/markers.py", "def f():\n    import os\n    os.utime('a')"),
    "fsync": ("core/journal.py", "import os\nos.fsync(3)"),
    "open with a write flag": ("core/a.py", "import os\nos.open('x', os.O_CREAT)"),
    "open with a write mode": ("core/a.py", "open('x', 'ab')"),
    "open with a named mode": ("core/a.py", "open('x', mode='r+')"),
    "open with a hidden mode": ("core/a.py", "open('x', m)"),
    "shutil": ("core/a.py", "import shutil"),
    "tempfile": ("core/a.py", "from tempfile import mkdtemp"),
    "its own lock": ("core/a.py", "import fcntl"),
    "pathlib": ("core/a.py", "def f():\n    from pathlib import Path"),
    "print": ("core/a.py", "print('x')"),
    "print as a value": ("threads/a.py", "log = print"),
    "sys.exit": ("workspace.py", "import sys\nsys.exit(1)"),
    "exit from sys": ("index/a.py", "from sys import exit"),
    "SystemExit": ("trace/a.py", "raise SystemExit(1)"),
    "standard output": ("core/a.py", "import sys\nsys.stdout.write('x')"),
    "os._exit": ("workdirs/a.py", "import os\nos._exit(1)"),
    "environ": ("core/disk.py", "import os\nos.environ['A']"),
    "getenv": ("settings.py", "from os import getenv"),
    "environ in the package": ("__init__.py", "import os\ndef f():\n    os.environ"),
    "two readers": (
        "core/locate.py",
        "import os\ndef f():\n    os.environ\ndef g():\n    os.getenv('A')",
    ),
    "a reader outside a function": ("core/locate.py", "import os\nPIN = os.environ.get('A')"),
    "too long": ("core/names.py", "\n" * (MAX_LINES + 1)),
}


@pytest.mark.parametrize(("path", "source"), GOOD.values(), ids=GOOD)
def test_the_checker_lets_a_good_module_pass(path: str, source: str) -> None:
    assert violations(path, source) == []


@pytest.mark.parametrize(("path", "source"), BAD.values(), ids=BAD)
def test_the_checker_objects_to_a_bad_module(path: str, source: str) -> None:
    found = violations(path, source)
    assert len(found) == 1, found
    assert found[0].startswith(path)


@pytest.mark.parametrize("room", ["tests", "benchmarks", "docs"])
def test_no_module_outside_the_package_is_two_rooms_either(room: str) -> None:
    top = PACKAGE.parent / room
    for path in top.rglob("*.py"):
        assert list(check_length(str(path), path.read_text())) == []


# Each costs more than the whole answer may.
SLOW_MODULES = (
    "argparse attr attrs datetime filelock inspect json logging orjson pathlib platformdirs re"
    " subprocess typing"
).split()

# Without site, as what it loads depends on what else is installed: a .pth file may import re.
ASK = """
import sys
sys.path.insert(0, sys.argv[1])
import wfsession
wfsession.current()
print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
"""


def slow_modules_of_current(project: Path, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ASK, str(PACKAGE.parent), *SLOW_MODULES],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_asking_for_the_active_session_loads_nothing_slow(seed_tree: Path) -> None:
    assert slow_modules_of_current(seed_tree) == []


def test_asking_where_none_is_active_loads_nothing_slow(seed_tree: Path) -> None:
    (seed_tree / ".workflow" / ".active-WFS-user-profile").unlink()
    assert slow_modules_of_current(seed_tree) == []


def test_asking_with_a_pinned_session_loads_nothing_slow(seed_tree: Path) -> None:
    assert slow_modules_of_current(seed_tree, WF_SESSION="WFS-bug-fix-123") == []
