"""What is known of a verb before it runs: its name, its help, its arguments. Values only."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

    from wfsession.cli.answer import Answer
    from wfsession.cli.call import Call


class Verb:
    """A verb of `wf`.

    Args:
        name: as it is typed.
        summary: one line for the list of verbs.
        about: two or three sentences, then examples, one a line after an empty line.
        usage: its arguments as they are typed, without the options that all verbs have.
        run: what it does.
        arguments: adds its own arguments to its parser, or None where it has none.
        takes_session: whether `--session` says which session it is about.
        is_write: whether it changes anything, and so takes `--dry-run`.
        brings_over: whether, when it writes, an older layout is brought over first.
        has_json: whether it takes `--json`.
    """

    __slots__ = (
        "about",
        "arguments",
        "brings_over",
        "has_json",
        "is_write",
        "name",
        "run",
        "summary",
        "takes_session",
        "usage",
    )

    def __init__(
        self,
        name: str,
        summary: str,
        about: str,
        usage: str,
        run: "Callable[[Call], Answer]",
        arguments: "Callable[[ArgumentParser], None] | None" = None,
        *,
        takes_session: bool = False,
        is_write: bool = False,
        brings_over: bool = True,
        has_json: bool = True,
    ) -> None:
        self.name = name
        self.summary = summary
        self.about = about
        self.usage = usage
        self.run = run
        self.arguments = arguments
        self.takes_session = takes_session
        self.is_write = is_write
        self.brings_over = brings_over
        self.has_json = has_json
