"""YAML that readers of 1.1 and 1.2 agree on: `1e-05` has no dot and would be a text to half of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.results.export.quoting import quoted

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
RESERVED = {"true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf", "y", "n"}


def yaml_text(value: Mapping[str, Any] | Sequence[Any], indent: str = "") -> str:
    """Block style, two spaces; lists of scalars on one line."""
    text = ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            text += f"{indent}{_scalar(str(key))}:{_below(item, indent)}"
        return text
    for item in value:
        block = _below(item, indent)
        text += f"{indent}- {block.removeprefix(chr(10)).removeprefix(indent + '  ').removeprefix(' ')}"
    return text


def _below(item: Any, indent: str) -> str:
    if isinstance(item, Mapping) and item:
        return "\n" + yaml_text(item, indent + "  ")
    if isinstance(item, list | tuple) and any(isinstance(one, Mapping | list | tuple) for one in item):
        return "\n" + yaml_text(item, indent + "  ")
    return f" {_scalar(item)}\n"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_scalar(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_scalar(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return str(value) if PLAIN.fullmatch(value) and value.lower() not in RESERVED else quoted(value)
    return str(value)


def _float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}" if e else mantissa
