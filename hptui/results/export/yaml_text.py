"""YAML that readers of versions 1.1 and 1.2 parse alike: `1e-05` without a dot is a text in YAML 1.1."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.results.export.quoting import quote_text

PLAIN_SCALAR = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
"""Texts that need no quotes, unless `RESERVED`."""
RESERVED_SCALARS = {"true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf", "y", "n"}
"""Words that YAML 1.1 or 1.2 does not read as text."""


def yaml_text(value: Mapping[str, Any] | Sequence[Any], indent: str = "") -> str:
    """Return block style with two spaces; lists of scalars are on one line."""
    text = ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            text += f"{indent}{_scalar_text(str(key))}:{_nested(item, indent)}"
        return text
    for item in value:
        block = _nested(item, indent)
        text += f"{indent}- {block.removeprefix(chr(10)).removeprefix(indent + '  ').removeprefix(' ')}"
    return text


def _nested(item: Any, indent: str) -> str:
    if isinstance(item, Mapping) and item:
        return "\n" + yaml_text(item, indent + "  ")
    if isinstance(item, list | tuple) and any(isinstance(entry, Mapping | list | tuple) for entry in item):
        return "\n" + yaml_text(item, indent + "  ")
    return f" {_scalar_text(item)}\n"


def _scalar_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_scalar_text(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar_text(str(key))}: {_scalar_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return (
            str(value) if PLAIN_SCALAR.fullmatch(value) and value.lower() not in RESERVED_SCALARS else quote_text(value)
        )
    return str(value)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}" if e else mantissa
