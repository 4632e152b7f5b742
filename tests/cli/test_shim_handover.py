"""bin/wf hands over to the right Python, with everything as it was, and starts nothing before."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.handover import (
    SHELLS_OWN,
    Command,
    Run,
    make_checkout,
    make_installed,
    make_path,
    make_venv,
    program_of,
    run,
    write_program,
)
from tests.cli.shim import in_most_shells
from tests.trees import ROOT, Entry, Tree, build_tree


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    return make_installed(tmp_path / "venv" / "bin")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    wf = make_checkout(tmp_path / "checkout")
    make_venv(wf.parents[1])
    return wf


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with one active session."""
    entries = (Entry(f"{ROOT}/WFS-a"), Entry(f"{ROOT}/.active-WFS-a", "file"))
    build_tree(Tree(entries), tmp_path / "project")
    return tmp_path / "project"


ARGUMENTS = [
    "switch",
    "",
    "a b",
    "*",
    "a\nb\n",
    "$HOME",
    "`x`",
    "\\",
    "'\"",
    "-n",
    "--",
    "ü",
    "\udcff",
]


@in_most_shells
@pytest.mark.parametrize("kind", ["installed", "checkout"])
def test_arguments_arrive_as_they_were_given(
    shell: tuple[str, ...], kind: str, project: Path, request: pytest.FixtureRequest
) -> None:
    wf = request.getfixturevalue(kind)
    assert run([*shell, wf, *ARGUMENTS], project).report["arguments"] == ARGUMENTS


@in_most_shells
@pytest.mark.parametrize("kind", ["installed", "checkout"])
@pytest.mark.parametrize(
    "words", [[], ["-n"], ["--json"], ["current", ""], ["current", "--json"], ["Path"]]
)
def test_what_is_no_bare_current_or_path_is_handed_over(
    shell: tuple[str, ...],
    kind: str,
    words: list[str],
    project: Path,
    request: pytest.FixtureRequest,
) -> None:
    wf = request.getfixturevalue(kind)
    report = run([*shell, wf, *words], project).report
    assert report["arguments"] == words
    assert report["here"] == str(project)
    assert report["input"] == "from here\n"


@in_most_shells
@pytest.mark.parametrize("kind", ["installed", "checkout"])
@pytest.mark.parametrize("status", [0, 1, 2, 3, 4])
def test_the_exit_status_is_pythons(
    shell: tuple[str, ...],
    kind: str,
    status: int,
    project: Path,
    request: pytest.FixtureRequest,
) -> None:
    wf = request.getfixturevalue(kind)
    assert run([*shell, wf, "doctor"], project, STATUS=str(status)).status == status


# Only `current` and `path` are looked at before the hand-over, so they might leave something.
@in_most_shells
@pytest.mark.parametrize("kind", ["installed", "checkout"])
@pytest.mark.parametrize("verb", ["list", "current"])
@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C.UTF-8", "WF_THREAD": "odd"},
        {"LC_ALL": "", "PYTHONPATH": "/gone", "WF_ROOT": "gone"},
        {"wf_root": "x", "IFS": "x", "WF_SESSION": "gone", "POSIXLY_CORRECT": "1"},
    ],
)
def test_the_environment_arrives_as_it_was(
    shell: tuple[str, ...],
    kind: str,
    verb: str,
    variables: dict[str, str],
    project: Path,
    request: pytest.FixtureRequest,
) -> None:
    wf = request.getfixturevalue(kind)
    found = run([*shell, wf, verb], project, **variables).report["environment"]
    expected = {**os.environ, **variables}
    expected.pop("wf_root", None)
    changed = {
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    }
    # Shells may drop IFS, and a name that begins with wf_ is ours to use.
    assert changed <= SHELLS_OWN | {"IFS", "wf_root"}


@in_most_shells
def test_python_finds_the_package_of_the_checkout_and_nothing_of_the_project(
    shell: tuple[str, ...], checkout: Path, project: Path
) -> None:
    for name in ("json.py", "os.py", "wfsession/__init__.py", "wfsession/cli/main.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("raise SystemExit('the one of the project')\n")
    report = run([*shell, checkout, "list"], project).report
    assert report["module"] == str(checkout.parents[1] / "wfsession")
    assert not report["json"].startswith(str(project))
    safe = run([*shell, checkout, "list"], project, PYTHONSAFEPATH="1").report
    assert safe["path"] == report["path"]


@in_most_shells
@pytest.mark.parametrize("kind", ["installed", "checkout"])
@pytest.mark.parametrize("target", ["absolute", "relative", "chain", "folder"])
def test_it_finds_itself_behind_symlinks(
    shell: tuple[str, ...],
    kind: str,
    target: str,
    tmp_path: Path,
    project: Path,
    request: pytest.FixtureRequest,
) -> None:
    wf = request.getfixturevalue(kind)
    links = tmp_path / "local\n bin"
    links.mkdir()
    link = links / "wf"
    if target == "absolute":
        link.symlink_to(wf)
    elif target == "relative":
        link.symlink_to(os.path.relpath(wf, links))
    elif target == "chain":
        (links / "other\n").symlink_to(wf)
        (tmp_path / "middle").symlink_to("local\n bin/other\n")
        link.symlink_to("../middle")
    else:
        (links / "linked").symlink_to(wf.parent)
        link = links / "linked" / "wf"
    assert run([*shell, link, "list"], project).report["arguments"] == ["list"]
    relative = os.path.relpath(link, project)
    assert run([*shell, relative, "list"], project).report["arguments"] == ["list"]


@in_most_shells
@pytest.mark.parametrize("kind", ["installed", "checkout"])
def test_it_finds_itself_in_the_current_directory(
    shell: tuple[str, ...], kind: str, request: pytest.FixtureRequest
) -> None:
    wf = request.getfixturevalue(kind)
    assert run([*shell, "wf", "list"], wf.parent).report["arguments"] == ["list"]


@pytest.mark.needs("bash")
@pytest.mark.parametrize("kind", ["installed", "checkout"])
def test_it_finds_itself_on_path(kind: str, project: Path, request: pytest.FixtureRequest) -> None:
    wf = request.getfixturevalue(kind)
    path = f"{wf.parent}:{os.environ['PATH']}"
    assert run(["bash", "wf", "list"], project, PATH=path).report["arguments"] == ["list"]
    assert run(["wf", "list"], project, PATH=path).report["arguments"] == ["list"]
    assert run(["sh", "-c", "wf list"], project, PATH=path).report["arguments"] == ["list"]


def test_links_in_a_circle_end(installed: Path, project: Path) -> None:
    # No shell opens such a file, but it may become one after it was opened.
    (project / "wf").symlink_to("other")
    (project / "other").symlink_to("wf")
    text = f". {shlex.quote(str(installed))}"
    ended = run(["sh", "-c", text, "./wf"], project)
    assert ended.status == 1
    assert ended.error.startswith("wf: the Python of ")


@in_most_shells
def test_a_checkout_without_an_environment_uses_python_on_path(
    shell: tuple[str, ...], tmp_path: Path, project: Path
) -> None:
    wf = make_checkout(tmp_path / "checkout")
    good = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
    for name in ("python3", "python3.12", "python"):
        path = make_path(tmp_path / f"path of {name}", **{name: good})
        found = run([*program_of(shell), wf, "list"], project, PATH=path)
        assert found.report["module"] == str(wf.parents[1] / "wfsession")


@in_most_shells
def test_a_checkout_with_an_old_python_says_so(
    shell: tuple[str, ...], tmp_path: Path, project: Path
) -> None:
    wf = make_checkout(tmp_path / "checkout")
    pretend = "import sys; sys.version_info = (3, 9, 6); exec(sys.argv.pop(1))"
    old = f'#!/bin/sh\nshift\nexec {sys.executable} -c {shlex.quote(pretend)} "$@"\n'
    path = make_path(tmp_path / "path", python3=old)
    ended = run([*program_of(shell), wf, "list"], project, PATH=path)
    assert ended.status == 1
    assert ended.error.count("\n") == 1
    assert "3.11 or newer is needed, not 3.9" in ended.error


@in_most_shells
def test_without_any_python_one_sentence_says_what_to_do(
    shell: tuple[str, ...], tmp_path: Path, project: Path
) -> None:
    path = make_path(tmp_path / "path")
    for wf, advice in (
        (make_checkout(tmp_path / "checkout"), "put Python 3.11 or newer on PATH"),
        (make_installed(tmp_path / "venv" / "bin"), "install wfsession again"),
    ):
        (wf.parent / "wf-python").unlink(missing_ok=True)
        ended = run([*program_of(shell), wf, "list"], project, PATH=path)
        assert (ended.status, ended.out) == (1, "")
        assert ended.error.startswith("wf: ")
        assert ended.error.count("\n") == 1
        assert advice in ended.error
        answered = run([*program_of(shell), wf, "current"], project, PATH=path)
        assert answered == Run("WFS-a\n", "", 0)


@in_most_shells
def test_a_hook_without_any_python_does_not_fail(
    shell: tuple[str, ...], installed: Path, project: Path
) -> None:
    (installed.parent / "wf-python").unlink()
    ended = run([*shell, installed, "hook", "prompt"], project)
    assert (ended.status, ended.out) == (0, "")
    assert ended.error.startswith("wf: ")


@in_most_shells
@pytest.mark.parametrize("line", ["#!/gone/python", "#! /gone/python -I"])
def test_an_entry_point_whose_interpreter_is_gone_is_passed_over(
    shell: tuple[str, ...], line: str, installed: Path, project: Path
) -> None:
    write_program(installed.parent / "wf-python", f"{line}\n")
    ended = run([*shell, installed, "list"], project)
    assert ended.status == 1
    assert ended.error.count("\n") == 1
    write_program(installed.parent / "python3", '#!/bin/sh\necho "$@"\n')
    assert run([*shell, installed, "list"], project).out == "-P -m wfsession list\n"


@in_most_shells
def test_an_entry_point_of_any_kind_is_run(
    shell: tuple[str, ...], installed: Path, project: Path
) -> None:
    for line in ("#!/bin/sh", "#! /bin/sh -e", "#!/usr/bin/env sh", "# none"):
        write_program(installed.parent / "wf-python", f"{line}\necho reached\n")
        assert (
            run(["sh", "-c", 'exec "$@"', "sh", *shell, installed, "x"], project).out == "reached\n"
        )


@in_most_shells
@pytest.mark.parametrize("variables", [{}, {"WF_THREAD": "claude--1"}, {"WF_ROOT": "."}])
def test_a_current_directory_that_was_removed_is_pythons_to_judge(
    shell: tuple[str, ...], variables: dict[str, str], installed: Path, project: Path
) -> None:
    gone = project / "gone"
    gone.mkdir()
    script = f'cd {shlex.quote(str(gone))} && rmdir "$PWD" && exec "$@"'
    ended = run(["sh", "-c", script, "sh", *shell, installed, "current"], project, **variables)
    assert ended.report["arguments"] == ["current"]
    assert ended.report["here"] is None


@in_most_shells
def test_another_directory_in_the_place_of_the_one_removed_does_not_answer(
    shell: tuple[str, ...], installed: Path, project: Path, tmp_path: Path
) -> None:
    old, new = shlex.quote(str(project)), shlex.quote(str(tmp_path / "new"))
    build_tree(
        Tree((Entry(f"{ROOT}/WFS-z"), Entry(f"{ROOT}/.active-WFS-z", "file"))), tmp_path / "new"
    )
    script = f'cd {old} && rm -r {old} && mv {new} {old} && exec "$@"'
    ended = run(["sh", "-c", script, "sh", *shell, installed, "current"], tmp_path)
    assert ended.report["arguments"] == ["current"]


@in_most_shells
def test_an_answer_that_cannot_be_written_is_a_failure(
    shell: tuple[str, ...], installed: Path, project: Path
) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    script = 'exec "$@" >/dev/full'
    assert run(["sh", "-c", script, "sh", *shell, installed, "current"], project).status != 0


SITUATIONS: dict[str, dict[str, str]] = {
    "marker": {},
    "pin": {"WF_SESSION": "WFS-a"},
    "binding": {"WF_THREAD": "claude--1"},
    "named root": {"WF_ROOT": ROOT},
}


@in_most_shells
@pytest.mark.needs("strace")
@pytest.mark.parametrize("verb", ["current", "path"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_answer_starts_no_process(
    shell: tuple[str, ...],
    verb: str,
    situation: str,
    installed: Path,
    project: Path,
    tmp_path: Path,
) -> None:
    binding = project / ROOT / ".threads" / "claude--1"
    binding.parent.mkdir()
    binding.write_text("WFS-a\n")
    command: Command = [*shell, installed, verb]
    traced = _trace(command, project, tmp_path, SITUATIONS[situation])
    assert traced == ["execve"]


@in_most_shells
@pytest.mark.needs("strace")
def test_that_there_is_none_starts_no_process(
    shell: tuple[str, ...], installed: Path, tmp_path: Path
) -> None:
    command: Command = [*shell, installed, "current"]
    assert _trace(command, tmp_path, tmp_path, {}) == ["execve"]


@in_most_shells
@pytest.mark.needs("strace")
def test_a_hand_over_replaces_the_shell(
    shell: tuple[str, ...], installed: Path, tmp_path: Path
) -> None:
    write_program(installed.parent / "wf-python", "#!/bin/sh\nexit 0\n")
    command: Command = [*shell, installed, "list"]
    assert _trace(command, tmp_path, tmp_path, {}) == ["execve", "execve"]


def _trace(command: Command, here: Path, folder: Path, variables: dict[str, str]) -> list[str]:
    """Return the calls by which a command and its children began a process or a program."""
    log = folder / "calls"
    calls = "trace=execve,execveat,clone,clone3,fork,vfork"
    tracer: list[str | Path] = ["strace", "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", log]
    if run([*tracer, "true"], here).status != 0:
        pytest.skip("this system lets nobody be traced")
    ended = run([*tracer, *program_of((os.fspath(command[0]),)), *command[1:]], here, **variables)
    assert ended.error == ""
    lines = log.read_text(errors="replace").splitlines()
    begun = [line for line in lines if " = -1 " not in line and " resumed>" not in line]
    return [line.split("(")[0].split()[-1] for line in begun]
