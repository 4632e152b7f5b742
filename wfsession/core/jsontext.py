"""JSON texts <-> values, by orjson or, in a process that reads few, as orjson would by `json`.

orjson decides what is JSON and what it means. To load it takes as long as many commands work, so
while nobody did, a small text goes to the standard library, which is asked to refuse whatever the
two see differently; what it refuses goes to orjson. Pure. Imports nothing of ours.
"""

import json
import sys
from typing import Any, NoReturn

# With more texts than these to read, orjson is loaded in the time that it saves.
MANY = 2000
# Any number of so many digits is one that 64 bits hold.
_DIGITS = 18


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _read_whole(text: str) -> int:
    return int(text) if len(text) <= _DIGITS else _refuse(text)


def _read_fraction(text: str) -> float:
    number = float(text)
    return number if abs(number) < 1e300 else _refuse(text)


_DECODER = json.JSONDecoder(
    parse_int=_read_whole, parse_float=_read_fraction, parse_constant=_refuse
)


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text, as orjson reads it.

    Raises:
        ValueError: it is no JSON, or no UTF-8, or nested too deeply.
    """
    if "orjson" not in sys.modules:
        try:
            return _parse_plainly(data)
        except (ValueError, RecursionError):
            pass  # orjson says what is the matter, if anything is
    import orjson

    return orjson.loads(data)


def _parse_plainly(data: bytes) -> Any:
    # Half of a pair of surrogates can be written so, and is no text.
    if b"\\u" in data:
        raise ValueError
    return _DECODER.decode(data.decode())


def prepare_for(texts: int) -> None:
    """Load orjson, where so many texts are about to be read that it pays."""
    if texts >= MANY:
        import orjson  # noqa: F401 - `parse_json` sees that it is there


def encode_json(value: Any, indent: int | None = None) -> bytes:
    """Return a value as JSON with a newline at its end, compact, or indented by so many spaces.

    Raises:
        ValueError: a text in it is not valid UTF-8, or a number is none of JSON's.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )
    return f"{text}\n".encode()
