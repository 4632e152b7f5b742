"""`wf migrate`: bring over what older layouts left."""

import os

from attrs import frozen

from wfsession.cli.answer import Answer
from wfsession.cli.call import Call
from wfsession.cli.changed import encode_step, tell_steps
from wfsession.cli.older import tell_active, tell_rejection
from wfsession.cli.render import choose
from wfsession.cli.verb import Verb
from wfsession.core.migrate import Migration
from wfsession.words import count, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wfsession.cli.answer import Block, Data


@frozen
class Migrated(Answer):
    """What was (dry run: would be) brought over."""

    root: str
    migration: Migration
    is_dry: bool = False

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # a value there, computed here
        """What else there is to know."""
        return self.migration.notes

    def to_data(self) -> "Data":
        """Return migrated, active, rejected, choices and backup."""
        migration = self.migration
        return {
            "migrated": list(migration.migrated),
            "active": migration.active,
            "rejected": [
                {
                    "source": os.path.join(self.root, one.source),
                    "line": one.line,
                    "reason": one.reason,
                }
                for one in migration.rejected
            ],
            "choices": list(migration.choices),
            "backup": migration.backup,
            "dry_run": self.is_dry,
            "steps": [encode_step(step) for step in migration.steps],
            "notes": list(migration.notes),
        }

    def to_blocks(self, is_terminal: bool) -> "Iterator[Block]":
        """Yield what was done, what could not be, and what is left to decide."""
        migration = self.migration
        if not migration.steps:
            yield f"There is nothing of an older layout to bring over in {self.root}."
        elif self.is_dry:
            yield from tell_steps(self.root, migration.steps)
        else:
            number = count(len(migration.migrated), "session")
            names = f": {join(migration.migrated, 10)}" if migration.migrated else ""
            yield f"Brought over an older layout with {number}{names}"
        if migration.steps:
            said = tell_active(migration)
            yield f"{said[0].upper()}{said[1:]}"
            yield from (f"  {name}" for name in migration.choices)
        if migration.rejected:
            yield "Not brought over, and kept as it is:"
            yield from (f"  {tell_rejection(one)}" for one in migration.rejected)
        if migration.backup is not None:
            yield f"What there was is kept in {migration.backup}"


def migrate(call: Call) -> Answer:
    """Bring older layouts over; ask who is active where they do not say."""
    workspace = call.workspace
    migration = workspace.migrate(dry_run=True)
    if not call.is_dry:
        chosen = None if call.as_json else _ask(migration.choices)
        migration = workspace.migrate(active=chosen)
    return Migrated(workspace.root, migration, call.is_dry)


def _ask(choices: tuple[str, ...]) -> str | None:
    if not choices:
        return None
    return choose("The older layout does not say which of these sessions was active:", choices)


VERBS = {
    "migrate": Verb(
        "migrate",
        "bring over sessions and registry of an older layout",
        """\
Reads session_status.jsonl, and what is in active/, sessions/, archives/ and
.archives/. Nothing is lost: records get what they lack, a name that is taken gets a
number, and the registry goes to .workflow/.attic. The first verb that writes does this
by itself where there is a registry. Doing it twice does nothing the second time.

  wf migrate --dry-run
  wf migrate""",
        "",
        migrate,
        is_write=True,
        brings_over=False,
    )
}
