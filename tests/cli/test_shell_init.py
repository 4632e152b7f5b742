"""`wf shell-init` in real shells: the function, the pin, the wrapper; and what may go wrong."""

from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, ARCHIVED, COMPLETED, PAUSED, list_markers, run, run_in_terminal, wf
from tests.shells import PROGRAMS, Ran, begin, in_each_shell, run_shell
from wfsession.cli.parser import load_verb
from wfsession.cli.shell_init import SHELLS


def _status(shell: str) -> str:
    """Return how the status of the last command is read."""
    return "$status" if shell == "fish" else "$?"


@in_each_shell
def test_switch_with_cd_goes_to_the_directory_of_the_session(shell: str, project: Path) -> None:
    ran = run_shell(shell, f"{begin(shell)}wf switch oauth --cd; pwd", project)
    assert (ran.err, ran.code) == ("", 0)
    assert ran.out.splitlines()[0] == f"SESSION_ID: {PAUSED}"
    assert ran.out.splitlines()[-1] == str(project / ".workflow" / PAUSED)


@in_each_shell
def test_switch_with_cd_goes_there_from_a_pinned_terminal_and_another_project(
    shell: str, project: Path, tmp_path: Path
) -> None:
    for option in (f"--root {project}", f"--root={project}"):
        script = f"wf switch --cd {option} {PAUSED} 2>&1; pwd; wf switch - {option}"
        ran = run_shell(shell, begin(shell) + script, tmp_path, {"WF_SESSION": ACTIVE})
        assert str(project / ".workflow" / PAUSED) in ran.out.splitlines(), ran


@in_each_shell
def test_the_shell_stays_where_it_is_unless_it_is_told_to_go_and_the_switch_was_made(
    shell: str, project: Path
) -> None:
    for words in ("oauth", "nonsense --cd", "oauth --cd --dry-run", "--cd --help"):
        ran = run_shell(shell, f"{begin(shell)}wf switch {words}; pwd", project)
        assert ran.out.splitlines()[-1] == str(project), words
    assert list_markers(project) == [f".active-{PAUSED}"]


@in_each_shell
def test_a_switch_that_fails_fails_in_the_shell_too(shell: str, project: Path) -> None:
    ran = run_shell(shell, f"{begin(shell)}wf switch nonsense --cd", project)
    assert ran.code == 1
    assert "no session named 'nonsense'" in ran.err


@in_each_shell
def test_a_path_keeps_every_sign_of_it(shell: str, project: Path) -> None:
    odd = project.rename(project.parent / "a b'\"$x\\ü\n")
    ran = run_shell(shell, f"{begin(shell)}wf switch oauth --cd && pwd", odd)
    assert ran.out.endswith(f"{odd}/.workflow/{PAUSED}\n"), ran


@pytest.mark.needs("fish")
def test_fish_may_read_it_from_a_pipe(project: Path) -> None:
    ran = run_shell("fish", "wf shell-init fish | source; wf_segment; echo $wf_segment", project)
    assert ran == Ran(f"{ACTIVE}\n", "", 0)


@in_each_shell
def test_use_pins_the_terminal_and_what_it_starts(shell: str, project: Path) -> None:
    script = (
        f"wf use oauth; wf current; sh -c 'echo $WF_SESSION'; wf switch {COMPLETED} 2>/dev/null"
    )
    ran = run_shell(shell, begin(shell) + script, project)
    said, *rest = ran.out.splitlines()
    assert said.startswith(f"This terminal works on {PAUSED} now.")
    assert rest[:2] == [PAUSED, PAUSED]
    assert list_markers(project) == [f".active-{ACTIVE}"]


@in_each_shell
def test_use_without_a_name_follows_the_active_session_again(shell: str, project: Path) -> None:
    script = "wf use oauth; wf use; wf current; sh -c 'echo ${WF_SESSION-unset}'"
    ran = run_shell(shell, begin(shell) + script, project)
    assert ran.out.splitlines()[-2:] == [ACTIVE, "unset"]
    # Also where the terminal was pinned when it began, to what is gone since.
    ran = run_shell(shell, f"{begin(shell)}wf use; wf current", project, {"WF_SESSION": "WFS-gone"})
    assert ran.out.splitlines()[-1] == ACTIVE


@in_each_shell
@pytest.mark.parametrize("words", ["nonsense", "-", "WFS", "oauth too"])
def test_a_wrong_name_pins_nothing(shell: str, project: Path, words: str) -> None:
    script = f"wf use user; wf use {words}; echo {_status(shell)}; echo $WF_SESSION"
    ran = run_shell(shell, begin(shell) + script, project)
    assert ran.err.startswith("wf: ")
    assert "hint: " in ran.err
    assert ran.out.splitlines()[1] in {"1", "2"}
    assert ran.out.splitlines()[2] == ACTIVE


@in_each_shell
def test_help_of_use_and_switch_is_help_in_a_shell_too(shell: str, project: Path) -> None:
    ran = run_shell(shell, f"{begin(shell)}wf use --help; wf help use; echo $WF_SESSION", project)
    assert ran.out.count("usage: wf use [NAME]") == 2
    assert ran.out.endswith("\n\n")


@in_each_shell
def test_every_other_verb_goes_through_with_its_words_and_status(shell: str, project: Path) -> None:
    script = 'wf exec -- sh -c \'printf "<%s>" "$@"\' x "a b" "" "--cd"; wf nonsense'
    ran = run_shell(shell, begin(shell) + script, project)
    assert ran.out == "<a b><><--cd>"
    assert ran.code == 2


@in_each_shell
def test_without_wf_on_path_only_wf_is_missing(shell: str, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    gone = f"set -gx PATH {path}\n" if shell == "fish" else f"PATH={path}\n"
    asks = "wf list; wf switch x --cd; wf use x; wf_segment; echo $wf_segment; pwd"
    ran = run_shell(shell, begin(shell) + gone + asks, project)
    assert ran.out.splitlines() == [ACTIVE, str(project)]
    # And where it never was there is nothing to evaluate.
    ran = run_shell(shell, f"{gone}{begin(shell)}echo alive", project)
    assert ran.out.splitlines()[-1] == "alive"


@pytest.mark.parametrize("shell", [name for name in PROGRAMS if name != "fish"])
def test_a_strict_shell_lives_on(shell: str, project: Path) -> None:
    script = f"set -eu\n{begin(shell)}wf_segment; wf use oauth; wf use; wf switch oauth --cd\n"
    script += "cd /; wf_segment; wf list || echo failed; echo alive"
    ran = run_shell(shell, script, project)
    assert ran.out.splitlines()[-2:] == ["failed", "alive"], ran


@in_each_shell
def test_a_directory_that_is_gone_breaks_nothing(shell: str, project: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'{begin(shell)}cd {gone}; rmdir {gone}; wf_segment; echo "<$wf_segment>"; wf use x'
    ran = run_shell(shell, script, project)
    assert ran.out == "<?>\n"
    assert "Traceback" not in ran.err


@pytest.mark.needs("bash", "zsh")
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_aliases_and_odd_options_of_a_user_are_no_matter(shell: str, project: Path) -> None:
    odd = {
        "bash": "shopt -s expand_aliases failglob nullglob nocasematch; set -f; GLOBIGNORE='*'\n",
        "zsh": "setopt no_glob null_glob ksh_arrays sh_word_split no_unset; alias -g L='| less'\n",
    }[shell]
    odd += "alias wf=false claude=false printf=false set=false\n"
    script = odd + begin(shell, "--claude").replace("$(wf", "$(command wf")
    script += "wf_segment; \\wf use oauth; echo $WF_SESSION\n"
    script += "echo $wf_segment; wf_segment; echo $wf_segment; \\wf switch oauth --cd; pwd\n"
    script += "\\wf use; \\wf pause; wf_segment; echo $? $wf_segment none\n"
    script += {"bash": "shopt failglob nocasematch; echo $-", "zsh": "setopt"}[shell]
    ran = run_shell(shell, script, project)
    lines = ran.out.splitlines()
    assert lines[1:4] == [PAUSED, ACTIVE, PAUSED], ran
    assert str(project / ".workflow" / PAUSED) in lines, ran
    assert "0 none" in lines, ran
    kept = {"bash": {"failglob", "nocasematch"}, "zsh": {"noglob", "nullglob", "ksharrays"}}[shell]
    assert kept <= set(" ".join(lines).split())
    assert shell == "zsh" or "f" in lines[-1]


@in_each_shell
def test_claude_with_as_declares_the_label(shell: str, project: Path, tmp_path: Path) -> None:
    program = tmp_path / "claude"
    program.write_text('#!/bin/sh\nprintf "<%s>" "${WF_LABEL-}" "$@"\necho\nexit 3\n')
    program.chmod(0o755)
    script = begin(shell, "--claude")
    script += f"set -gx PATH {tmp_path} $PATH\n" if shell == "fish" else f"PATH={tmp_path}:$PATH\n"
    script += 'claude -p "a b" --as reviewer; claude --as="the one" -c; claude -c; claude -p --as\n'
    script += "echo $WF_LABEL\n"
    ran = run_shell(shell, script, project)
    assert ran.out.splitlines() == ["<reviewer><-p><a b>", "<the one><-c>", "<><-c>", ""]
    assert ran.err == "claude: --as NAME: what is this conversation to be called?\n"


@in_each_shell
def test_claude_is_left_alone_unless_it_is_asked_for(shell: str, project: Path) -> None:
    assert "command claude" not in wf("shell-init", PROGRAMS[shell]).out
    ran = run_shell(shell, f"{begin(shell)}type claude", project, {"PATH": "/usr/bin:/bin"})
    assert ran.code != 0


def test_each_shell_of_the_help_has_a_script(project: Path) -> None:
    assert set(PROGRAMS.values()) == set(SHELLS)
    for shell in SHELLS:
        done = wf("shell-init", shell)
        assert done.code == 0
        assert "@" + "WORDS@" not in done.out
        assert wf("shell-init", shell, "--json").data == {"shell": shell, "script": done.out}
        assert load_verb("shell-init").usage.find(shell) >= 0


def test_wf_itself_cannot_do_what_only_a_shell_can_and_says_so(project: Path) -> None:
    before = list_markers(project)
    for words in (("switch", PAUSED, "--cd"), ("use", PAUSED)):
        done = run_in_terminal(*words)
        assert done.code == 2
        assert 'hint: eval "$(wf shell-init bash)"' in done.out
    assert list_markers(project) == before


def test_use_gives_other_shells_the_name(project: Path) -> None:
    assert wf("use", "oauth").out == f"{PAUSED}\n"
    assert wf("use", ARCHIVED).out == f"{ARCHIVED}\n"
    assert wf("use", "oauth", "--json").data == {
        "session": PAUSED,
        "path": str(project / ".workflow" / PAUSED),
    }
    assert wf("use").code == 2


@pytest.mark.parametrize("told", ["{}", "", "[", "[]", '{"session_id": 5, "cwd": 7}', "\xff"])
def test_a_status_line_without_a_conversation_is_that_of_the_active_session(
    project: Path, told: str
) -> None:
    done = run("statusline", cwd=project, stdin=None, input=told.encode("latin-1"))
    assert (done.out, done.err, done.code) == (f"{ACTIVE}\n", "", 0)


def test_a_status_line_is_that_of_its_conversation(project: Path, tmp_path: Path) -> None:
    thread = "claude-code--0b9c41f2"
    assert run("bind", PAUSED, cwd=project, env={"WF_THREAD": thread}).code == 0
    told = f'{{"session_id": "0b9c41f2", "cwd": "{project}"}}'.encode()
    done = run("statusline", cwd=tmp_path, stdin=None, input=told)
    assert (done.out, done.code) == (f"{PAUSED}\n", 0)
    other = told.replace(b"0b9c41f2", b"another")
    assert run("statusline", cwd=tmp_path, stdin=None, input=other).out == f"{ACTIVE}\n"
    pinned = run("statusline", cwd=tmp_path, stdin=None, input=told, env={"WF_SESSION": ACTIVE})
    assert pinned.out == f"{ACTIVE}\n"
    nowhere = told.replace(str(project).encode(), str(tmp_path).encode())
    done = run("statusline", cwd=project, stdin=None, input=nowhere)
    assert (done.out, done.err, done.code) == ("", "", 1)
