"""Where the workdirs, their caches and their records lie, for each repository and each key.

Paths only: nothing is made here. The names of repositories and workdirs are those of `key`.
"""

import os

from attrs import frozen

from wfsession.core import layout
from wfsession.errors import InvalidValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wfsession.workdirs.key import Key


@frozen
class Places:
    """The three directories, absolute, that all else is below. Two of them may be one.

    `cache` may be deleted at the price of time, `data` holds people's work, `state` what we know
    of it.
    """

    cache: str
    data: str
    state: str

    def bare(self, repository: str) -> str:
        """Return the bare cache of a repository, given by its `key.name_repository`."""
        return os.path.join(self.cache, "repos", f"{repository}.git")

    def bare_lock(self, repository: str) -> str:
        """Return the lock file of a bare cache."""
        return os.path.join(self.cache, "repos", f"{repository}.lock")

    @property
    def workdirs(self) -> str:
        """The directory of all worktrees: of a directory for each repository."""
        return os.path.join(self.data, "workdirs")

    @property
    def records(self) -> str:
        """The directory of all records: of a directory for each repository."""
        return os.path.join(self.state, "workdirs")

    def workdir(self, key: "Key") -> str:
        """Return the worktree of a key."""
        return os.path.join(self.workdirs, key.repository_name, key.name)

    def root(self, repository: str) -> str:
        """Return the `.workflow` of a repository, beside its worktrees and never in one."""
        return os.path.join(self.workdirs, repository, layout.ROOT)

    def record(self, key: "Key") -> str:
        """Return the record of a key's workdir."""
        return os.path.join(self.records, key.repository_name, f"{key.name}.json")

    def lock(self, key: "Key") -> str:
        """Return the lock file of a key's workdir, held by whoever works in it."""
        return os.path.join(self.records, key.repository_name, f"{key.name}.lock")

    def threads(self, repository: str) -> str:
        """Return the directory of the resumable threads of a repository."""
        return os.path.join(self.state, "threads", repository)

    @property
    def trash(self) -> str:
        """Where what was set aside waits until it expires."""
        return os.path.join(self.data, "trash")

    @property
    def salvage(self) -> str:
        """Where what was kept of removed workdirs lies."""
        return os.path.join(self.data, "salvage")


def find_places() -> Places:
    """Return the user's own directories, as the platform has them.

    Raises:
        InvalidValue: one of them is no absolute path, as where there is no home directory.
    """
    from platformdirs import user_cache_dir, user_data_dir, user_state_dir

    found = Places(
        cache=user_cache_dir("wfsession", appauthor=False),
        data=user_data_dir("wfsession", appauthor=False),
        state=user_state_dir("wfsession", appauthor=False),
    )
    for path in (found.cache, found.data, found.state):
        if not os.path.isabs(path):
            reason = f"there is no home directory, so {path!r} leads nowhere"
            raise InvalidValue("places", path, reason, "export HOME=/where/it/is")
    return found
