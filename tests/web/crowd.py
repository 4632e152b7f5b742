"""A place with everything that pages are made of, much of it, and in the words that fit worst."""

import os
import subprocess
from pathlib import Path

from tests.conftest import FIXTURES
from tests.transcripts import THREAD, answer, call, result, text, user
from tests.web.server import ACTIVE, PAUSED, Place, Server, make_place
from wfsession.core.binding import bind
from wfsession.core.model import ThreadFacts
from wfsession.core.records import encode_new_record
from wfsession.core.times import now

HARD = "6f6f6f6f-1111-4222-8333-444455556666"
RUNNER = "5e5e5e5e-9d52-4f0e-b6a3-2c9f1d7e8a90"
RUN = "wf_7c3d21aa-0f9"
LONG_NAME = f"WFS-{'w' * 190}"
CJK_NAME = f"WFS-{'集成測試計画' * 8}"
RTL_NAME = f"WFS-{'مستخدم-' * 8}x"
NAMES = (LONG_NAME, CJK_NAME, RTL_NAME)
UNBROKEN = "x" * 3_000
CJK = "支払いの集成を計画どおりに直す。" * 20
RTL = "المستخدم يطلب إصلاح السلة قبل الدفع " * 20
SESSIONS = 300
MEGABYTE = 1_000_000


def make_crowd(directory: Path) -> Place:
    """Make 300 sessions, hostile names and titles, a line of a megabyte, runs, and a workdir."""
    place = make_place(directory)
    _add_sessions(place)
    _add_hard_thread(place)
    _add_run(place)
    root = str(place.root)
    bind(root, f"claude-code--{THREAD}", PAUSED)
    label = f"{RTL[:60]} {'l' * 100}"
    bind(root, f"claude-code--{HARD}", LONG_NAME, ThreadFacts(declared_label=label))
    for name, parent in (("root", ""), ("child", "claude-code--root"), ("n" * 120, "")):
        facts = ThreadFacts(run="f" * 90, parent=parent)
        bind(root, f"claude-code--{name}", ACTIVE, facts)
    place.wf("checkpoint", "--session", PAUSED, "-m", f"{UNBROKEN} {CJK} {RTL}")
    (place.root / ".active-WFS-gone").touch()
    (place.root / "WFS-torn").mkdir()
    (place.root / "WFS-torn" / "workflow-session.json").write_text("{")
    _add_workdir(place, directory / "repository")
    return place


def _add_sessions(place: Place) -> None:
    titles = (UNBROKEN, CJK, RTL)
    tasks = {"progress": {"completed_phases": ["PLAN"], "current_tasks": [], "last": None}}
    for number in range(SESSIONS):
        name = f"WFS-s{number}" if number >= len(NAMES) else NAMES[number]
        folder = place.root / name
        folder.mkdir()
        title = titles[number % len(titles)] if number < 9 else f"Session {number}"
        data = encode_new_record(name, title, "medium", now(), "paused", tasks)
        (folder / "workflow-session.json").write_bytes(data)
    (place.root / LONG_NAME / f"{'f' * 200}.md").touch()
    kept = place.root / LONG_NAME / ".task"
    kept.mkdir()
    (kept / "IMPL-1.json").write_text(
        f'{{"id": "IMPL-1", "title": "{UNBROKEN}", "status": "in_progress"}}'
    )


def _add_hard_thread(place: Place) -> None:
    spot = {"cwd": os.path.realpath(place.project), "gitBranch": "b" * 150}
    usage = {"input": 123_456, "output": 9_999, "read": 987_654_321}
    lines = [user(f"{UNBROKEN} {CJK} {RTL}", 0, uuid="u1", **spot)]
    for n, words in enumerate((UNBROKEN, CJK, RTL, "y" * MEGABYTE)):
        second = 10 + n * 400
        path = f"{place.project}/src/{words[:90].replace(' ', '-')}.py"
        lines += [
            answer(
                f"m{n}",
                text(words),
                call(f"e{n}", "Edit", file_path=path),
                call(f"c{n}", f"mcp__{'t' * 90}", command=words),
                second=second,
                model=f"claude-{'m' * 80}-{n}",
                usage=usage,
                uuid=f"a{n}",
                **spot,
            ),
            result(f"e{n}", second=second + 1),
            result(f"c{n}", words, error=True, second=second + 2),
        ]
    for n in range(12):
        path = f"/srv/{CJK[:40]}{'W' * 40}/{n}.py"
        lines.append(answer(f"r{n}", call(f"r{n}", "Read", file_path=path), second=1_600 + n))
    lines.append(answer("q", text(f"{RTL} ok?"), second=1700, usage=usage, uuid="aq", **spot))
    place.put(f"{HARD}.jsonl", *lines)


def _add_run(place: Place) -> None:
    """Take over the sample home, as threads of this project."""
    source = FIXTURES / "claude-home" / ".claude" / "projects" / "-home-sam-shop"
    for path in sorted(one for one in source.rglob("*") if one.is_file()):
        name = path.relative_to(source).as_posix().replace(THREAD, RUNNER)
        data = path.read_text().replace(THREAD, RUNNER)
        lines = data.replace("/home/sam/shop", os.path.realpath(place.project))
        place.put(name).write_bytes(lines.encode())


def _add_workdir(place: Place, repository: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(repository)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(repository)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    asked = ("--agent", "dev", "--repo", str(repository), "--branch", "main")
    place.wf("workdir", "run", *asked, "--", "true")


def list_kinds(server: Server) -> tuple[str, ...]:
    """Return an address of each kind of page."""
    thread = f"/thread/{RUNNER}"
    return (
        "/",
        f"/session/{server.key}/{PAUSED}",
        thread,
        f"{thread}?view=approach",
        f"{thread}?view=map",
        "/runs",
        f"/run/{RUN}",
        "/usage?by=model",
        "/search?q=basket",
        "/workdirs",
        f"/repair/{server.key}",
        "/nothing",
    )


def list_addresses(server: Server) -> tuple[str, ...]:
    """Return those of `list_kinds`, and others that have the words that fit worst."""
    return (
        *list_kinds(server),
        *(f"/session/{server.key}/{name}" for name in ("WFS-torn", *NAMES)),
        *(f"/thread/{HARD}?view={view}" for view in ("timeline", "approach", "map")),
        *(f"/usage?by={by}" for by in ("session", "thread", "run")),
    )
