"""Moments and paths as the user of this machine sees them. Pure but for where that is."""

import os
from datetime import UTC, datetime, timedelta, tzinfo

_SHORT_ID = 8


def tell_status(status: str, is_certain: bool) -> str:
    """Return what became of something, with a question mark where only file times tell."""
    return status if is_certain else f"{status}?"


def tell_moment(moment: datetime | None) -> str:
    """Return a moment as the user's clock showed it, or an empty text."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""


def shorten_id(thread: str) -> str:
    """Return enough of a thread's id to type."""
    return thread[:_SHORT_ID]


def shorten_paths(text: str) -> str:
    """Return a text in which paths begin where the user is, or with `~`."""
    try:
        here = os.getcwd()
    except FileNotFoundError:
        # Deleted meanwhile: nothing is below it.
        here = ""
    home = os.path.expanduser("~")
    for directory, name in ((here, ""), (home, "~/")):
        if len(directory) > 1:
            text = text.replace(f"{directory}/", name)
    return text


class LocalZone(tzinfo):
    """Where the user is, with summer and winter as they were at each moment."""

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
