"""Each way in which work is safely merged, and each that only looks like it."""

from collections.abc import Callable

from tests.workdirs.repositories import git
from tests.workdirs.yard import Yard

Row = Callable[[Yard, str], object]


def _pushed(yard: Yard, branch: str, texts: int = 1, first: int = 0) -> None:
    for number in range(first, first + texts):
        yard.commit(branch, f"{branch}-{number}", f"{branch}\n{number}\n")
    yard.push(branch)


def nothing(yard: Yard, branch: str) -> None:
    """Leave the workdir as it was made."""


def pushed(yard: Yard, branch: str) -> None:
    _pushed(yard, branch)


def merged(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 2)
    yard.merge(branch, "merge -q --no-ff --no-edit {}")


def fast_forwarded(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 2)
    yard.merge(branch, "merge -q --ff-only {}")


def squashed(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 3)
    yard.squash(branch)


def squashed_then_changed(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 2)
    yard.squash(branch)
    yard.change_main(f"{branch}-0", "other lines\n")


def squashed_then_reverted(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 2)
    yard.squash(branch)
    git("revert", "--no-edit", "HEAD", at=yard.person)
    git("push", "-q", "origin", "HEAD:main", at=yard.person)


def squashed_after_main_went_on(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 2)
    yard.change_main("elsewhere", f"{branch}\n")
    yard.squash(branch)


def squashed_with_main_merged_in(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 1)
    yard.change_main("elsewhere", f"{branch}\n")
    git("fetch", "-q", "origin", at=yard.workdir(branch))
    git("merge", "-q", "--no-edit", "refs/remotes/origin/main", at=yard.workdir(branch))
    _pushed(yard, branch, 2, 1)
    yard.squash(branch)


def squashed_binary(yard: Yard, branch: str) -> None:
    yard.commit(branch, f"{branch}.bin", "a\0b")
    yard.push(branch)
    yard.squash(branch)


def rebased(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 3)
    yard.change_main("elsewhere", f"{branch}\n")
    yard.merge(branch, "cherry-pick {0}~2 {0}~1 {0}")


def amended_then_merged(yard: Yard, branch: str) -> None:
    yard.commit(branch, branch, "first try\n")
    (yard.workdir(branch) / branch).write_text("second try\n")
    git("commit", "-qa", "--amend", "-m", "Better", at=yard.workdir(branch))
    yard.push(branch)
    yard.merge(branch, "merge -q --no-ff --no-edit {}")


def detached_at_what_is_pushed(yard: Yard, branch: str) -> None:
    _pushed(yard, branch)
    git("checkout", "-q", "--detach", at=yard.workdir(branch))


def with_what_can_be_made_again(yard: Yard, branch: str) -> None:
    path = yard.workdir(branch)
    git("config", "core.excludesFile", str(yard.person.parent / "ignored"), at=path)
    (yard.person.parent / "ignored").write_text("node_modules/\n")
    (path / "node_modules" / "p").mkdir(parents=True)
    (path / "node_modules" / "p" / "i.js").write_text("1")
    (path / "folder" / "a.pyc").write_text("1")


MERGED: dict[str, Row] = {
    one.__name__.replace("_", "-"): one
    for one in (
        nothing,
        pushed,
        merged,
        fast_forwarded,
        squashed,
        squashed_then_changed,
        squashed_then_reverted,
        squashed_after_main_went_on,
        squashed_with_main_merged_in,
        squashed_binary,
        rebased,
        amended_then_merged,
        detached_at_what_is_pushed,
        with_what_can_be_made_again,
    )
}


def never_pushed(yard: Yard, branch: str) -> None:
    yard.commit(branch, branch)


def closed_and_deleted(yard: Yard, branch: str) -> None:
    _pushed(yard, branch)
    git("push", "-q", "origin", f":refs/heads/{branch}", at=yard.person)


def worked_on_after_the_squash(yard: Yard, branch: str) -> None:
    squashed(yard, branch)
    yard.commit(branch, f"{branch}-after")


def other_white_space_after_the_squash(yard: Yard, branch: str) -> None:
    yard.commit(branch, f"{branch}.py", "if a:\n    b\nc\n")
    yard.push(branch)
    yard.squash(branch)
    yard.commit(branch, f"{branch}.py", "if a:\n    b\n    c\n")


def other_bytes_after_the_squash(yard: Yard, branch: str) -> None:
    squashed_binary(yard, branch)
    yard.commit(branch, f"{branch}.bin", "a\0c")


def another_mode_after_the_squash(yard: Yard, branch: str) -> None:
    _pushed(yard, branch)
    yard.squash(branch)
    (yard.workdir(branch) / f"{branch}-0").chmod(0o755)
    git("commit", "-qam", "Make it run", at=yard.workdir(branch))


def squashed_with_a_conflict(yard: Yard, branch: str) -> None:
    yard.commit(branch, "file.txt", f"{branch}\n")
    yard.push(branch)
    yard.change_main("file.txt", "main went on here\n")
    # As somebody does who resolves it in favour of the branch.
    yard.merge(branch, "checkout -q {} -- file.txt", "commit -qm Squashed")


def in_part(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 3)
    yard.merge(branch, "cherry-pick {0}~2 {0}")


def empty_commit(yard: Yard, branch: str) -> None:
    git("commit", "-q", "--allow-empty", "-m", "A thought", at=yard.workdir(branch))
    # Another one on main is not that one.
    yard.merge(branch, "commit -q --allow-empty -m Empty")


def work_and_its_revert(yard: Yard, branch: str) -> None:
    yard.commit(branch, branch)
    git("revert", "--no-edit", "HEAD", at=yard.workdir(branch))


def rebased_but_for_a_merge(yard: Yard, branch: str) -> None:
    _pushed(yard, branch, 2)
    git("checkout", "-q", "-b", f"{branch}-side", "HEAD~1", at=yard.workdir(branch))
    yard.commit(branch, f"{branch}-side")
    git("checkout", "-q", f"wf/dev/{branch}", at=yard.workdir(branch))
    git("merge", "-q", "--no-commit", f"{branch}-side", at=yard.workdir(branch))
    # A line that only the merge has.
    yard.commit(branch, f"{branch}-evil")
    yard.push(branch)
    yard.merge(branch, "cherry-pick {0}^1~1 {0}^1 {0}^2")


def main_merged_in_after_the_squash(yard: Yard, branch: str) -> None:
    """What it comes to is on main, but not in any commit of its own."""
    squashed(yard, branch)
    path = yard.workdir(branch)
    git("fetch", "-q", "origin", at=path)
    git("merge", "-q", "--no-edit", "refs/remotes/origin/main", at=path)


def only_a_merge(yard: Yard, branch: str) -> None:
    yard.change_main("elsewhere", f"{branch}\n")
    path = yard.workdir(branch)
    git("fetch", "-q", "origin", at=path)
    git("merge", "-q", "--no-ff", "--no-edit", "refs/remotes/origin/main", at=path)


UNMERGED: dict[str, Row] = {
    one.__name__.replace("_", "-"): one
    for one in (
        never_pushed,
        closed_and_deleted,
        worked_on_after_the_squash,
        other_white_space_after_the_squash,
        other_bytes_after_the_squash,
        another_mode_after_the_squash,
        squashed_with_a_conflict,
        in_part,
        empty_commit,
        work_and_its_revert,
        rebased_but_for_a_merge,
        main_merged_in_after_the_squash,
        only_a_merge,
    )
}
