"""A configuration as text that another program reads: YAML, TOML, JSON, CSV, flags, Python. Numbers stay numbers.

YAML is written so that YAML 1.1 readers agree: `1e-05` has no dot and would be a text to them.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.model.clean import clean

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
BARE = re.compile(r"[A-Za-z0-9_-]+")
RESERVED = {"true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf", "y", "n"}
UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
SURROGATE = re.compile("[\ud800-\udfff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def comment(lines: Sequence[str]) -> str:
    """`# ` before every line; a text that came from outside cannot end the comment."""
    return "".join(f"# {clean(line)}\n" for line in lines)


def quoted(text: str) -> str:
    """A text in double quotes, as JSON, YAML and TOML all read it."""
    whole = SURROGATE.sub("\ufffd", text)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(whole, ensure_ascii=False))


def json_text(value: Any) -> str:
    """Indented JSON. What is no number must have been replaced before."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


# yaml -----------------------------------------------------------------------------------------------------------


def yaml_text(value: Mapping[str, Any] | Sequence[Any], indent: str = "") -> str:
    """Block style, two spaces; lists of scalars on one line."""
    text = ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            text += f"{indent}{_yaml_scalar(str(key))}:{_yaml_below(item, indent)}"
        return text
    for item in value:
        block = _yaml_below(item, indent)
        text += f"{indent}- {block.removeprefix(chr(10)).removeprefix(indent + '  ').removeprefix(' ')}"
    return text


def _yaml_below(item: Any, indent: str) -> str:
    if isinstance(item, Mapping) and item:
        return "\n" + yaml_text(item, indent + "  ")
    if isinstance(item, list | tuple) and any(isinstance(one, Mapping | list | tuple) for one in item):
        return "\n" + yaml_text(item, indent + "  ")
    return f" {_yaml_scalar(item)}\n"


def _yaml_scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _yaml_float(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_yaml_scalar(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_yaml_scalar(str(key))}: {_yaml_scalar(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) and value.lower() not in RESERVED else quoted(value)
    return str(value)


def _yaml_float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{exponent}" if e else mantissa


# toml -----------------------------------------------------------------------------------------------------------


def toml_text(value: Mapping[str, Any]) -> str:
    """One `key = value` a line. TOML has no word for nothing: such a setting becomes a comment."""
    lines = []
    for key, item in value.items():
        name = toml_key(key)
        lines.append(f"# {name} is none" if item is None else f"{name} = {toml_value(item)}")
    return "".join(f"{line}\n" for line in lines)


def toml_key(key: str) -> str:
    """A key, quoted if it must be."""
    return key if BARE.fullmatch(key) else quoted(key)


def toml_value(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # nan and inf are TOML, too
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value if item is not None)}]"
    if isinstance(value, Mapping):
        inside = [f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None]
        return f"{{ {', '.join(inside)} }}" if inside else "{}"
    return quoted(value) if isinstance(value, str) else str(value)


# flags, python, csv ---------------------------------------------------------------------------------------------


def flags_text(value: Mapping[str, Any], *, hyphens: bool = False) -> str:
    """`--learning_rate=0.0002 --lr_steps=10000,20000`, safe to paste into a shell. What is none is left out."""
    return " ".join(shlex.quote(flag) for flag in flags(value, hyphens=hyphens)) + "\n"


def flags(value: Mapping[str, Any], *, hyphens: bool = False) -> list[str]:
    """The arguments, one by one."""
    named = {key.replace("_", "-") if hyphens else key: item for key, item in value.items() if item is not None}
    return [f"--{key}={_flag(item)}" for key, item in named.items()]


def _flag(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ",".join(_flag(item) for item in value)
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def python_text(value: Any, name: str) -> str:
    """An assignment that Python reads back as the same value."""
    if isinstance(value, Mapping):
        inside = "".join(f"    {key!r}: {_python(item)},\n" for key, item in value.items())
        return f"{name} = {{\n{inside}}}\n"
    inside = "".join(f"    {_python(item)},\n" for item in value)
    return f"{name} = [\n{inside}]\n"


def _python(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_python(item) for item in value)}]"
    return ascii(value)


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows under all their keys. What is missing is an empty cell; a text that a spreadsheet would run is disarmed."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([cell(name) for name in names])
    writer.writerows([[cell(row.get(name)) for name in names] for row in rows])
    return text.getvalue()


def cell(value: Any) -> str:
    """One cell of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        value = json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else str(value)
