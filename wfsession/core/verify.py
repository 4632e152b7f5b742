"""Trying out on the user's own disk what the protocol assumes of it, and what hangs on that.

All happens in a directory of its own, which is removed in the end; nothing else is touched.
"""

from collections.abc import Generator

from attrs import frozen

from wfsession.core.trial import Assumption, Seen, Trial, open_trial
from wfsession.core.trial_names import NAMES
from wfsession.core.trial_times import TIMES
from wfsession.core.trial_together import TOGETHER
from wfsession.errors import WfError, as_wf_error

# The last one kills a process that the others need.
ASSUMPTIONS = (*NAMES, *TIMES, *TOGETHER)


@frozen
class Check:
    """One assumption of the protocol, tried out.

    `holds` is None where it could not be told; `seen` a sentence; `promise` what hangs on it,
    empty where nothing does.
    """

    name: str
    holds: bool | None
    seen: str
    promise: str

    @property
    def breaks_promise(self) -> bool:
        """Tell whether something is promised that does not hold here, or may not."""
        return bool(self.promise) and self.holds is not True


def verify(directory: str) -> Generator[Check, None, None]:
    """Try out each assumption in a directory, one after the other.

    Close the iterator, if it is not read to its end: what was made is removed then.

    Args:
        directory: the absolute path of a real directory, in which one is made and removed again.

    Yields:
        The checks, in the order of ASSUMPTIONS.

    Raises:
        UnsafePath, DiskFailed: nothing can be made there, or be removed again.

    On crash: a directory `.wf-verify-…` stays, which may be deleted.
    """
    try:
        with open_trial(directory) as trial:
            for assumption in ASSUMPTIONS:
                seen = _try(assumption, trial)
                yield Check(assumption.name, seen.holds, seen.text, assumption.promise)
    except OSError as error:
        raise as_wf_error(directory, error) from None


def _try(assumption: Assumption, trial: Trial) -> Seen:
    try:
        return assumption.check(trial)
    except OSError as error:
        reason = str(error) if isinstance(error, WfError) else error.strerror
        return Seen(None, f"it could not be tried: {reason}")
