"""The prompt's segment says what `wf current` says, or that it is not sure, and starts nothing."""

import os
import re
from pathlib import Path
from random import Random

import pytest

from tests.cli.wf import ACTIVE, PAUSED, run, wf
from tests.shells import begin, in_each_shell, quote, run_shell
from tests.trees import OLD_NS, RECORD, ROOT, TOP, Entry, Tree, build_tree, make_tree
from wfsession.core.locate import VARIABLES, find_current
from wfsession.errors import WfError

TREES = 400
UNSURE = "?"

SESSION = (Entry(f"p/{ROOT}/WFS-a/{RECORD}", "file", "{}"),)
MARKED = (*SESSION, Entry(f"p/{ROOT}/.active-WFS-a", "file"))
TWO = (*MARKED, Entry(f"p/{ROOT}/WFS-b/{RECORD}", "file", "{}"))
BOUND = (*TWO, Entry(f"p/{ROOT}/.threads/claude--1", "file", "WFS-b\n"))
THREAD = ("WF_THREAD", "claude--1")
# What is usual must be told at once, or the segment is of no use.
USUAL = {
    "a marker": (Tree(MARKED, "p"), "WFS-a"),
    "from below": (Tree((*MARKED, Entry("p/a/b/c")), "p/a/b/c"), "WFS-a"),
    "from within a session": (Tree(TWO, f"p/{ROOT}/WFS-b"), "WFS-a"),
    "through a symlink": (Tree((*MARKED, Entry("way", "link", f"{TOP}/p")), "way"), "WFS-a"),
    "a nested project": (Tree((*MARKED, Entry(f"p/q/{ROOT}/WFS-z")), "p/q"), ""),
    "an ordinary repository": (Tree((*MARKED, Entry("p/.git"), Entry("p/a")), "p/a"), "WFS-a"),
    "other hidden entries": (
        Tree((*MARKED, Entry(f"p/{ROOT}/.ACTIVE-WFS-b", "file")), "p"),
        "WFS-a",
    ),
    "no marker": (Tree(SESSION, "p"), ""),
    "no root": (Tree((Entry("p/a"),), "p/a"), ""),
    "a pin": (Tree(TWO, "p", (("WF_SESSION", "WFS-b"),)), "WFS-b"),
    "an empty pin": (Tree(TWO, "p", (("WF_SESSION", ""),)), "WFS-a"),
    "a binding": (Tree(BOUND, "p", (THREAD,)), "WFS-b"),
    "a pin before a binding": (Tree(BOUND, "p", (("WF_SESSION", "WFS-a"), THREAD)), "WFS-a"),
    "a thread without a binding": (Tree(BOUND, "p", (("WF_THREAD", "claude--2"),)), "WFS-a"),
    "a named root": (Tree((*MARKED, Entry("o")), "o", (("WF_ROOT", f"{TOP}/p"),)), "WFS-a"),
    "a named root, relative": (Tree(MARKED, ".", (("WF_ROOT", f"p/{ROOT}/"),)), "WFS-a"),
    "an odd path": (
        Tree(
            (
                Entry(f"a [x]*\\'$ü\n/{ROOT}/WFS-a"),
                Entry(f"a [x]*\\'$ü\n/{ROOT}/.active-WFS-a", "file"),
            ),
            "a [x]*\\'$ü\n",
        ),
        "WFS-a",
    ),
}
# Where a look is not enough, nothing may be told.
UNSURES = {
    "a pin that names nothing": Tree(MARKED, "p", (("WF_SESSION", "WFS-gone"),)),
    "a pin that leads away": Tree(MARKED, "p", (("WF_SESSION", "../.workflow/WFS-a"),)),
    "a bound session that is gone": Tree(
        (*MARKED, Entry(f"p/{ROOT}/.threads/claude--1", "file", "WFS-gone\n")), "p", (THREAD,)
    ),
    "two markers": Tree((*TWO, Entry(f"p/{ROOT}/.active-WFS-b", "file")), "p"),
    "an orphan": Tree((*SESSION, Entry(f"p/{ROOT}/.active-WFS-gone", "file")), "p"),
    "a marked symlink": Tree(
        (
            *SESSION,
            Entry(f"p/{ROOT}/WFS-l", "link", "WFS-a"),
            Entry(f"p/{ROOT}/.active-WFS-l", "file"),
        ),
        "p",
    ),
    "a marker that is none": Tree((*SESSION, Entry(f"p/{ROOT}/.active-WFS-a~", "file")), "p"),
    "a marker with an escape": Tree(
        (Entry(f"p/{ROOT}/WFS-\x1b[31m"), Entry(f"p/{ROOT}/.active-WFS-\x1b[31m", "file")), "p"
    ),
    "a root that is a symlink": Tree((*MARKED, Entry(f"q/{ROOT}", "link", f"{TOP}/p/{ROOT}")), "q"),
    "a linked worktree": Tree((*MARKED, Entry("p/w/.git", "file", "gitdir: x")), "p/w"),
}


def ask_segments(
    shell: str, questions: list[tuple[Path, dict[str, str]]], nowhere: Path
) -> list[str]:
    """Return what the segment is at each place with its variables, in one shell without `wf`."""
    is_fish = shell == "fish"
    path = quote(shell, str(nowhere))
    lines = [begin(shell), f"set -gx PATH {path}" if is_fish else f"PATH={path}"]
    for here, environment in questions:
        lines.append(f"cd {quote(shell, str(here))}")
        for name in VARIABLES[:3]:
            value = quote(shell, environment[name]) if name in environment else None
            gone, there = (
                ("set -e {}", "set -gx {} {}") if is_fish else ("unset {}", "export {}={}")
            )
            lines.append(gone.format(name) if value is None else there.format(name, value))
        lines += ["wf_segment", "printf '<%s>\\n' \"$wf_segment\""]
    ran = run_shell(shell, "\n".join(lines), nowhere)
    assert ran.err == "", ran.err
    found = re.findall(r"<([^>]*)>\n", ran.out)
    assert len(found) == len(questions)
    return found


def tell(monkeypatch: pytest.MonkeyPatch, here: Path, environment: dict[str, str]) -> str | None:
    """Return what `wf current` prints; None where it fails."""
    with monkeypatch.context() as patch:
        patch.chdir(here)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            return find_current().session or ""
        except WfError:
            return None


def build_all(trees: list[Tree], folder: Path) -> list[tuple[Path, dict[str, str]]]:
    questions = []
    for index, tree in enumerate(trees):
        build_tree(tree, folder / str(index))
        environment = tree.read_environment(folder / str(index))
        questions.append((folder / str(index) / tree.here, environment))
    return questions


@in_each_shell
def test_the_segment_is_what_wf_current_says_or_unsure_on_many_trees(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = [make_tree(Random(seed)) for seed in range(TREES)]
    questions = build_all(trees, tmp_path)
    told = ask_segments(shell, questions, tmp_path)
    for tree, question, segment in zip(trees, questions, told, strict=True):
        if segment != UNSURE:
            assert segment == tell(monkeypatch, *question), tree
    # These trees are made to be odd, and many of their names are for `wf` to judge.
    assert sum(segment not in ("", UNSURE) for segment in told) > TREES * 0.15


@in_each_shell
def test_what_is_usual_is_told(shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = build_all([tree for tree, _ in USUAL.values()], tmp_path)
    told = dict(zip(USUAL, ask_segments(shell, questions, tmp_path), strict=True))
    assert told == {title: name for title, (_, name) in USUAL.items()}
    for title, question in zip(USUAL, questions, strict=True):
        assert tell(monkeypatch, *question) == told[title], title


@in_each_shell
def test_where_a_look_is_not_enough_nothing_is_told(shell: str, tmp_path: Path) -> None:
    questions = build_all(list(UNSURES.values()), tmp_path)
    told = dict(zip(UNSURES, ask_segments(shell, questions, tmp_path), strict=True))
    assert told == dict.fromkeys(UNSURES, UNSURE)


@in_each_shell
@pytest.mark.parametrize("name", ["WFS-集成-phase", "notes"])
def test_a_name_that_only_wf_can_judge_is_asked_once(
    shell: str, name: str, project: Path, tmp_path: Path
) -> None:
    assert wf("rename", name).code == 0
    script = f"{begin(shell)}wf_segment; echo $wf_segment\n"
    # From then on it is known, and `wf` is not there to be asked again.
    script += "set -gx PATH /\n" if shell == "fish" else "PATH=/\n"
    script += "wf_segment; echo $wf_segment; export WF_SESSION=notes; wf_segment; echo $wf_segment"
    ran = run_shell(shell, script, project)
    last = name if name == "notes" else UNSURE
    assert ran.out.splitlines() == [name, name, last], ran


@in_each_shell
@pytest.mark.parametrize("name", ["WFS-\u202eevil", "con", "WFS-Ⅷ"])
def test_a_name_that_no_session_can_have_is_never_told(
    shell: str, name: str, project: Path
) -> None:
    root = project / ROOT
    (root / f".active-{ACTIVE}").rename(root / f".active-{name}")
    (root / name).mkdir()
    os.utime(root, ns=(OLD_NS, OLD_NS))
    assert run("current", cwd=project).out == ""
    script = f'{begin(shell)}wf_segment; echo "<$wf_segment>"; wf_segment; echo "<$wf_segment>"'
    assert run_shell(shell, script, project).out == "<?>\n<?>\n"


@in_each_shell
@pytest.mark.needs("strace")
@pytest.mark.parametrize("situation", ["marker", "none", "pin", "binding", "unsure"])
def test_the_segment_starts_no_process(
    shell: str, situation: str, project: Path, tmp_path: Path
) -> None:
    threads = project / ROOT / ".threads"
    threads.mkdir(exist_ok=True)
    (threads / "claude--1").write_text(f"{PAUSED}\n")
    if situation == "unsure":
        (project / ROOT / f".active-{PAUSED}").touch()
    env = {"pin": {"WF_SESSION": PAUSED}, "binding": {"WF_THREAD": "claude--1"}}.get(situation, {})
    here = tmp_path if situation == "none" else project
    init = tmp_path / "init"
    init.write_text(wf("shell-init", {"dash": "sh"}.get(shell, shell)).out)
    said = {"marker": ACTIVE, "none": "", "unsure": UNSURE}.get(situation, PAUSED)
    log = tmp_path / "calls"
    calls = "trace=execve,execveat,clone,clone3,fork,vfork"
    tracer = ("strace", "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", str(log))
    begun = []
    for count in (0, 5):
        script = f". {init}\n" + "wf_segment\n" * count + 'echo "<$wf_segment>"'
        ran = run_shell(shell, script, here, env, tracer)
        if ran.code != 0:
            pytest.skip("this system lets nobody be traced")
        lines = log.read_text(errors="replace").splitlines()
        # A thread, of which fish has some, is no process.
        begun.append(sum("resumed>" not in x and "CLONE_THREAD" not in x for x in lines))
    assert ran.out == f"<{said}>\n"
    # Whatever the shell starts for itself, with the segment it is not more.
    assert begun[0] == begun[1]
