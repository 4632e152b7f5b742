"""The walk of somebody new, who has the built wheel, an empty home and README.md.

Nothing of the checkout is within reach of it but the wheel and the page. pip takes what the wheel
needs from where it takes everything on this machine.
"""

import http.cookiejar
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from attrs import frozen

from tests.cli.wf import run_in_terminal, wf
from tests.conftest import copy_fixture
from tests.docs.test_docs import REPOSITORY, list_blocks, normalise, run_console

README = REPOSITORY / "README.md"
PATIENCE_S = 120
# What is typed in each shell's own file, as the page has it.
_HOOKS = {
    "bash": 'eval "$(wf shell-init bash)"',
    "zsh": 'eval "$(wf shell-init zsh)"',
    "fish": "wf shell-init fish | source",
}
_LEFT = re.compile(r"`~/([\w./]+/wfsession)`")


@frozen
class Newcomer:
    """Somebody with a home, a project in it, and a virtual environment elsewhere."""

    home: Path
    venv: Path

    @property
    def project(self) -> Path:
        return self.home / "shop"

    @property
    def environment(self) -> dict[str, str]:
        """All that there is: nothing of whoever runs the tests."""
        path = os.pathsep.join([str(self.venv / "bin"), os.environ["PATH"]])
        return {
            "HOME": str(self.home),
            "PATH": path,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "80",
        }

    def type(
        self, line: str, said: str = "", shell: str = "bash"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shell, "-c", line],
            input=said,
            check=False,
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def read(self, line: str, said: str = "", shell: str = "bash") -> str:
        """Return what a line prints that succeeds and complains of nothing."""
        done = self.type(line, said, shell)
        assert (done.returncode, done.stderr) == (0, ""), (line, done)
        return done.stdout


def install(line: str, venv: Path) -> None:
    """Type a line in an environment, where an index and its settings are those of this machine."""
    path = os.pathsep.join([str(venv / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", line],
        check=False,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def see_files(top: Path) -> dict[str, bytes]:
    """Return the files below a directory, but those of `.workflow`."""
    paths = [path for path in sorted(top.rglob("*")) if ".workflow" not in path.parts]
    return {str(path.relative_to(top)): path.read_bytes() for path in paths if path.is_file()}


def come(top: Path) -> Newcomer:
    """Build the wheel, and install it as the page says."""
    dist = top / "dist"
    python = shlex.quote(sys.executable)
    build = f"{python} -m build --no-isolation --wheel --outdir {dist}"
    install(f"{build} {shlex.quote(str(REPOSITORY))}", top)
    (wheel,) = dist.iterdir()
    new = Newcomer((top / "ada").resolve(), (top / "venv").resolve())
    new.project.mkdir(parents=True)
    install(f"{python} -m venv {new.venv}", top)
    line = "pip install ."
    assert f"`{line}`" in README.read_text("utf-8")
    install(line.replace(" .", f" {wheel}"), new.venv)
    return new


def follow_the_page(new: Newcomer) -> None:
    story = "".join(list_blocks(README, "console"))
    assert normalise(run_console(story, new.project, new.environment), new.project) == story
    for number, block in enumerate(list_blocks(README, "python")):
        place = new.home / f"script{number}"
        place.mkdir()
        new.read(f"cd {place} && python", said=block)


def move_into_shells(new: Newcomer) -> None:
    text = README.read_text("utf-8")
    assert _HOOKS["bash"] in text
    assert _HOOKS["fish"] in text
    there = f"{new.project}/.workflow/WFS-user-profile\n"
    for shell, hook in _HOOKS.items():
        if shutil.which(shell):
            new.read("wf switch oauth")
            pinned = f"{hook}; wf use profile >/dev/null; wf current"
            assert new.read(pinned, shell=shell) == "WFS-user-profile\n"
            assert new.read("wf current") == "WFS-oauth-integration\n"
            moved = f"{hook}; wf switch profile --cd >/dev/null; pwd"
            assert new.read(moved, shell=shell) == there


def work_with_an_agent(new: Newcomer) -> None:
    own = new.home / ".claude" / "settings.json"
    own.parent.mkdir()
    own.write_text('{"model": "opus"}\n')
    before = see_files(new.home)
    scopes = ("", " --user")
    for scope in scopes:
        new.read(f"wf install claude-code{scope}")
    heard = []
    for event, groups in json.loads(own.read_bytes())["hooks"].items():
        said = {"hook_event_name": event, "session_id": "0f2c", "cwd": str(new.project)}
        commands = [one["command"] for group in groups for one in group["hooks"]]
        heard += [new.read(command, json.dumps(said), "sh") for command in commands]
    for scope in scopes:
        new.read(f"wf uninstall claude-code{scope}")
    assert "this conversation works on the session WFS-user-profile" in heard[0]
    added = {name for name in see_files(new.home) if name not in before}
    assert {name: data for name, data in see_files(new.home).items() if name in before} == before
    assert all("/wfsession/" in name for name in added), added


def bring_an_old_project(new: Newcomer) -> None:
    assert "`wf migrate`" in README.read_text("utf-8")
    old = copy_fixture("02-legacy-jsonl", new.home / "old")
    new.read(f"cd {old} && wf migrate")
    assert new.read(f"cd {old} && wf current && wf doctor").startswith("WFS-user-profile\n")


def look_in_a_browser(new: Newcomer) -> None:
    assert "`wf serve --open`" in README.read_text("utf-8")
    _, hint = new.type("wf serve").stderr.splitlines()
    install(hint.removeprefix("hint: "), new.home)
    process = subprocess.Popen(
        ["wf", "serve"], cwd=new.project, env=new.environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
            browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
            with browser.open(address, timeout=PATIENCE_S) as answer:
                assert b"WFS-user-profile" in answer.read()
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def leave(new: Newcomer) -> None:
    text = README.read_text("utf-8")
    assert "`pip uninstall`" in text
    install("pip uninstall --yes wfsession", new.venv)
    assert [path for path in new.venv.rglob("*") if path.name.startswith("wf")] == []
    mine = {"shop", "old", "script0"}
    places = tuple(_LEFT.findall(text))
    left = [name for name in see_files(new.home) if name.partition("/")[0] not in mine]
    assert [name for name in left if not name.startswith(places)] == [".claude/settings.json"]
    assert (new.project / ".workflow" / "WFS-user-profile").is_dir()


@pytest.mark.untraced
@pytest.mark.needs("bash", "git")
def test_what_the_page_says_is_what_somebody_new_sees(tmp_path: Path) -> None:
    new = come(tmp_path)
    follow_the_page(new)
    move_into_shells(new)
    work_with_an_agent(new)
    bring_an_old_project(new)
    look_in_a_browser(new)
    leave(new)


def test_the_picture_of_the_page_is_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wf("new", "OAuth integration")
    wf("new", "User profile")
    (picture,) = list_blocks(README, "text")
    lines = picture.splitlines()
    column = lines[0].index("$ wf list")
    files = [line[:column].rstrip() for line in lines]
    rows = [line[column:].rstrip() for line in lines if line[column:]]
    assert files == ["$ ls -A .workflow", *sorted(os.listdir(".workflow"))]
    shown = run_in_terminal("list", env={"NO_COLOR": "1"}).out
    assert rows == ["$ wf list", *(line.rstrip() for line in shown.splitlines())]
