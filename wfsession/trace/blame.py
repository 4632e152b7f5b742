"""Whose line is this: git's blame, and what the records of the commits know of each line. Reads."""

import re
from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from wfsession.errors import GitFailed, InvalidValue
from wfsession.git import Git
from wfsession.trace.commit import tell_path
from wfsession.trace.notes import read_notes
from wfsession.trace.paths import unquote
from wfsession.trace.record import Contributor, Record, find_author

_HEADER = re.compile(r"([0-9a-f]{40,64}) (\d+) (\d+)(?: \d+)?")
_NOT_COMMITTED = re.compile(r"0+")


@frozen
class BlamedLine:
    """A line of a file, and who wrote it.

    `number` counts from 1. `revision` is empty where it is not committed yet, `contributor`
    unknown where no record says who wrote it: a person, as a rule. `session`, `model_id` and
    `url`, the link to the conversation, are empty where they are not known.
    """

    number: int
    revision: str
    contributor: Contributor
    content: str
    session: str = ""
    model_id: str = ""
    url: str = ""


@frozen
class _Place:
    """A line as git blames it: where it stood in the commit that wrote it."""

    number: int
    revision: str
    path: str
    original: int
    content: str


def blame(git: Git, path: str, lines: str = "") -> tuple[BlamedLine, ...]:
    """Tell who wrote each line of a file.

    Args:
        git: a repository, by a directory in its worktree; of a bare one HEAD is asked.
        path: the file, from that directory.
        lines: which lines, as `git blame -L` takes them: `3,5`, `10,+4`; empty for all.

    Raises:
        InvalidValue: there is no such file, or no such line.
        GitFailed: there is no repository.
    """
    is_bare = git.ask("rev-parse", "--is-bare-repository") == "true"
    words = ["-c", "blame.ignoreRevsFile=", "blame", "--line-porcelain"]
    words += [f"-L{lines}"] if lines else []
    words += ["HEAD"] if is_bare else []
    try:
        text = git.ask(*words, "--", path)
    except GitFailed as error:
        reason = f"{path} cannot be told apart by line: {error.reason}"
        raise InvalidValue("blame", path, reason, "git ls-files lists what is there") from None
    places = tuple(_parse(text))
    commits = dict.fromkeys(place.revision for place in places if place.revision)
    records = read_notes(git).read_records(commits)
    return tuple(_judge(place, records) for place in places)


def _parse(text: str) -> Iterator[_Place]:
    """Yield the lines of `--line-porcelain`, each of which has all headers of its own."""
    revision, original, number, path = "", 0, 0, ""
    for line in text.split("\n"):
        if line.startswith("\t"):
            yield _Place(number, revision, path, original, line[1:].removesuffix("\r"))
        elif line.startswith("filename "):
            path = unquote(line[len("filename ") :])
        elif found := _HEADER.fullmatch(line):
            revision = "" if _NOT_COMMITTED.fullmatch(found[1]) else found[1]
            original, number = int(found[2]), int(found[3])


def _judge(place: _Place, records: Mapping[str, Iterable[Record]]) -> BlamedLine:
    found = records.get(place.revision, ())
    path = tell_path(place.path)
    for record in found:
        author = find_author((record.lines or {}).get(path, ()), "added", place.original)
        if author is not None:
            return BlamedLine(
                place.number,
                place.revision,
                "ai",
                place.content,
                author.session,
                author.model_id,
                author.url,
            )
    for record in found:
        # Of ours, all that is known of single lines was asked already.
        judged = None if record.is_ours else _judge_by_ranges(place, path, record)
        if judged is not None:
            return judged
    return BlamedLine(place.number, place.revision, "unknown", place.content)


def _judge_by_ranges(place: _Place, path: str, record: Record) -> BlamedLine | None:
    for file in record.files:
        for one in file.conversations if file.path == path else ():
            for span in one.ranges:
                if span.start_line <= place.original <= span.end_line:
                    return BlamedLine(
                        place.number,
                        place.revision,
                        span.contributor or one.contributor,
                        place.content,
                        model_id=span.model_id or one.model_id,
                        url=one.url,
                    )
    return None
