"""How `%` and `format` put expressions into a text; what stands for each expression, their caller says."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from hptui.scripts.inspect.outputs.sample_texts import stand_in

CONVERSION = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(\d+|\*)?(?:\.(\d+|\*))?([diouxXeEfFgGcrsa%])")
FIELD = re.compile(r"\{\{|\}\}|\{([^{}:!]*)(?:![rsa])?(?::([^{}]*))?\}")
TextOf = Callable[[ast.expr, str], str]
"""Returns what stands for an expression, by its format."""


def percent_text(text_of: TextOf, text: str, values: Sequence[ast.expr]) -> str:
    """Return `text % values`."""
    remaining = iter(values)

    def replacement(match: re.Match[str]) -> str:
        if match[4] == "%":
            return "%"
        value = next(remaining, None)
        spec = {"d": "d", "i": "d", "s": "", "r": ""}.get(match[4], f".{match[3] or 4}f")
        return text_of(value, spec) if value is not None else stand_in("", spec)

    return CONVERSION.sub(replacement, text)


def format_text(text_of: TextOf, text: str, values: Sequence[ast.expr], named: Mapping[str, ast.expr]) -> str:
    """Return `text.format(*values, **named)`."""
    remaining = iter(values)

    def replacement(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        value = named.get(match[1]) or (
            values[int(match[1])] if match[1].isdigit() and int(match[1]) < len(values) else None
        )
        value = value or next(remaining, None)
        return text_of(value, match[2] or "") if value is not None else stand_in(match[1], match[2] or "")

    return FIELD.sub(replacement, text)
