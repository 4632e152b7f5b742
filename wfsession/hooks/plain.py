"""What people wrote into a record, as an agent is told it. Pure."""

_LONGEST = 200


def plain(text: str, longest: int = _LONGEST) -> str:
    """Return what stands in a record on one line, of no more than so many characters."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
