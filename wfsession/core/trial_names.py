"""What the protocol assumes of a disk's names, links and directories, checked."""

import errno
import os
from unicodedata import normalize

from wfsession.core import layout
from wfsession.core.disk import identify
from wfsession.core.names import MARKER_PREFIX, MAX_BYTES, nfc
from wfsession.core.trial import Assumption, Seen, Trial
from wfsession.errors import UnsafePath

_SYSTEM_BYTES = 255
_INSIDE = "nothing outside the root is read or written"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


def check_hidden(trial: Trial) -> Seen:
    """See whether files whose names begin with a dot are listed and found."""
    names = [f"{MARKER_PREFIX}WFS-x", layout.PRIVATE, layout.ATTIC]
    for name in names:
        trial.folder.create_marker(name)
    listed = trial.folder.list_names()
    gone = [name for name in names if name not in listed or trial.folder.find(name) is None]
    if gone:
        return Seen(False, f"not to be seen once made: {', '.join(gone)}")
    return Seen(True, f"names such as {names[0]} are listed and found")


def check_names(trial: Trial) -> Seen:
    """Make the longest names that there are, in several scripts and in both Unicode forms."""
    longest = {
        f"{MAX_BYTES} bytes": "x" * MAX_BYTES,
        f"{MAX_BYTES} bytes of Chinese": "集" * (MAX_BYTES // 3) + "xx",
        "composed letters": normalize("NFC", "WFS-é-ü"),
    }
    refused = []
    for what, name in longest.items():
        try:
            trial.folder.create_marker(MARKER_PREFIX + name)
        except OSError as error:
            refused.append(f"{what} ({error.strerror})")
            continue
        if MARKER_PREFIX + name not in map(nfc, trial.folder.list_names()):
            refused.append(f"{what} (listed as something else)")
    if refused:
        return Seen(False, f"names are refused: {', '.join(refused)}")
    return Seen(True, f"markers of names of {MAX_BYTES} bytes can be made, {_tell_longest(trial)}")


def _tell_longest(trial: Trial) -> str:
    try:
        trial.folder.create_marker("y" * _SYSTEM_BYTES)
    except OSError:
        return f"though no file names of {_SYSTEM_BYTES}"
    return f"and file names of {_SYSTEM_BYTES}"


def check_case(trial: Trial) -> Seen:
    """See whether names that differ only in case are two."""
    trial.folder.create_marker("Case")
    if trial.folder.find("cASE") is None:
        return Seen(True, "names that differ only in case are two")
    return Seen(False, "names that differ only in case are one; the name as it was made counts")


def check_forms(trial: Trial) -> Seen:
    """See whether names are kept in the Unicode form in which they were made."""
    composed, decomposed = normalize("NFC", "form-ü"), normalize("NFD", "form-ü")
    trial.folder.create_marker(composed)
    if composed not in trial.folder.list_names():
        return Seen(False, "composed letters (NFC) are taken apart; names are compared composed")
    if trial.folder.find(decomposed) is not None:
        return Seen(False, "both Unicode forms of a name (NFC, NFD) are one name")
    return Seen(True, "both Unicode forms of a name (NFC, NFD) are kept as they are")


def check_symlinks(trial: Trial) -> Seen:
    """Put symlinks where a file and a directory are opened."""
    folder = trial.folder
    folder.create_marker("aimed-at")
    folder.make("aimed-into")
    try:
        folder.make_symlink("link-to-file", "aimed-at")
        folder.make_symlink("link-to-directory", "aimed-into")
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return Seen(True, "there are no symlinks on this disk")
    followed = []
    try:
        folder.read("link-to-file", 1)
        followed.append("a file")
    except UnsafePath:
        pass  # as it must be
    try:
        folder.child("link-to-directory").close()
        followed.append("a directory")
    except UnsafePath:
        pass  # as it must be
    if followed:
        return Seen(False, f"a symlink to {' and to '.join(followed)} was followed")
    return Seen(True, "symlinks to a file and to a directory were refused when they were opened")


def check_descriptors(trial: Trial) -> Seen:
    """Rename a directory that is open, and go on in it."""
    trial.folder.make("open-directory")
    with trial.folder.child("open-directory") as inner:
        trial.folder.replace("open-directory", "open-directory-renamed")
        trial.folder.make("open-directory")
        try:
            inner.create_marker("here")
        except OSError as error:
            return Seen(False, f"a directory that was renamed while it was open: {error.strerror}")
    with trial.folder.child("open-directory-renamed") as inner:
        follows = inner.find("here") is not None
    where = "the directory itself" if follows else "another directory of the same path"
    return Seen(
        follows, f"after an open directory was renamed, what was made in it went to {where}"
    )


def check_inodes(trial: Trial) -> Seen:
    """Look at a file and a directory again after each was renamed."""
    folder = trial.folder
    folder.create_marker("numbered")
    folder.make("numbered-directory")
    before = [identify(folder.stat("numbered"))[:2], folder.stat("numbered-directory").st_ino]
    folder.replace("numbered", "numbered-2")
    folder.replace("numbered-directory", "numbered-directory-2")
    after = [identify(folder.stat("numbered-2"))[:2], folder.stat("numbered-directory-2").st_ino]
    kept = before == after
    return Seen(kept, f"what was renamed {'kept its' if kept else 'got another'} inode number")


def check_links(trial: Trial) -> Seen:
    """Give a file a second name, and take it away."""
    folder = trial.folder
    folder.create_marker("first-name")
    try:
        folder.make_hard_link("first-name", "second-name")
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return Seen(True, "there are no hard links on this disk")
    counts = [folder.stat("first-name").st_nlink]
    folder.unlink("second-name")
    counts.append(folder.stat("first-name").st_nlink)
    text = f"a file counted {counts[0]} names with a hard link and {counts[1]} without"
    return Seen(counts == [2, 1], text)


def check_taken(trial: Trial) -> Seen:
    """Rename a directory onto one that holds something."""
    folder = trial.folder
    for name in ("moved", "taken"):
        folder.make(name)
        with folder.child(name) as inner:
            inner.create_marker(name)
    try:
        folder.replace("moved", "taken")
    except OSError as error:
        return Seen(True, f"to rename a directory onto a taken name was refused ({error.strerror})")
    return Seen(False, "a directory was renamed onto another that held something")


def check_device(trial: Trial) -> Seen:
    """Compare the devices of what belongs together: ours, and a root's that is beside it."""
    trial.folder.make("subdirectory")
    device = trial.folder.stat("subdirectory").st_dev
    beside = os.path.dirname(trial.folder.path)
    base = beside if os.path.basename(beside) == layout.ROOT else os.path.join(beside, layout.ROOT)
    paths = [base, *(os.path.join(base, name) for name in sorted(layout.OWN))]
    there = [path for path in paths if os.path.isdir(path) and not os.path.islink(path)]
    others = [path for path in there if os.lstat(path).st_dev != device]
    if trial.folder.read_status().st_dev != device:
        return Seen(False, "a new directory is on another device than the one that it is in")
    if others:
        return Seen(False, f"on another device than {beside}: {', '.join(others)}")
    beside_ours = f", as are {len(there)} of the .workflow's" if there else ""
    return Seen(True, f"a new directory is on the device of the one that it is in{beside_ours}")


def check_file_sync(trial: Trial) -> Seen:
    """Write a file through to the drive."""
    try:
        trial.folder.create("synced", b"x" * 4096)
    except OSError as error:
        return Seen(False, f"to sync a file failed ({error.strerror})")
    return Seen(True, "the sync of a file was accepted; what the drive does cannot be seen")


def check_directory_sync(trial: Trial) -> Seen:
    """Write a directory's names through to the drive."""
    try:
        accepted = trial.folder.sync()
    except OSError as error:
        return Seen(False, f"to sync a directory failed ({error.strerror})")
    if not accepted:
        return Seen(False, "directories cannot be synced here")
    return Seen(True, "the sync of a directory was accepted; what the drive does cannot be seen")


_POWER = "a finished command survives a power failure"
NAMES = (
    Assumption("hidden-files-are-listed", "the marker shows which session is active", check_hidden),
    Assumption("names-are-kept", "every valid name can be a session's", check_names),
    Assumption("case-is-distinguished", "", check_case),
    Assumption("unicode-forms-are-distinguished", "", check_forms),
    Assumption("symlinks-are-refused", _INSIDE, check_symlinks),
    Assumption("open-directories-stay-open", _INSIDE, check_descriptors),
    Assumption("inodes-stay", "what others change meanwhile is not overwritten", check_inodes),
    Assumption("hard-links-are-counted", "a file with a second name is never deleted", check_links),
    Assumption("taken-names-are-refused", "no session is moved over another", check_taken),
    Assumption("one-device", "a session is archived in one step", check_device),
    Assumption("files-are-synced", _POWER, check_file_sync),
    Assumption("directories-are-synced", _POWER, check_directory_sync),
)
