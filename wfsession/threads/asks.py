"""What a person asked, without what the agent's program put around it; and how a thread broke off.

Pure: text in, text out. Imports nothing of ours. Takes time in proportion to the text, whatever
stands in it.
"""

import re

_NAMES = "system-reminder|task-notification|(?:local-)?command-[a-z-]{1,30}"
_TAG = re.compile(f"<(/?)({_NAMES})>")
_COMMAND, _ARGUMENTS = "command-name", "command-args"
# What may stand behind the sign that ends a sentence.
_AFTER_THE_END = " \t*_`\"')]\u201d\u2019\u00bb"
# The sign itself, in full width, and in Arabic.
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
_BLOCKED = re.compile(r"\bblocked\b", re.IGNORECASE)


def strip_ask(text: str) -> str:
    """Return what a person said in a message; one that is a command alone as `/cmd args`.

    What lies between the tags of reminders, notifications and commands goes, with the tags. A tag
    that nothing closes stays, as somebody may have typed it.
    """
    if "<" not in text:
        return text.strip()
    kept: list[str] = []
    inner: dict[str, str] = {}
    place = 0
    for name, start, body, body_end, end in _find_blocks(text):
        kept.append(text[place:start])
        inner.setdefault(name, text[body:body_end].strip())
        place = end
    kept.append(text[place:])
    rest = "".join(kept).strip()
    command = inner.get(_COMMAND, "")
    if rest or not command:
        return rest
    return f"/{command.removeprefix('/')} {inner.get(_ARGUMENTS, '')}".strip()


def _find_blocks(text: str) -> list[tuple[str, int, int, int, int]]:
    """Return the outermost pairs of tags: the name, and where each tag begins and ends."""
    tags = list(_TAG.finditer(text))
    closings: dict[str, list[re.Match[str]]] = {}
    # From the end, so that the next one is always the last of its list.
    for tag in reversed(tags):
        if tag[1]:
            closings.setdefault(tag[2], []).append(tag)
    blocks = []
    place = 0
    for tag in tags:
        if tag[1] or tag.start() < place:
            continue
        known = closings.get(tag[2], [])
        while known and known[-1].start() < tag.end():
            known.pop()
        if known:
            place = known[-1].end()
            blocks.append((tag[2], tag.start(), tag.end(), known[-1].start(), place))
    return blocks


def find_open_end(text: str) -> str:
    """Return how an agent's last words leave its work: "question", "blocked", or empty.

    It is a question where a line of the last paragraph ends with a question mark, and blocked
    where that word stands in it.
    """
    paragraph = re.split(r"\n[ \t\r]*\n", text.strip())[-1]
    lines = [line.rstrip(_AFTER_THE_END) for line in paragraph.splitlines()]
    if any(line.endswith(_QUESTION_MARKS) for line in lines):
        return "question"
    return "blocked" if _BLOCKED.search(paragraph) else ""
