"""Times as records hold them: RFC 3339 on disk, aware UTC in memory. Pure but for `now`."""

import re
from datetime import UTC, datetime

_NAME_SUFFIX = re.compile(r"-(\d{8})-?(\d{6})\Z")


def now() -> datetime:
    """Return the present, in whole seconds, as records are written."""
    return datetime.now(UTC).replace(microsecond=0)


def encode_time(moment: datetime) -> str:
    """Return RFC 3339 with `Z`, with a fraction only where the moment has one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: object) -> datetime | None:
    """Return the moment that a record's text names, or None.

    A time without a zone is taken as UTC; a date alone as its midnight.
    """
    if not isinstance(text, str):
        return None
    try:
        # RFC 3339 allows small letters, which Python does not read.
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def parse_name_suffix(name: str) -> datetime | None:
    """Return the moment in `name-YYYYMMDDHHMMSS` or `name-YYYYMMDD-HHMMSS`, or None."""
    found = _NAME_SUFFIX.search(name)
    try:
        return datetime.strptime("".join(found.groups()) + "Z", "%Y%m%d%H%M%S%z") if found else None
    except ValueError:
        return None


def from_ns(nanoseconds: int) -> datetime:
    """Return the moment of a file's time stamp; the nearest one that a datetime can hold."""
    seconds = min(max(nanoseconds // 1_000_000_000, -62_135_596_800), 253_402_300_799)
    return datetime.fromtimestamp(seconds, UTC)


def make_stamp(moment: datetime) -> str:
    """Return `YYYYMMDD-HHMMSS`, as used in names of sessions and of the attic."""
    return moment.strftime("%Y%m%d-%H%M%S")
