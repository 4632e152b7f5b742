"""What an agent gave a tool that the tool cannot use -> a sentence, and what it takes. Pure.

Imports errors, and the library that the SDK checks arguments with.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from wfsession.errors import InvalidValue

Schema = Mapping[str, Any]
_MOST_CHARACTERS = 60
# By how the library's own names of what is wrong begin.
_KINDS = {"string": "a text", "int": "a whole number", "bool": "true or false"}
_LACKING = {"missing": "it has to be given", "string_too_short": "it is empty"}
_CHOICE = re.compile("'([^']+)'")


def check_names(given: Mapping[str, object], schema: Schema) -> None:
    """Make sure that a tool knows all arguments that it was given: another name is a slip.

    Args:
        given: the arguments.
        schema: the tool's schema of them.

    Raises:
        InvalidValue: it does not know one.
    """
    takes = schema["properties"]
    for name, value in given.items():
        if name not in takes:
            hint = f"it takes {', '.join(takes)}" if takes else "it takes none"
            raise InvalidValue(name, value, "the tool has no such argument", hint)


def explain(error: ValidationError, schema: Schema) -> InvalidValue:
    """Return the first thing that is wrong with arguments, and what the argument is for."""
    first = error.errors(include_url=False)[0]
    name, value = str(first["loc"][0]), first["input"]
    reason = _find_reason(first["type"], value, first.get("ctx", {}))
    return InvalidValue(name, value, reason, schema["properties"][name]["description"])


def _find_reason(kind: str, value: object, context: Mapping[str, Any]) -> str:
    if kind in _LACKING:
        return _LACKING[kind]
    shown = _show(value)
    if kind == "literal_error":
        return f"{shown} is none of {', '.join(re.findall(_CHOICE, context['expected']))}"
    if kind == "greater_than_equal":
        return f"{shown} is less than {context['ge']}"
    return f"{shown} is not {_KINDS.get(kind.partition('_')[0], 'what it takes')}"


def _show(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
