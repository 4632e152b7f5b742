"""Make the folder of an agent's transcripts that a busy year leaves: the same for the same seed.

    python benchmarks/transcript_tree.py FOLDER [--threads N] [--seed N]

2,000 threads are about 230 MB: lines, their sizes and their repetitions as Claude Code leaves them,
a third of the threads with subagents, one in twenty with a run of a workflow.
"""

import argparse
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import orjson

THREADS = 2_000
MODELS = ("claude-opus-4-8", "claude-sonnet-5", "claude-sonnet-5", "claude-haiku-4-5-20251001")
PROJECTS = ("shop", "notes", "site.example", "tools")
_START = datetime(2026, 3, 1, tzinfo=UTC)
_WORDS = (
    "the cart total discount refund invoice is applied twice when items are removed def return "
    "self import test assert raise None True config parser token session marker branch commit "
    "we should check why this fails before it is merged {} () [] == != # // \\t \\n é 集成"
).split()


@attrs.frozen
class Made:
    """What was made: how many files, lines and bytes."""

    files: int
    lines: int
    size_bytes: int


class _Maker:
    """Draws lines."""

    def __init__(self, seed: int, base: str, scale: float) -> None:
        self.random = random.Random(seed)
        self.base = base
        self._scale = scale
        self._text = " ".join(self.random.choice(_WORDS) for _ in range(200_000))
        self.at = _START
        self._numbers = 0

    def text(self, typical: int) -> str:
        """Return a text of about so many characters; some are twenty times as long."""
        size = min(int(self.random.lognormvariate(0, 1) * typical), typical * 20)
        size = int(size * self._scale)
        start = self.random.randrange(len(self._text) - size)
        return self._text[start : start + size]

    def id(self, head: str) -> str:
        self._numbers += 1
        return f"{head}{self._numbers:08x}{self.random.getrandbits(32):08x}"

    def agent_id(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    def stamp(self) -> str:
        self.at += timedelta(milliseconds=self.random.randrange(500, 40_000))
        return self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@attrs.define
class _Place:
    """Where a transcript is written, and the line that the next one follows."""

    thread: str
    cwd: str
    branch: str
    agent: str = ""
    parent: str | None = None


def make_tree(
    home: Path,
    threads: int = THREADS,
    seed: int = 8,
    base: str = "/home/sam",
    scale: float = 1.0,
) -> Made:
    """Fill a home of Claude Code that does not exist yet.

    Args:
        home: the home.
        threads: how many.
        seed: what is drawn by.
        base: the directory that the projects are said to lie in.
        scale: how long texts are, against those of a busy year.
    """
    maker = _Maker(seed, base, scale)
    files = lines = size = 0
    for number in range(threads):
        maker.at = _START + timedelta(minutes=190 * number)
        for path, rows in _make_thread(maker, home / "projects"):
            data = b"".join(row if isinstance(row, bytes) else _encode(row) for row in rows)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            files, lines, size = files + 1, lines + data.count(b"\n"), size + len(data)
    return Made(files, lines, size)


def _encode(row: Any) -> bytes:
    return orjson.dumps(row) + b"\n"


def _make_thread(maker: _Maker, projects: Path) -> Iterator[tuple[Path, list[Any]]]:
    draw = maker.random
    cwd = f"{maker.base}/{draw.choice(PROJECTS)}"
    thread = f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}-4000-8000-{maker.id('')[:12]}"
    place = _Place(thread, cwd, f"feat/{draw.randrange(40)}")
    folder = projects / cwd.replace("/", "-").replace(".", "-")
    agents = [maker.agent_id() for _ in range(draw.choice((0, 0, 1, 3)))]
    rows = [row for _ in range(draw.randrange(1, 4)) for row in _make_turn(maker, place)]
    for agent in agents:
        call = maker.id("toolu_")
        rows += _make_spawn(maker, place, agent, call)
        child = _Place(thread, cwd, place.branch, agent)
        path = folder / thread / "subagents" / f"agent-{agent}.jsonl"
        yield path, list(_make_turn(maker, child))
        meta = {"agentType": "Explore", "description": maker.text(30), "toolUseId": call}
        yield path.with_suffix(".meta.json"), [meta | {"spawnDepth": 1}]
    if draw.random() < 0.05:
        run = f"wf_{draw.getrandbits(32):08x}-{draw.getrandbits(12):03x}"
        yield from _make_run(maker, folder / thread, place, run)
    yield folder / f"{thread}.jsonl", rows


def _make_run(
    maker: _Maker, folder: Path, place: _Place, run: str
) -> Iterator[tuple[Path, list[Any]]]:
    draw = maker.random
    journal: list[Any] = []
    items = []
    for number in range(draw.randrange(2, 8)):
        agent = maker.agent_id()
        child = _Place(place.thread, place.cwd, place.branch, agent)
        where = folder / "subagents" / "workflows" / run
        journal.append({"type": "started", "key": f"v2:{number}", "agentId": agent})
        yield where / f"agent-{agent}.jsonl", list(_make_turn(maker, child))
        meta = {"agentType": "workflow-subagent", "spawnDepth": 1}
        yield where / f"agent-{agent}.meta.json", [meta]
        if draw.random() < 0.9:
            result = {"type": "result", "key": f"v2:{number}", "agentId": agent}
            journal.append(result | {"result": maker.text(200)})
        item = {"type": "workflow_agent", "index": number, "label": f"check:{number}"}
        items.append(item | {"phaseTitle": "Check", "agentId": agent, "state": "done"})
    yield folder / "subagents" / "workflows" / run / "journal.jsonl", journal
    if draw.random() < 0.7:
        snapshot = {"runId": run, "taskId": maker.id("w"), "workflowName": "totals"}
        more = {"status": "completed", "phases": [{"title": "Check"}], "workflowProgress": items}
        yield folder / "workflows" / f"{run}.json", [snapshot | more]


def _make_turn(maker: _Maker, place: _Place) -> Iterator[dict[str, Any]]:
    """Yield an ask, and what a model does about it."""
    draw = maker.random
    yield _line(maker, place, "user", {"role": "user", "content": maker.text(150)})
    model = draw.choice(MODELS)
    cached = draw.randrange(10_000, 40_000)
    for _ in range(draw.randrange(1, 8)):
        cached += draw.randrange(100, 3_000)
        yield from _make_step(maker, place, model, cached)
    usage = _make_usage(draw, cached, draw.randrange(50, 800))
    content = [{"type": "text", "text": maker.text(700)}]
    yield _answer(maker, place, maker.id("msg_"), model, content, usage)
    if draw.random() < 0.3:
        yield {"type": "file-history-snapshot", "messageId": maker.id("m"), "snapshot": {}}


def _make_step(maker: _Maker, place: _Place, model: str, cached: int) -> Iterator[dict[str, Any]]:
    draw = maker.random
    key = maker.id("msg_")
    if draw.random() < 0.5:
        content = [{"type": "text", "text": maker.text(120)}]
        usage = _make_usage(draw, cached, draw.randrange(1, 9))
        yield _answer(maker, place, key, model, content, usage)
    if draw.random() < 0.2:
        thinking = {"type": "thinking", "thinking": "", "signature": maker.text(400)}
        yield _answer(maker, place, key, model, [thinking], _make_usage(draw, cached, 9))
    call = maker.id("toolu_")
    name, given, result, told = _draw_call(maker)
    content = [{"type": "tool_use", "id": call, "name": name, "input": given}]
    usage = _make_usage(draw, cached, draw.randrange(30, 1_500))
    yield _answer(maker, place, key, model, content, usage)
    block = {"tool_use_id": call, "type": "tool_result", "content": result}
    if draw.random() < 0.08:
        block["is_error"] = True
        told = f"Error: {result[:100]}"
    line = _line(maker, place, "user", {"role": "user", "content": [block]})
    yield line | {"toolUseResult": told}


def _draw_call(maker: _Maker) -> tuple[str, dict[str, Any], str, Any]:
    path = f"/home/sam/shop/src/{maker.random.choice(_WORDS[:20])}.py"
    name = maker.random.choice(("Bash", "Bash", "Read", "Read", "Edit", "Grep", "Write"))
    if name == "Bash":
        out = maker.text(900)
        given = {"command": maker.text(80), "description": maker.text(30)}
        return name, given, out, {"stdout": out, "stderr": "", "interrupted": False}
    if name == "Read":
        out = maker.text(2_500)
        file = {"filePath": path, "content": out, "numLines": 80, "startLine": 1}
        return name, {"file_path": path}, out, {"type": "text", "file": file}
    if name == "Grep":
        out = maker.text(600)
        return name, {"pattern": maker.text(15), "path": "src"}, out, {"mode": "content"}
    old, new = maker.text(400), maker.text(500)
    given = {"file_path": path, "old_string": old, "new_string": new}
    patch = [{"oldStart": 1, "oldLines": 9, "newStart": 1, "newLines": 9, "lines": [old, new]}]
    told = {"filePath": path, "oldString": old, "newString": new, "structuredPatch": patch}
    return name, given, "The file has been updated.", told | {"originalFile": maker.text(3_000)}


def _make_spawn(maker: _Maker, place: _Place, agent: str, call: str) -> list[dict[str, Any]]:
    given = {"description": maker.text(30), "prompt": maker.text(500), "subagent_type": "Explore"}
    content = [{"type": "tool_use", "id": call, "name": "Task", "input": given}]
    usage = _make_usage(maker.random, 9_000, 200)
    line = _answer(maker, place, maker.id("msg_"), MODELS[0], content, usage)
    texts = [{"type": "text", "text": maker.text(700)}]
    block = {"tool_use_id": call, "type": "tool_result", "content": texts}
    result = _line(maker, place, "user", {"role": "user", "content": [block]})
    return [line, result | {"toolUseResult": {"status": "completed", "agentId": agent}}]


def _make_usage(draw: random.Random, cached: int, output: int) -> dict[str, Any]:
    written = draw.randrange(0, 3_000)
    return {
        "input_tokens": draw.randrange(3, 30),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": output,
        "service_tier": "standard",
    }


def _answer(
    maker: _Maker,
    place: _Place,
    key: str,
    model: str,
    content: list[dict[str, Any]],
    usage: dict[str, Any],
) -> dict[str, Any]:
    message = {"model": model, "id": key, "type": "message", "role": "assistant"}
    more = {"content": content, "stop_reason": None, "stop_sequence": None, "usage": usage}
    line = _line(maker, place, "assistant", message | more)
    return line | {"requestId": key.replace("msg", "req")}


def _line(maker: _Maker, place: _Place, kind: str, message: dict[str, Any]) -> dict[str, Any]:
    uuid = maker.id("10000000-0000-4000-8000-")
    line = {
        "parentUuid": place.parent,
        "isSidechain": bool(place.agent),
        "userType": "external",
        "cwd": place.cwd,
        "sessionId": place.thread,
        "version": "2.1.228",
        "gitBranch": place.branch,
        "type": kind,
        "message": message,
        "uuid": uuid,
        "timestamp": maker.stamp(),
    }
    place.parent = uuid
    return line | ({"agentId": place.agent} if place.agent else {})


def main() -> None:
    """Make a tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--seed", type=int, default=8)
    options = parser.parse_args()
    made = make_tree(options.folder, options.threads, options.seed)
    print(f"{made.files:,} files, {made.lines:,} lines, {made.size_bytes / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
