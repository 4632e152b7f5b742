"""What is typed all day, read without a parser: `wf list` and `wf switch NAME`, and no options.

Gives what the parser would give. To load that takes a tenth of the time of a switch.
"""

from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from wfsession.cli.verb import Verb


def parse_plainly(argv: "Sequence[str]") -> "tuple[Verb, SimpleNamespace] | None":
    """Return the verb that was typed, and its options; None where that takes a parser."""
    match argv:
        case ["list"]:
            from wfsession.cli.look import VERBS

            return VERBS["list"], SimpleNamespace(all=False)
        case ["switch", name] if not name.startswith("-"):
            from wfsession.cli.lifecycle import VERBS

            verb = VERBS["switch"]
            return verb, SimpleNamespace(name=name, cd=False, brings_over=verb.brings_over)
    return None
