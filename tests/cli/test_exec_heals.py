"""`wf exec` puts right what needs no judgement, says so in one line, and never depends on it."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, COMMAND, forget_moments, list_markers, read_record, run, see_tree

RECORD = "workflow-session.json"
GONE = ".active-WFS-gone"
CUT = b'{"project": "Kept", "type": "sim'
ENTER = "import wfsession\nwith wfsession.enter() as context:\n    print(context.session)"
is_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts, or becomes another"
)


def spoil(project: Path) -> Path:
    root = project / ".workflow"
    (root / GONE).touch()
    (root / ACTIVE / RECORD).write_bytes(CUT)
    forget_moments(project)
    return project


def test_it_heals_and_says_so_in_one_line(project: Path) -> None:
    spoil(project)
    done = run("exec", "sh", "-c", 'echo "$WF_SESSION"')
    assert (done.code, done.out) == (0, f"{ACTIVE}\n")
    assert done.err.startswith(f"wf: healed by itself: {GONE} named no directory and was removed;")
    assert f"{ACTIVE}/{RECORD} was damaged" in done.err
    assert done.err.count("\n") == 1
    assert list_markers(project) == [f".active-{ACTIVE}"]
    assert read_record(project, ACTIVE)["project"] == "Kept"
    again = run("exec", "true")
    assert (again.code, again.err) == (0, "")


def test_it_says_nothing_and_changes_nothing_where_nothing_is_wrong(project: Path) -> None:
    before = see_tree(project)
    assert run("exec", "true").err == ""
    assert see_tree(project) == before


def test_a_lock_that_is_held_keeps_no_command_waiting(project: Path) -> None:
    spoil(project)
    (project / ".workflow" / ".wf" / "lock").touch()
    with (project / ".workflow" / ".wf" / "lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        # It would wait for ever, but for its own limit of half a minute.
        done = run("exec", "true", prefix=("timeout", "20"))
    assert (done.code, done.err) == (0, "")
    assert GONE in list_markers(project)


@is_root
@pytest.mark.needs("unshare", "mount")
def test_on_a_read_only_file_system_it_goes_on_without(project: Path) -> None:
    spoil(project)
    before = see_tree(project)
    mount = f'mount --bind "{project}" "{project}" && mount -o remount,ro,bind "{project}"'
    # The new mount is in the way of the directory that one stands in.
    script = f'{mount} && cd "{project}" && ! touch .workflow/x 2>/dev/null && exec "$@"'
    prefix = ("unshare", "-m", "sh", "-c", script, "sh")
    if run("--version", prefix=prefix).code != 0:
        pytest.skip("no file system may be mounted here")
    done = run("exec", "sh", "-c", 'echo "$WF_SESSION"', prefix=prefix)
    assert (done.code, done.out, done.err) == (0, f"{ACTIVE}\n", "")
    # What `run` adds are arguments of the script, which has none.
    done = run(prefix=(*prefix, COMMAND[0], "-P", "-c", ENTER))
    assert (done.code, done.out, done.err) == (0, f"{ACTIVE}\n", "")
    assert see_tree(project) == before


@is_root
@pytest.mark.needs("setpriv")
def test_where_permissions_are_missing_it_goes_on_without(seed_tree: Path) -> None:
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if run("--version", cwd=Path("/"), prefix=nobody).code != 0:
        pytest.skip("nobody else may run this Python")
    # Not below the tests' own directory, which nobody else may enter.
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(seed_tree, project, symlinks=True)
        Path(folder).chmod(0o755)
        spoil(project)
        before = see_tree(project)
        done = run("exec", "true", cwd=project, prefix=nobody)
        assert (done.code, done.err) == (0, "")
        assert see_tree(project) == before
        # Its record is closed to them though the root is open: no copies pile up in the attic.
        (project / ".workflow").chmod(0o777)
        for _ in range(3):
            assert "damaged" not in run("exec", "true", cwd=project, prefix=nobody).err
        assert (project / ".workflow" / ACTIVE / RECORD).read_bytes() == CUT
        assert not (project / ".workflow" / ".attic").exists()
