"""What docs/cleaning.md says: its table is whole, and its receiver receives."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.workdirs.yard import Yard
from wfsession.workdirs.places import find_places
from wfsession.workdirs.reasons import CODES

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "cleaning.md").read_text("utf-8")
_ROW = re.compile(r"^\| (`[\w`, -]+) \| (dirty|unpushed|both|held) \|", re.MULTILINE)
SECRET = "a secret"


def test_the_table_has_every_code_with_its_kind() -> None:
    told = {
        code: kind for codes, kind in _ROW.findall(PAGE) for code in re.findall(r"[\w-]+", codes)
    }
    assert told == {code: kind for code, (kind, _) in CODES.items()}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (found,) = re.findall(r"^```py receiver\.py\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "receiver.py").write_text(found)
    beside = f"{REPOSITORY / 'bin'}:{Path(sys.executable).parent}"
    environment = {
        **os.environ,
        "PATH": f"{beside}:{os.environ['PATH']}",
        "WEBHOOK_SECRET": SECRET,
    }
    command = [sys.executable, "receiver.py", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline().split()[-1])
        process.kill()


def post(port: int, body: bytes, header: str, signature: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/", body, headers={header: signature}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def test_the_receiver_marks_what_is_signed_and_nothing_else(
    template: Path, tmp_path: Path, port: int
) -> None:
    made = Yard.make(template, tmp_path)
    yard = Yard(find_places(), made.repository, made.person)
    for branch in ("a", "b", "c"):
        yard.acquire(branch)
    bodies = {
        branch: json.dumps(
            {"ref": branch, "ref_type": "branch", "repository": {"clone_url": yard.remote.url}}
        ).encode()
        for branch in ("a", "b", "c")
    }
    signed = {
        branch: hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        for branch, body in bodies.items()
    }
    assert post(port, bodies["a"], "X-Hub-Signature-256", f"sha256={signed['a']}") == 204
    assert post(port, bodies["b"], "X-Gitea-Signature", signed["b"]) == 204
    assert post(port, bodies["c"], "X-Gitea-Signature", signed["b"]) == 403
    assert [yard.record(branch).marked is not None for branch in "abc"] == [True, True, False]
    nothing = hmac.new(SECRET.encode(), b"{", hashlib.sha256).hexdigest()
    assert post(port, b"{", "X-Gitea-Signature", nothing) == 400
