"""Claude Code's files: which lie where, and what each is. The reader of this agent.

Imports this room only. Lists directories and opens no file. Follows symlinks, as people link the
folders of their agents; the depth is fixed, so no loop is entered. No path is made from what stands
in a file.
"""

import os
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from wfsession.threads.events import Parsed
from wfsession.threads.folders import encode_stamps, is_settled_at, stamp_folder
from wfsession.threads.reader import Files, Kind, Problem, ThreadFile, tell_reason
from wfsession.threads.transcript import parse_lines

PROJECTS = "projects"
_LINES, _META, _JSON, _TEXT = ".jsonl", ".meta.json", ".json", ".txt"
_AGENT = "agent-"
_SCRIPT = re.compile(r"(?:(.+)-)?(wf_[0-9a-z]+-[0-9a-z]+)\.js")
_SUBAGENT: tuple[Kind, Kind] = ("subagent", "subagent-meta")
_RUN_AGENT: tuple[Kind, Kind] = ("run-agent", "run-agent-meta")


@frozen
class ClaudeCode:
    """The reader of Claude Code's transcripts."""

    agent: str = "claude-code"

    def list_files(self, home: str) -> Files:
        """List the files of all threads below a home, which is `~/.claude` if nobody says else."""
        walk = _Walk()
        files = sorted(walk.list_home(home), key=lambda file: file.path)
        return Files(tuple(files), tuple(walk.problems), walk.encode_folders())

    def list_thread(self, transcript: str) -> Files:
        """List the files of the one thread whose own transcript lies, or lay, at a path."""
        walk = _Walk()
        above, name = os.path.split(transcript)
        folder, thread = os.path.basename(above), name.removesuffix(_LINES)
        files = list(walk.list_thread(folder, thread, os.path.join(above, thread)))
        if os.path.isfile(transcript):
            files.append(ThreadFile("thread", transcript, folder, thread))
        return Files(tuple(sorted(files, key=lambda file: file.path)), tuple(walk.problems))

    def parse_lines(self, objects: Iterable[dict[str, Any]]) -> Parsed:
        """Return what lines of one transcript say; see `transcript.parse_lines`."""
        return parse_lines(objects)


READER = ClaudeCode()


class _Walk:
    """One look at a home; notes what cannot be listed, and goes on."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._started_ns = time.time_ns()
        self._folders: dict[str, str] = {}
        self._is_lasting = True

    def encode_folders(self) -> bytes:
        """Return the directories that were listed, if they tell when there is more in them."""
        is_sure = self._is_lasting and not self.problems
        return encode_stamps(self._folders) if is_sure else b""

    def list_home(self, home: str) -> Iterator[ThreadFile]:
        for folder in self._scan(os.path.join(home, PROJECTS)):
            if not self._is_directory(folder):
                continue
            for entry in self._scan(folder.path):
                name = entry.name
                if name.endswith(_LINES):
                    if self._is_file(entry):
                        thread = name.removesuffix(_LINES)
                        yield ThreadFile("thread", entry.path, folder.name, thread)
                elif self._is_directory(entry):
                    yield from self.list_thread(folder.name, name, entry.path)

    def list_thread(self, folder: str, thread: str, path: str) -> Iterator[ThreadFile]:
        # Only what is there is entered: to ask in vain takes most of the time of a whole look.
        inside = self._scan_by_name(path)
        agents = self._enter(inside, "subagents")
        here = ThreadFile("subagent", "", folder, thread)
        yield from self._list_agents(here, _SUBAGENT, agents.values())
        for entry in self._enter(agents, "workflows").values():
            if self._is_directory(entry):
                here = ThreadFile("run-agent", "", folder, thread, run=entry.name)
                yield from self._list_agents(here, _RUN_AGENT, self._scan(entry.path))
        workflows = self._enter(inside, "workflows")
        for entry in workflows.values():
            run = entry.name.removesuffix(_JSON)
            if run != entry.name and self._is_file(entry):
                yield ThreadFile("snapshot", entry.path, folder, thread, run=run)
        for entry in self._enter(workflows, "scripts").values():
            found = _SCRIPT.fullmatch(entry.name)
            if found and self._is_file(entry):
                run, name = found[2], found[1] or ""
                yield ThreadFile("script", entry.path, folder, thread, run=run, name=name)
        for entry in self._enter(inside, "tool-results").values():
            if entry.name.endswith(_TEXT) and self._is_file(entry):
                yield ThreadFile("output", entry.path, folder, thread)

    def _list_agents(
        self, here: ThreadFile, kinds: tuple[Kind, Kind], entries: Iterable["os.DirEntry[str]"]
    ) -> Iterator[ThreadFile]:
        """Yield those entries that are files of agents; `here` has what these share."""
        for entry in entries:
            name = entry.name
            agent = name.removeprefix(_AGENT)
            kind: Kind
            if here.run and name == "journal.jsonl":
                kind, agent = "journal", ""
            elif agent != name and agent.endswith(_LINES):
                kind, agent = kinds[0], agent.removesuffix(_LINES)
            elif agent != name and agent.endswith(_META):
                kind, agent = kinds[1], agent.removesuffix(_META)
            else:
                continue
            if self._is_file(entry):
                yield ThreadFile(kind, entry.path, here.folder, here.thread, agent, here.run)

    def _enter(
        self, entries: dict[str, "os.DirEntry[str]"], name: str
    ) -> dict[str, "os.DirEntry[str]"]:
        """List a directory if it is among the entries of another one."""
        return self._scan_by_name(entries[name].path) if name in entries else {}

    def _scan_by_name(self, path: str) -> dict[str, "os.DirEntry[str]"]:
        return {entry.name: entry for entry in self._scan(path)}

    def _scan(self, path: str) -> list["os.DirEntry[str]"]:
        try:
            # Before it is listed: what changes meanwhile shows the next time.
            self._folders[path], time_ns = stamp_folder(path)
            self._is_lasting &= is_settled_at(time_ns, self._started_ns)
            with os.scandir(path) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            # Most threads have no subagents, and few have runs.
            return []
        except OSError as error:
            self._note(path, error)
            return []

    def _is_directory(self, entry: "os.DirEntry[str]") -> bool:
        try:
            if entry.is_dir():
                return True
            # What a link leads to may come without a trace in the directory of the link.
            self._is_lasting &= not entry.is_symlink()
        except OSError as error:
            self._note(entry.path, error)
        return False

    def _is_file(self, entry: "os.DirEntry[str]") -> bool:
        try:
            if entry.is_file():
                return True
        except OSError as error:
            self._note(entry.path, error)
            return False
        self.problems.append(Problem(entry.path, "is no regular file"))
        return False

    def _note(self, path: str, error: OSError) -> None:
        self.problems.append(Problem(path, tell_reason(error)))
