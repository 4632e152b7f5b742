"""Where days begin: the zone of who reads, or of this machine. Reads only the zones' files."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo


def find_zone(name: str) -> tzinfo:
    """Return the zone of a name as in `Europe/Berlin`; this machine's where there is none such."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # It comes from a reader, who may have sent anything.
        return LocalZone()


class LocalZone(tzinfo):
    """This machine's zone, with summer and winter as they were at each moment."""

    def fromutc(self, dt: datetime) -> datetime:
        """Return the moment on the user's clock."""
        return dt.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return how far the user's clock was ahead."""
        return dt.replace(tzinfo=None).astimezone().utcoffset() if dt else None

    def dst(self, dt: datetime | None) -> timedelta | None:
        """Return nothing: it is part of the offset."""
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        """Return a word for it."""
        return "local"
