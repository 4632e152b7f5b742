"""What the Tab key offers in bash, zsh and fish, seen at a terminal; and the prompt there."""

from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMPLETED, PAUSED, wf
from tests.shells import Typist, begin, quote, run_shell

SHELLS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("bash", "zsh", "fish")]
in_each_shell = pytest.mark.parametrize("shell", SHELLS)
TITLES = {ACTIVE: "User profile feature", PAUSED: "OAuth2 authentication implementation"}
# Completes the word that is unique, or lists what there is.
TAB, TABS, ERASE = "\t", "\t\t", "\x15"


def sit_down(shell: str, here: Path, tmp_path: Path) -> Typist:
    home = tmp_path / "home"
    home.mkdir()
    before = "autoload -Uz compinit\ncompinit -D -u\n" if shell == "zsh" else ""
    return Typist(shell, before + begin(shell), here, home)


@in_each_shell
def test_verbs_names_and_options_are_completed(shell: str, project: Path, tmp_path: Path) -> None:
    with sit_down(shell, project, tmp_path) as typist:
        for typed, completed in (
            ("wf swi", "switch "),
            ("wf switch WFS-oa", PAUSED),
            ("wf switch oau", PAUSED),
            ("wf --root . complete --arc", "--archive"),
            ("wf phase set IMPL", "IMPLEMENT"),
            ("wf new --type com", "complex"),
            ("wf show old", ARCHIVED),
            ("wf install code", "codex"),
            ("wf help verify", "verify-fs"),
        ):
            typist.type(typed + TAB)
            typist.wait_for(completed)
            typist.type(ERASE)


@in_each_shell
def test_all_that_there_is_is_listed(shell: str, project: Path, tmp_path: Path) -> None:
    with sit_down(shell, project, tmp_path) as typist:
        typist.type("wf switch WFS-" + TABS)
        for name in (ACTIVE, PAUSED, COMPLETED):
            typist.wait_for(name.removeprefix("WFS-"))
        if shell != "bash":
            for title in TITLES.values():
                typist.wait_for(title)


@in_each_shell
def test_where_nothing_more_fits_nothing_is_put_in(
    shell: str, project: Path, tmp_path: Path
) -> None:
    with sit_down(shell, project, tmp_path) as typist:
        for typed in (
            "wf switch x use",
            "wf attic show use",
            "wf new --name use",
            "wf nonsense use",
        ):
            typist.type(typed + TAB + "=END")
            assert "user-profile" not in typist.wait_for("=END")
            typist.type(ERASE)


@in_each_shell
def test_the_prompt_shows_the_session_and_follows_a_switch_and_a_pin(
    shell: str, project: Path, tmp_path: Path
) -> None:
    with sit_down(shell, project, tmp_path) as typist:
        assert f"[{ACTIVE}] ready> " in typist.seen
        typist.type("wf switch oauth\r")
        typist.wait_for(f"[{PAUSED}] ready> ")
        typist.type("wf use user\r")
        typist.wait_for(f"[{ACTIVE}] ready> ")
        typist.type("cd /\r")
        typist.wait_for("[?] ready> ")
        typist.type("wf use\r")
        typist.wait_for("[] ready> ")


@pytest.mark.needs("bash")
def test_bash_offers_no_name_that_is_more_than_letters(project: Path) -> None:
    root = project / ".workflow"
    for name in ("WFS-$(touch x)", "WFS-a b", "WFS-`x`", "WFS-\x1b[31m", "WFS-\u202eevil", "notes"):
        (root / name).mkdir()
    (root / "WFS-集成").mkdir()
    (root / "WFS-file").touch()
    assert offer(project, "switch", "") == sorted({ACTIVE, PAUSED, COMPLETED, "WFS-集成"})


@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("switch", PAUSED, ""), []),
        (("nonsense", ""), []),
        (("status", "--session", "user"), [ACTIVE]),
        (("status", "--session", "=", "user"), [ACTIVE]),
        (("attic", "show", ""), []),
        (("rename", PAUSED, ""), []),
        (("phase", "set", ""), ["IMPLEMENT", "PLAN", "REVIEW"]),
        (("use", "--j"), ["--json"]),
    ],
)
def test_only_what_fits_is_offered(
    project: Path, words: tuple[str, ...], offered: list[str]
) -> None:
    assert offer(project, *words) == offered


def offer(here: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of the words behind `wf`."""
    typed = " ".join(quote("bash", word) for word in ("wf", *words))
    script = f"{begin('bash')}COMP_WORDS=({typed}); COMP_CWORD={len(words)}; _wf_complete 2>&1\n"
    ran = run_shell("bash", script + "printf '%s\\n' \"${COMPREPLY[@]}\"", here)
    return sorted(filter(None, ran.out.splitlines()))


def test_every_verb_and_session_argument_is_among_the_words(project: Path) -> None:
    words = wf("shell-init", "bash").out
    for line in (
        "wf\tswitch\t",
        "wf switch\t@session\t",
        "wf show\t@any\t",
        "wf init --root\t@file\t",
    ):
        assert line in words
