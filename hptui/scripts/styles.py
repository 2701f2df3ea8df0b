"""How parameters are passed on a command line: a style per family of argument parsers. Pure.

Floats are always written so that a strict parser takes them for floats (`1.0`, `1e-05`), integers never.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, cast

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import Value

NAMES = ("keep", "dash", "dotted")
BOOLEANS = ("True", "true", "flag", "no", "1")
LISTS = ("spaced", "comma", "repeated", "bracketed", "json", "python")
STRINGS = ("bare", "quoted", "literal", "hydra")
TABLES = ("flat", "python")
NULLS = ("", "None", "null")
ALSO = ("", "wandb")


@dataclass(frozen=True, slots=True)
class ArgumentStyle:
    """How a command line is written, field by field.

    `names`: as they are, `_` as `-`, or `__` as `.`; the names of a nested table are joined with dots in each.
    `booleans`: a word; `flag`: `--x` if true, else nothing; `no`: `--x` or `--no-x`. `lists`: `--x 1 2`, `--x=1,2`,
    `--x=1 --x=2`, `--x=[1,2]`, as JSON, or as Python's `str`. `strings`: as they are, in quotes, or in
    quotes where they would be read as something else. `tables`: flattened into dotted names, or each as a Python
    dictionary. `nulls`: the word for null; empty: the parameter is left out. `also`: parameters are in `wandb.config`,
    too. `each`: `booleans` of single parameters, for a script that has flags of two kinds.
    `stated` are the properties that the study file names itself.
    """

    prefix: str = "--"
    separator: str = "="
    names: str = "keep"
    booleans: str = "flag"
    lists: str = "spaced"
    strings: str = "bare"
    tables: str = "flat"
    nulls: str = ""
    also: str = ""
    each: tuple[tuple[str, str], ...] = ()
    stated: frozenset[str] = frozenset()

    def booleans_of(self, name: str) -> str:
        """Return how a boolean parameter is passed."""
        return dict(self.each).get(name.replace("-", "_"), self.booleans)


STYLES: dict[str, ArgumentStyle] = {
    # "=" and not a space: argparse takes "-1e-05" after a space for an option.
    "argparse": ArgumentStyle(),
    "hf": ArgumentStyle(booleans="True"),
    "hydra": ArgumentStyle(prefix="", booleans="true", lists="bracketed", strings="hydra", nulls="null"),
    "fire": ArgumentStyle(booleans="True", lists="bracketed", strings="literal", nulls="None"),
    # A false flag is passed, too: if it were left out, `--shuffle/--no-shuffle` would keep a default of true.
    "click": ArgumentStyle(names="dash", booleans="no", lists="repeated"),
    "jsonargparse": ArgumentStyle(booleans="true", lists="json", nulls="null"),
    "exact": ArgumentStyle(booleans="True", lists="json", nulls="None"),
    "dotted": ArgumentStyle(names="dotted", booleans="true", lists="json"),
}
"""Presets by name. `jsonargparse` is for its CLI and LightningCLI, `exact` for scripts that compare types; `dotted` for
`--optimizer.lr=0.1`."""

STYLES_WITHOUT_ARGUMENTS = ("env", "wandb", "constants", "none")
"""Presets that pass nothing on the command line: parameters are environment variables, in `wandb.config`, constants at
the top of a Python script, or not passed at all."""

NOT_AS_JSON = re.compile(r"[\\\x00-\x1f]")
"""Characters that JSON escapes in a way that Hydra does not know."""
BEFORE_QUOTE = re.compile(r'(\\*)("|\Z)')
IDENTIFIER = re.compile(r"[A-Za-z_/~][\w./@+-]*")
LITERAL_WORDS = {"true", "false", "null", "none", "nan", "inf", "yes", "no", "on", "off"}
CHOICES = {
    "names": NAMES,
    "booleans": BOOLEANS,
    "lists": LISTS,
    "strings": STRINGS,
    "separator": ("=", " "),
    "tables": TABLES,
    "nulls": NULLS,
    "also": ALSO,
}


def read_style(value: Value, where: str = "trainer.style") -> ArgumentStyle | str:
    """Read a preset's name, or a table on top of one: `{ preset = "hydra", prefix = "++" }`.

    A preset that passes nothing on the command line is returned as its name.

    Raises: UserError.
    """
    names = (*STYLES, *STYLES_WITHOUT_ARGUMENTS)
    if isinstance(value, str):
        if value not in names:
            raise UserError(f"{where}: there is no style {value!r}", hint=did_you_mean(value, names))
        return STYLES.get(value, value)
    if not isinstance(value, dict):
        raise UserError(
            f"{where}: must be a style's name or a table, got {value!r}", hint=f"styles: {', '.join(names)}"
        )
    overrides = dict(value)
    base = overrides.pop("preset", "argparse")
    if base not in STYLES:
        raise UserError(f"{where}.preset: there is no style {base!r}", hint=did_you_mean(str(base), STYLES))
    keys = [field.name for field in fields(ArgumentStyle) if field.name not in ("each", "stated")]
    by_parameter = overrides.pop("booleans") if isinstance(overrides.get("booleans"), dict) else {}
    each = tuple((name.replace("-", "_"), str(form)) for name, form in cast(dict[str, Any], by_parameter).items())
    for name, form in each:
        if form not in BOOLEANS:
            raise UserError(f"{where}.booleans.{name}: cannot be {form!r}", hint=did_you_mean(form, BOOLEANS))
    for key, item in overrides.items():
        if key not in keys:
            raise UserError(f"{where}: unknown key {key!r}", hint=did_you_mean(key, ["preset", *keys]))
        choices = CHOICES.get(key)
        if not isinstance(item, str) or (choices and item not in choices):
            hint = did_you_mean(str(item), choices) if choices else "for instance '--', '', '+' or '++'"
            raise UserError(f"{where}.{key}: cannot be {item!r}", hint=hint)
    return replace(STYLES[str(base)], each=each, stated=frozenset(overrides), **cast(dict[str, Any], overrides))


def arguments(style: ArgumentStyle, parameters: Mapping[str, Value]) -> list[str]:
    """Return parameters as words of a command line, in their order.

    None is left out, or written as the style has it.
    """
    items = flatten(parameters, nulls=True) if style.tables == "flat" else parameters.items()
    return [text for name, value in items if value is not None or style.nulls for text in argument(style, name, value)]


def flatten(parameters: Mapping[str, Value], prefix: str = "", *, nulls: bool = False) -> Iterator[tuple[str, Value]]:
    """Yield parameters by dotted name, with tables flattened; those that are None only with `nulls`."""
    for name, value in parameters.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{name}.", nulls=nulls)
        elif value is not None or nulls:
            yield prefix + name, value


def spelling(style: ArgumentStyle, name: str) -> str:
    """Return a parameter's name as the script spells it."""
    if style.names == "dash":
        return name.replace("_", "-")
    return name.replace("__", ".") if style.names == "dotted" else name


def argument(style: ArgumentStyle, name: str, value: Value) -> list[str]:
    """Return one parameter as words, as the style alone has it."""
    script_name, form = spelling(style, name), style.booleans_of(name)
    option = style.prefix + script_name
    if isinstance(value, bool) and form in ("flag", "no"):
        if value:
            return [option]
        return [f"{style.prefix}no-{script_name}"] if form == "no" else []
    if isinstance(value, bool):
        return joined(style, option, _boolean(form, value))
    if isinstance(value, list) and style.lists == "spaced":
        return [option, *(value_word(style, item) for item in value)] if value else []
    if isinstance(value, list) and style.lists == "repeated":
        return [part for item in value for part in joined(style, option, value_word(style, item))]
    return joined(style, option, value_word(style, value))


def joined(style: ArgumentStyle, option: str, text: str) -> list[str]:
    """Return an option with its value."""
    return [option, text] if style.separator == " " else [f"{option}={text}"]


def value_word(style: ArgumentStyle, value: Value) -> str:
    """Return one value as the script reads it."""
    if isinstance(value, list):
        return list_word(style, value)
    if isinstance(value, bool):
        return _boolean(style.booleans, value)
    if isinstance(value, str):
        return _string(style, value)
    if isinstance(value, dict) and style.strings == "hydra":
        return "{" + ", ".join(f"{name}: {value_word(style, item)}" for name, item in value.items()) + "}"
    if isinstance(value, dict):
        return repr(value) if style.tables == "python" else json.dumps(value)
    return (style.nulls or "null") if value is None else repr(value)


def _boolean(form: str, value: bool) -> str:
    if form == "1":
        return str(int(value))
    return str(value).lower() if form == "true" else str(value)


def list_word(style: ArgumentStyle, values: Sequence[Value]) -> str:
    """Return a list as one word."""
    if style.lists == "python":
        return repr(list(values))
    if style.lists == "json":
        return json.dumps(values, separators=(",", ":"))
    text = ",".join(value_word(style, item) for item in values)
    return f"[{text}]" if style.lists == "bracketed" else text


def _string(style: ArgumentStyle, text: str) -> str:
    if style.strings == "bare" or (style.strings in ("literal", "hydra") and _plain(text)):
        return text
    if style.strings == "hydra" and NOT_AS_JSON.search(text):
        if "'" not in text and text.isprintable() and not text.endswith("\\"):
            return f"'{text}'"  # OmegaConf, too, reads backslashes there as they are
        # A backslash escapes nothing but a quote, and itself before one.
        return '"' + BEFORE_QUOTE.sub(lambda match: match[1] * 2 + ('\\"' if match[2] else ""), text) + '"'
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> bool:
    """Return whether a parser of literals reads a text as the very same text."""
    return IDENTIFIER.fullmatch(text) is not None and text.lower() not in LITERAL_WORDS
