"""What tests of workdirs do again and again, and what must hold after each of them."""

import os
from pathlib import Path

from attrs import frozen

from tests.workdirs.repositories import Repository, git
from wfsession.workdirs.acquire import Acquired, acquire
from wfsession.workdirs.git import Access, make_access
from wfsession.workdirs.key import make_key, name_repository
from wfsession.workdirs.places import Places
from wfsession.workdirs.record import read_records
from wfsession.workdirs.remote import Remote


@frozen
class Workshop:
    """A remote, and places for its workdirs."""

    places: Places
    repository: Repository

    @property
    def remote(self) -> Remote:
        return self.repository.remote

    @property
    def bare(self) -> Path:
        return Path(self.places.bare(name_repository(self.remote.identity)))

    def path(self, agent: str, branch: str) -> Path:
        return Path(self.places.workdir(make_key(agent, self.remote, branch)))

    def acquire(
        self, branch: str = "feature/a", agent: str = "dev", *, base: str | None = None
    ) -> Acquired:
        return acquire(self.places, agent, self.remote, branch, base=base, access=my_access())

    def check(self) -> None:
        """Make sure that the cache is whole, and that nothing lies about."""
        git("fsck", "--connectivity-only", "--no-dangling", at=self.bare)
        left = [
            one.name for one in self.bare.parent.iterdir() if one.suffix not in (".git", ".lock")
        ]
        assert left == []
        assert read_records(self.places)[1] == []
        hidden = [one for one in Path(self.places.state).rglob(".*") if one.is_file()]
        assert hidden == []


def my_access() -> Access:
    return make_access(dict(os.environ))


def tell_status(path: str | Path) -> str:
    return git("status", "--porcelain", "--ignored", at=path)


def read(path: str | Path, name: str) -> str:
    return (Path(path) / name).read_text()
