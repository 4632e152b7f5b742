"""Streams, directories and interruptions that are not as one would wish: no traceback, ever."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.wf import ACTIVE, COMMAND, PAUSED, list_markers, make_environment, run, wf

FULL = Path("/dev/full")


@pytest.mark.parametrize("words", [("list", "--all"), ("list", "--json"), ("help",), ("current",)])
def test_a_reader_that_has_left_is_no_error(project: Path, words: tuple[str, ...]) -> None:
    outer, inner = os.pipe()
    os.close(outer)
    done = run(*words, cwd=project, capture_output=False, stdout=inner, stderr=subprocess.PIPE)
    os.close(inner)
    assert (done.code, done.err) == (0, "")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("list",), ("current",), ("list", "--json"), ("help",)])
def test_an_answer_that_cannot_be_written_is_an_error(
    project: Path, words: tuple[str, ...]
) -> None:
    with FULL.open("wb") as full:
        done = run(*words, cwd=project, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.code == 1
    assert done.err == "wf: the answer could not be printed: No space left on device\n"


@pytest.mark.parametrize("verb", ["list", "current"])
def test_a_closed_standard_output_is_an_error(project: Path, verb: str) -> None:
    done = run(verb, cwd=project, prefix=("sh", "-c", 'exec "$@" >&-', "sh"))
    assert done.code == 1
    assert done.err == "wf: the answer could not be printed: standard output is closed\n"


@pytest.mark.parametrize(
    ("words", "closed"),
    [
        (("workdir", "webhook"), "<&-"),
        (("trace", "rewrite"), "<&-"),
        (("mcp",), "<&-"),
        (("mcp",), ">&-"),
    ],
)
def test_a_verb_that_reads_from_a_closed_stream_says_so(
    project: Path, words: tuple[str, ...], closed: str
) -> None:
    done = run(*words, cwd=project, prefix=("sh", "-c", f'exec "$@" {closed}', "sh"))
    assert done.code == 2
    assert done.err.startswith("wf: ")
    assert "standard" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("words", [("switch", PAUSED), ("list",), ("swich",), ("current",)])
def test_without_standard_error_all_else_goes_on(project: Path, words: tuple[str, ...]) -> None:
    plain = run(*words, "--json", cwd=project)
    wf("switch", ACTIVE)
    closed = run(*words, "--json", cwd=project, prefix=("sh", "-c", 'exec "$@" 2>&-', "sh"))
    assert closed.code == plain.code
    assert closed.envelope["ok"] is plain.envelope["ok"]


def test_an_encoding_that_lacks_letters_is_no_traceback(empty: Path) -> None:
    wf("new", "OAuth 集成 é")
    for encoding in ("ascii", "latin-1", "utf-8"):
        for words in (("list",), ("show",), ("current",), ("list", "--json")):
            done = run(*words, cwd=empty, env={"PYTHONIOENCODING": f"{encoding}:strict"})
            assert (done.code, done.err) == (0, "")
            assert "oauth" in done.out
    assert "\\u96c6" in run("list", cwd=empty, env={"PYTHONIOENCODING": "ascii:strict"}).out


@pytest.mark.parametrize("words", [("list",), ("current",), (), ("new", "x"), ("init",), ("show",)])
def test_a_current_directory_that_was_deleted_is_a_sentence(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1"; rmdir "$1"; shift; exec "$@"'
    done = run(*words, prefix=("sh", "-c", script, "sh", str(gone)))
    assert done.code == 1
    assert "Traceback" not in done.err
    assert done.err.startswith("wf: the current directory has been deleted\nhint: ")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system has no /proc")
def test_ctrl_c_is_130_and_says_nothing(project: Path) -> None:
    # Held by somebody else, the lock makes the command wait.
    hold = (
        "import sys, time\n"
        "from wfsession.core.disk import Folder\n"
        "from wfsession.core.lock import Lock\n"
        "lock = Lock(Folder.open(sys.argv[1]), '.wf', 'lock'); lock.acquire(1)\n"
        "print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(project / ".workflow")],
        env=make_environment(),
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    waiting = subprocess.Popen(
        [*COMMAND, "switch", PAUSED],
        env=make_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        # It has begun to wait once it has the lock file open.
        lock = str(project / ".workflow" / ".wf" / "lock")
        while lock not in read_links(waiting.pid):
            assert waiting.poll() is None
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=30)
    finally:
        holder.kill()
        holder.communicate()
    assert (waiting.returncode, out, err) == (130, b"", b"")
    assert list_markers(project) == [f".active-{ACTIVE}"]


def read_links(pid: int) -> set[str]:
    links = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.add(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            continue  # closed again meanwhile
    return links


def test_arguments_that_are_no_utf8_are_a_sentence(project: Path) -> None:
    for words in ((b"switch", b"a\xff"), (b"a\xff",), (b"list", b"--a\xff"), (b"--root", b"a\xff")):
        done = run(*words, cwd=project)
        assert done.code in (1, 2)
        assert done.err.startswith("wf: ")
        assert "Traceback" not in done.err
        assert run(*words, "--json", cwd=project).envelope["ok"] is False
