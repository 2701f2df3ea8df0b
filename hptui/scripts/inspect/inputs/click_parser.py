"""Options of click, read from the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import READS_OF_TYPE, UNKNOWN, FormKind, OptionForm, Reads, normal_name
from hptui.scripts.inspect.inputs.command_groups import CommandGroups
from hptui.scripts.inspect.inputs.converters import words_like
from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    help_text,
    keyword_argument,
    literal_value,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes


def click_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect the decorators `@click.option` and `@click.argument`; None if there are none.

    Of the commands of a group, those of the one that trains are taken.
    """
    script = InspectedScript("click", "click")
    groups = CommandGroups(tree)
    imported = {
        alias.asname or alias.name: alias.name
        for node in all_nodes(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("click", "rich_click", "asyncclick")
        for alias in node.names
    }
    for name, call in calls(tree):
        last = imported.get(name) or name.rpartition(".")[2]
        is_clicks = name in imported or name.partition(".")[0] in ("click", "typer", "rich_click", "asyncclick")
        if last not in ("option", "argument") or not is_clicks:
            continue
        names = [value for arg in call.args if isinstance(value := literal_value(arg), str)]
        is_relevant, before = groups.place_of(call)
        if names and is_relevant:
            script.options.append(
                replace(_option(names, call, constants, positional=last == "argument"), before=before)
            )
    if not script.options:
        return None
    script.words, script.notes = groups.words, groups.notes
    return script


CLICK_TYPES: Mapping[str, tuple[str, Reads]] = {
    "INT": ("int", Reads.INT),
    "IntRange": ("int", Reads.INT),
    "FLOAT": ("float", Reads.FLOAT),
    "FloatRange": ("float", Reads.FLOAT),
    "BOOL": ("bool", Reads.BOOL),
    "bool": ("bool", Reads.BOOL),
    "STRING": ("str", Reads.TEXT),
    "Path": ("str", Reads.TEXT),
    "Choice": ("str", Reads.TEXT),
    "int": ("int", Reads.INT),
    "float": ("float", Reads.FLOAT),
    "str": ("str", Reads.TEXT),
}


def _option(names: list[str], call: ast.Call, constants: Constants, *, positional: bool) -> ScriptOption:
    """Return one option or argument of click."""
    flags = [name for name in names if name.startswith("-")]
    longest = max(flags or names, key=len)
    on, _, off = (part.strip() for part in longest.partition("/"))
    type_node = keyword_argument(call, "type")
    called = type_node.func if isinstance(type_node, ast.Call) else type_node
    last = dotted_name(called).rpartition(".")[2] if called is not None else ""
    kind, reads = CLICK_TYPES.get(last, ("any", Reads.UNKNOWN if last or type_node is not None else Reads.TEXT))
    choices: tuple[Value, ...] = ()
    if last == "Choice" and isinstance(type_node, ast.Call) and type_node.args:
        listed = literal_value(type_node.args[0], constants)
        choices = tuple(listed) if isinstance(listed, list) else ()
    default = literal_value(keyword_argument(call, "default"), constants)
    flag_node = keyword_argument(call, "is_flag")
    has_flag_value = flag_node is None and keyword_argument(call, "flag_value") is not None
    is_flag = bool(off) or has_flag_value or literal_value(flag_node) is True
    multiple = literal_value(keyword_argument(call, "multiple")) is True
    nargs = literal_value(keyword_argument(call, "nargs"))
    if has_flag_value:
        kind = "str"
    elif is_flag:
        kind = "bool"
    elif kind == "any":
        sample = default[0] if isinstance(default, list) and default else default
        kind = type_of(sample) if sample is not UNKNOWN and sample is not None else "str"
        reads = READS_OF_TYPE.get(kind, reads) if type_node is None else reads
    required = positional or literal_value(keyword_argument(call, "required")) is True
    has_default = keyword_argument(call, "default") is not None
    spellings = tuple(sorted((name.split("/")[0].strip() for name in flags), key=len, reverse=True))
    silent: object = UNKNOWN if required else default
    form = OptionForm(
        FormKind.APPEND if multiple else FormKind.NARGS if nargs not in (None, 1) else FormKind.VALUE,
        reads,
        spellings,
        silent=[] if multiple and not has_default else silent,
        count=str(nargs or ""),
        words=words_like(default, choices, ("False", "True")) if reads is Reads.TEXT else ("False", "True"),
        choices=choices,
    )
    if is_flag:
        form = _click_flag(spellings, on, off, call, default if has_default else False)
    elif positional:
        form = replace(form, kind=FormKind.POSITIONAL)
    elif multiple and nargs not in (None, 1):
        form = replace(form, reads=Reads.UNKNOWN)
    own = [name for name in names if not name.startswith("-")]
    return ScriptOption(
        name=normal_name(on),
        flag=on.lstrip("-"),
        type=kind,
        default=(bool(default) if default is not UNKNOWN else None)
        if is_flag and not has_flag_value
        else plain_default(default, kind),
        choices=choices,
        help=help_text(keyword_argument(call, "help"), constants),
        required=required,
        positional=positional,
        listed=multiple,
        form=form,
        aliases=tuple({*own, *(normal_name(name) for name in spellings if name.startswith("--"))}),
    )


def _click_flag(spellings: tuple[str, ...], on: str, off: str, call: ast.Call, default: object) -> OptionForm:
    """Return the form of a flag of click.

    What a lone flag whose default is true sets depends on click's version.
    """
    if off:
        return OptionForm(FormKind.ON_OFF, flags=spellings, sets=((True, on), (False, off)), silent=default)
    if (flag_value := keyword_argument(call, "flag_value")) is not None:
        value = literal_value(flag_value)
        sets = ((value, on),) if value is not UNKNOWN else ()
        return OptionForm(FormKind.STORE_CONST, flags=spellings, sets=sets, silent=default)
    return OptionForm(FormKind.FLAG, flags=spellings, sets=((True, on),) if default is not True else (), silent=default)
