"""Which kind of file system a path is on, from the system's table of mounts."""

import pytest

from wfsession.core.mounts import find_hint, find_kind, parse_mounts, read_kind

TABLE = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
30 22 0:40 / /mnt/two\040words rw,relatime shared:5 master:2 - nfs4 host:/x rw,vers=4.2
31 30 0:41 / /mnt/two\040words/in rw - fuse.sshfs me@host: rw
32 22 0:42 / /over rw - overlay overlay rw,lowerdir=/a
33 32 0:43 / /over rw - tmpfs tmpfs rw

a line that says nothing
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/ada", "ext4"),
        ("/procession", "ext4"),
        ("/proc/self", "proc"),
        ("/mnt/two words", "nfs4"),
        ("/mnt/two words/of/mine", "nfs4"),
        ("/mnt/two words/in/it", "fuse.sshfs"),
        ("/over", "tmpfs"),
    ],
)
def test_the_deepest_mount_above_a_path_counts_and_the_later_of_two(path: str, kind: str) -> None:
    assert find_kind(parse_mounts(TABLE), path) == kind


def test_where_nothing_is_told_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_mounts("") == ()
    assert find_kind((), "/home") == ""
    monkeypatch.setattr("wfsession.core.mounts._TABLE", "/nowhere/mountinfo")
    assert read_kind("/") == ""


def test_the_kind_of_a_real_path_is_told_by_linux() -> None:
    assert read_kind("/proc") in ("proc", "")


@pytest.mark.parametrize(
    ("kind", "word"),
    [("nfs", "clocks"), ("nfs4", "clocks"), ("fuse.sshfs", "program"), ("ext4", ""), ("", "")],
)
def test_known_kinds_come_with_a_hint(kind: str, word: str) -> None:
    hint = find_hint(kind)
    assert word in hint
    assert bool(hint) == bool(word)
