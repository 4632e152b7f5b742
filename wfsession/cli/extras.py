"""What to type where an extra of ours is not installed.

By the interpreter that runs, as `pip` alone may be that of another environment. A `wfsession` that
is installed already is not looked for in an index, so that this works for one from a checkout too.
"""

import shlex
import sys
from importlib.util import find_spec


def tell_install(extra: str) -> str:
    """Return the command that adds an extra to the installation that runs."""
    python = shlex.quote(sys.executable)
    if find_spec("pip") is not None:
        return f"{python} -m pip install 'wfsession[{extra}]'"
    # uv makes environments without pip, for itself and for pipx.
    return f"uv pip install --python {python} 'wfsession[{extra}]'"
