"""Finds the verb in what was typed, before any parser is loaded. Pure."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_VALUED = frozenset({"--session", "--root", "--port", "--host"})


def find_verb(argv: "Sequence[str]", after: int | None = None) -> int | None:
    """Return where the first word is that is no option and no option's value, or None.

    Args:
        argv: what was typed.
        after: look behind this place; None: from the start.
    """
    place = 0 if after is None else after + 1
    while place < len(argv):
        word = argv[place]
        if word == "--":
            return place + 1 if place + 1 < len(argv) else None
        if word in _VALUED:
            place += 2
        elif word.startswith("-") and word != "-":
            place += 1
        else:
            return place
    return None


def wants_json(argv: "Sequence[str]") -> bool:
    """Tell whether `--json` was typed, for errors that come before the options are known."""
    verb = find_verb(argv)
    last = len(argv)
    if verb is not None and argv[verb] == "exec":
        command = find_verb(argv, verb)
        last = last if command is None else command
    words = argv[:last]
    return "--json" in (words[: words.index("--")] if "--" in words else words)
