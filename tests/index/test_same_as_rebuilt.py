"""Whatever happens to files between refreshes, the index is the one that a rebuild would make.

Either the directories have rested each time, so that they are not listed, or they never have.
"""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.indexing import Home, age, dump_rebuilt, say
from tests.memory import find_memory
from tests.stories import tell
from tests.transcripts import Line, call, encode, result, text, user
from tests.transcripts import answer as respond
from wfsession.threads import folders
from wfsession.threads.story_json import encode_story

AGENT = "a1a1a1a1a1a1a1a1"
RUN = "wf_1-a"
NAMES = (
    "one.jsonl",
    "two.jsonl",
    f"one/subagents/agent-{AGENT}.jsonl",
    f"one/subagents/workflows/{RUN}/agent-{AGENT}.jsonl",
    # The same thread in another directory.
    "../-home-sam-copy/one.jsonl",
)
JOURNAL = f"one/subagents/workflows/{RUN}/journal.jsonl"
SNAPSHOT = f"one/workflows/{RUN}.json"
META = f"one/subagents/agent-{AGENT}.meta.json"

names = st.sampled_from(NAMES)
keys = st.sampled_from(["k1", "k2", "k3"])
small = st.integers(0, 3)
SESSIONS = ("WFS-a", "completed/WFS-b")
# In sessions, an archived one among them, and where what belongs to none is held.
places = st.sampled_from([*SESSIONS, "."])
threads = st.sampled_from(["claude-code--one", "opencode--one"])
STORY = encode_story(tell(user("ask 1"), respond("m1", text("said 1?"), usage={"output": 3})))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    key, number, second = draw(keys), draw(small), draw(st.integers(0, 9))
    place = {"cwd": f"/home/sam/{draw(small)}", "gitBranch": draw(st.sampled_from(["", "main"]))}
    kind = draw(st.integers(0, 5))
    if kind == 0:
        spawn = call(key, draw(st.sampled_from(["Task", "Read"])), file_path=f"{number}.py")
        return respond(f"m{key}", spawn, second=second, usage={"output": number}, **place)
    if kind == 1:
        words = draw(st.sampled_from(["ok", f"agent {AGENT}", "Task ID: t1"]))
        return result(key, words, error=bool(number), second=second)
    if kind == 2:
        return user(f"ask {number}", second, uuid=key, **place)
    if kind == 3:
        return {"type": draw(st.sampled_from(["novel", "mode"])), "timestamp": 4}
    return say(key, f"said {number}?", output=number, second=second, **place)


@st.composite
def kept(draw: st.DrawFn) -> Line:
    """Return a line of a kept conversation; some say what the transcripts say."""
    number, of = draw(small), draw(keys)
    told = {"v": 1, "message_id": of, "generated_at_unix_ms": draw(small), "session_id": "one"}
    if draw(st.booleans()):
        role, model = draw(st.sampled_from([("user", ""), ("assistant", "m"), ("", None)]))
        return {"kind": "message", **told, "role": role, "model_id": model}
    words = draw(st.sampled_from([f"ask {number}", f"said {number}?", "", "new"]))
    kind = draw(st.sampled_from(["text", "patch", "novel"]))
    return {"kind": "part", **told, "part_type": kind, "text": words, "hash": f"{of}{words}{kind}"}


talks = st.lists(kept(), min_size=1, max_size=4)
pieces = st.lists(lines(), min_size=1, max_size=4)


class Files(RuleBasedStateMachine):
    """Files come, grow, shrink, are replaced, moved and deleted; the index is asked in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="index-machine-", dir=find_memory()))
        self.home = Home(self.folder)
        self.patch = pytest.MonkeyPatch()
        self.root = self.folder / "shop" / ".workflow"
        for place in SESSIONS:
            (self.root / place).mkdir(parents=True)
            (self.root / place / "workflow-session.json").write_text("{}")
        self.home.with_roots(str(self.root))

    def teardown(self) -> None:
        try:
            self.compare()
        finally:
            self.patch.undo()
            shutil.rmtree(self.folder)

    @initialize(some=pieces, rests=st.booleans())
    def begin(self, some: list[Line], rests: bool) -> None:
        self.home.put(NAMES[0], some)
        if rests:
            self.patch.setattr(folders, "GRAIN_NS", 0)
            self.home.rests = True

    @rule(name=names, some=pieces)
    def write(self, name: str, some: list[Line]) -> None:
        self.home.put(name, some)

    @rule(name=names, some=pieces, cut=st.integers(0, 40))
    def append_and_perhaps_tear(self, name: str, some: list[Line], cut: int) -> None:
        if self.home.file(name).exists():
            data = encode(some)
            self.home.append(name, data[: len(data) - cut])

    @rule(name=names, some=pieces)
    def append_after_a_torn_line(self, name: str, some: list[Line]) -> None:
        if self.home.file(name).exists():
            self.home.append(name, b"\n" + encode(some))

    @rule(name=names, size=st.integers(0, 600))
    def truncate(self, name: str, size: int) -> None:
        path = self.home.file(name)
        if path.exists():
            path.write_bytes(path.read_bytes()[:size])
            age(path)

    @rule(name=names, some=pieces)
    def truncate_and_grow_past_what_was_read(self, name: str, some: list[Line]) -> None:
        path = self.home.file(name)
        if path.exists():
            self.home.put(name, encode([*some, *some]) + path.read_bytes())

    @rule(name=names)
    def replace_with_as_many_bytes(self, name: str) -> None:
        path = self.home.file(name)
        if path.exists():
            path.write_bytes(path.read_bytes().replace(b"said 1", b"said 2"))
            age(path)

    @rule(name=names)
    def reorder(self, name: str) -> None:
        path = self.home.file(name)
        if path.exists():
            self.home.put(name, b"\n".join(reversed(path.read_bytes().split(b"\n"))))

    @rule(name=names, other=names)
    def move(self, name: str, other: str) -> None:
        if self.home.file(name).exists():
            self.home.file(other).parent.mkdir(parents=True, exist_ok=True)
            self.home.file(name).replace(self.home.file(other))

    @rule(name=st.sampled_from([*NAMES, JOURNAL, SNAPSHOT, META]))
    def delete(self, name: str) -> None:
        self.home.file(name).unlink(missing_ok=True)

    @rule(ends=st.booleans(), label=st.sampled_from(["check", ""]))
    def write_a_journal(self, ends: bool, label: str) -> None:
        told = {"agentId": AGENT, "key": "1", "label": label}
        results = [{"type": "result", **told, "result": 1}] if ends else []
        self.home.put(JOURNAL, [{"type": "started", **told}, *results])

    @rule(data=st.sampled_from([b"{", b"{}", b'{"status":"completed","taskId":"t1"}', b"[]"]))
    def write_a_snapshot(self, data: bytes) -> None:
        self.home.put(SNAPSHOT, data)

    @rule(kind=st.sampled_from(["Explore", 7, None]))
    def write_a_meta(self, kind: object) -> None:
        self.home.put(META, json.dumps({"agentType": kind}).encode())

    @rule(place=places, thread=threads, some=talks)
    def keep_some_more(self, place: str, thread: str, some: list[Line]) -> None:
        path = self.find(place) / ".conversation" / f"{thread}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(encode(some))
        age(path)

    @rule(place=places, thread=threads, size=st.integers(0, 300))
    def cut_what_is_kept(self, place: str, thread: str, size: int) -> None:
        path = self.find(place) / ".conversation" / f"{thread}.jsonl"
        if path.exists():
            path.write_bytes(path.read_bytes()[:size])
            age(path)

    @rule(place=places, thread=threads, is_set_aside=st.booleans())
    def take_away_what_is_kept(self, place: str, thread: str, is_set_aside: bool) -> None:
        path = self.find(place) / ".conversation" / f"{thread}.jsonl"
        if path.exists() and is_set_aside:
            (self.root / ".attic").mkdir(exist_ok=True)
            path.replace(self.root / ".attic" / path.name)
        path.unlink(missing_ok=True)

    @rule(place=st.sampled_from(SESSIONS), data=st.sampled_from([STORY, b"{", b"{}"]))
    def keep_a_story(self, place: str, data: bytes) -> None:
        path = self.find(place) / ".stories" / "claude-code--one.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        age(path)

    def find(self, place: str) -> Path:
        here = self.root / place
        return here if here.exists() else self.root / "completed" / place

    @rule()
    def archive_a_session_or_bring_it_back(self) -> None:
        here, there = self.root / "WFS-a", self.root / "completed" / "WFS-a"
        (here if here.exists() else there).rename(there if here.exists() else here)

    @rule()
    def refresh(self) -> None:
        self.home.ask(lambda _: None)

    @rule()
    def delete_the_index(self) -> None:
        shutil.rmtree(self.home.sources.cache, ignore_errors=True)

    @rule()
    def compare(self) -> None:
        assert self.home.dump() == dump_rebuilt(self.home)


TestFiles = Files.TestCase
TestFiles.settings = settings(deadline=None, stateful_step_count=25)
