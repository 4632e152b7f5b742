"""A remote with people who merge, agents with workdirs of it, and webhooks that mark them."""

from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from tests.workdirs.repositories import Repository, git
from tests.workdirs.workshop import Workshop, my_access
from wfsession.settings import WorkdirSettings
from wfsession.workdirs.key import Key, make_key
from wfsession.workdirs.marks import mark_workdirs
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import WorkdirRecord, read_record, write_record
from wfsession.workdirs.sweep import Swept, sweep
from wfsession.workdirs.webhook import Meant

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AGENT = "dev"


@frozen
class Yard(Workshop):
    """`person` is a clone of the remote in which somebody merges."""

    person: Path

    @classmethod
    def make(cls, template: Path, folder: Path) -> "Yard":
        folder.mkdir(exist_ok=True)
        places = Places(*(str(folder / name) for name in ("cache", "data", "state")))
        repository = Repository.copy(template, folder / "remote")
        person = folder / "person"
        git("clone", "-q", str(repository.bare), str(person), at=folder)
        return cls(places, repository, person)

    def key(self, branch: str, agent: str = AGENT) -> Key:
        return make_key(agent, self.remote, branch)

    def workdir(self, branch: str, agent: str = AGENT) -> Path:
        return self.path(agent, branch)

    def record(self, branch: str) -> WorkdirRecord:
        found = read_record(self.places, self.key(branch))
        assert isinstance(found, WorkdirRecord)
        return found

    def mark(self, branch: str) -> None:
        repositories = frozenset({self.remote.identity})
        mark_workdirs(
            self.places, Meant(repositories, branch, "pull_request_merged", "pull_request 1"), AT
        )

    def change(self, record: WorkdirRecord) -> None:
        write_record(self.places, record)

    def sweep(self, *, apply: bool = True, at: datetime = AT) -> Swept:
        return sweep(self.places, my_access(), WorkdirSettings(), apply=apply, at=at)

    def commit(self, branch: str, name: str, text: str = "text\n") -> str:
        """Let the agent commit a file."""
        path = self.workdir(branch)
        (path / name).write_text(text)
        git("add", "--", name, at=path)
        git("commit", "-qm", f"Write {name}", at=path)
        return git("rev-parse", "HEAD", at=path)

    def push(self, branch: str) -> None:
        git("push", "-q", "origin", f"HEAD:refs/heads/{branch}", at=self.workdir(branch))

    def merge(self, branch: str, *words: str) -> None:
        """Let the person bring a branch into main with some commands, and delete it."""
        git("fetch", "-q", "origin", at=self.person)
        git("reset", "-q", "--hard", "origin/main", at=self.person)
        for word in words:
            git(*word.format(f"origin/{branch}").split(" "), at=self.person)
        git("push", "-q", "origin", "HEAD:main", f":refs/heads/{branch}", at=self.person)

    def squash(self, branch: str) -> None:
        self.merge(branch, "merge -q --squash {}", "commit -qm Squashed")

    def change_main(self, name: str, text: str) -> None:
        git("fetch", "-q", "origin", at=self.person)
        git("reset", "-q", "--hard", "origin/main", at=self.person)
        (self.person / name).write_text(text)
        git("add", "--", name, at=self.person)
        git("commit", "-qm", f"Change {name}", at=self.person)
        git("push", "-q", "origin", "HEAD:main", at=self.person)
