"""Options of argparse, read from the syntax tree; and the order in which all readers of parsers are tried."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import field, replace
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, merged, normal_name
from hptui.scripts.inspect.inputs.annotations import read_annotation
from hptui.scripts.inspect.inputs.call_parse import with_parser_of_signature
from hptui.scripts.inspect.inputs.class_parsers import class_options
from hptui.scripts.inspect.inputs.click_parser import click_options
from hptui.scripts.inspect.inputs.converters import converter_form, words_like
from hptui.scripts.inspect.inputs.dataclass_parsers import dataclass_options
from hptui.scripts.inspect.inputs.functions import function_options, plain_default
from hptui.scripts.inspect.inputs.libraries import absl_options, as_yaml, docopt_options, jsonargparse_options
from hptui.scripts.inspect.inputs.lightning_arguments import lightning_arguments
from hptui.scripts.inspect.inputs.loops import looped_options
from hptui.scripts.inspect.inputs.outside import leaves_typer_out
from hptui.scripts.inspect.inputs.subparsers import Subparsers
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    help_text,
    imported_modules,
    keyword_argument,
    literal_value,
    type_name,
    type_of,
)
from hptui.scripts.inspect.unrolled import literal_texts, unrolled_calls


@dataclass
class _Source:
    """What the reading of one option needs from the rest of its script."""

    tree: ast.Module
    constants: Constants
    reads_yaml: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)


def argparse_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `add_argument` calls; None if there are none.

    Of several subcommands, those of the one that trains are taken.
    """
    reads_yaml = "jsonargparse" in imported_modules(tree)
    script = InspectedScript("jsonargparse", "jsonargparse") if reads_yaml else InspectedScript("argparse", "argparse")
    source = _Source(tree, constants, reads_yaml)
    dashed = set[bool]()
    subparsers = Subparsers(tree)
    for name, call in calls(tree):
        if name.endswith(".set_defaults"):
            source.defaults |= {word.arg: literal_value(word.value, constants) for word in call.keywords if word.arg}
    by_destination: dict[str, ScriptOption] = {}
    for name, call in unrolled_calls(tree, ADDING_METHODS):
        names = literal_texts(call)
        if not names:
            continue
        is_relevant, before = subparsers.place_of(name.rpartition(".")[0], call.lineno)
        argument = _argument(names, call, source) if is_relevant else None
        if argument is None:
            continue
        destination, option = argument
        _add(script, by_destination, destination, replace(option, before=before))
        if "_" in option.name and not option.positional:
            dashed.add("-" in option.flag)
    _add_looped(script, tree)
    known = {option.name for option in script.options}
    of_lightning = lightning_arguments(tree, constants, source.defaults)
    script.options += [option for option in of_lightning if option.name not in known]
    if not script.options:
        return None
    script.words, script.notes = subparsers.words, subparsers.notes
    if not reads_yaml:
        _spell(script, dashed)
    return script


ADDING_METHODS = re.compile("add_argument|add_option")
"""Methods that add an option: of argparse, and of optparse."""


def _converted_later(tree: ast.AST, destination: str) -> Reads | None:
    """Return what a script makes of an option that arrives as a text, `float(args.lr)`; None if nothing."""
    for name, call in calls(tree):
        match call.args:
            case [ast.Attribute(attr=attr)] if name in ("int", "float") and attr == destination:
                return Reads.INT if name == "int" else Reads.FLOAT
    return None


def call_parse_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect a script that fastcore starts: it makes options of argparse of a signature."""
    made = with_parser_of_signature(tree)
    return argparse_options(made, constants) if made is not None else None


def _add_looped(script: InspectedScript, tree: ast.Module) -> None:
    """Add the options that loops over a dictionary make; they replace those whose type is unknown."""
    looped = {option.name: option for option in looped_options(tree)}
    known = {o.name for o in script.options if o.form is not None and o.form.reads is not Reads.UNKNOWN}
    kept = [option for option in script.options if option.name in known or option.name not in looped]
    script.options = [*kept, *(option for name, option in looped.items() if name not in known)]


def _add(
    script: InspectedScript, by_destination: dict[str, ScriptOption], destination: str, option: ScriptOption
) -> None:
    """Add an option; two flags of one destination (`--shuffle`, `--no-shuffle`) become one."""
    earlier = by_destination.get(destination)
    form = merged(earlier.form, option.form) if earlier and earlier.form and option.form else None
    if earlier is not None and form is not None and form.flags:
        on = next((flag for value, flag in form.sets if value is True), form.flags[0])
        both = replace(
            earlier,
            name=normal_name(on) if form.kind is FormKind.ON_OFF else destination,
            flag=on.lstrip("-"),
            form=form,
            aliases=tuple({*earlier.aliases, *option.aliases, destination}),
        )
        script.options[script.options.index(earlier)] = by_destination[destination] = both
        return
    by_destination.setdefault(destination, option)
    same = next((i for i, other in enumerate(script.options) if other.name == option.name), None)
    if same is None:
        script.options.append(option)
    elif script.options[same].form != option.form:  # two declarations, maybe of two programs: none is guessed
        script.options[same] = replace(script.options[same], form=None)


def _spell(script: InspectedScript, dashed: set[bool]) -> None:
    """Set the style of an argparse script: how it writes names."""
    style: dict[str, Any] = {"preset": "argparse"}
    if dashed == {True}:
        style["names"] = "dash"
    script.style = style if len(style) > 1 else "argparse"
    if dashed == {True, False}:
        named = [
            option for option in script.options if not option.positional and normal_name(option.flag) == option.name
        ]
        script.settings["names"] = {option.name: option.flag for option in named if option.flag != option.name}


NO_VALUE_ACTIONS = ("store_true", "store_false", "store_const")


def _argument(names: list[str], call: ast.Call, source: _Source) -> tuple[str, ScriptOption] | None:
    """Return the destination and the option of one `add_argument`; None for what is no parameter."""
    action = keyword_argument(call, "action")
    action_name = literal_value(action) if action is not None else "store"
    if action_name in ("help", "version", "append_const", "count"):
        return None
    negatable = dotted_name(action).endswith("BooleanOptionalAction") if action is not None else False
    longest = max(names, key=len)
    positional = not longest.startswith("-")
    destination = literal_value(keyword_argument(call, "dest"))
    is_short = not longest.startswith("--") and len(longest) == len("-x") and isinstance(destination, str)
    if not isinstance(destination, str):  # argparse takes the first long option
        destination = normal_name(next((name for name in names if name.startswith("--")), longest))
    default_node = keyword_argument(call, "default")
    default = literal_value(default_node, source.constants)
    default = source.defaults.get(destination, default)
    if default_node is None and destination not in source.defaults and action_name in ("store_true", "store_false"):
        default = action_name == "store_false"
    form = _argument_form(names, call, source, "on_off" if negatable else action_name)
    kind = type_name(keyword_argument(call, "type"))
    if isinstance(named := literal_value(keyword_argument(call, "type")), str):  # optparse
        kind = {"string": "str", "choice": "str", "long": "int"}.get(named, named)
    if negatable or action_name in ("store_true", "store_false"):
        kind = "bool"
    choices = literal_value(keyword_argument(call, "choices"), source.constants)
    choices = tuple(choices) if isinstance(choices, list) else ()
    listed = keyword_argument(call, "nargs") is not None and literal_value(keyword_argument(call, "nargs")) != "?"
    if kind == "any" and form is not None and form.reads is Reads.BOOL:
        kind = "bool"
    if kind == "any":
        kind = "list" if listed else type_of(default) if default is not UNKNOWN else "str"
    if kind == "str" and not listed and type_of(default) in ("int", "float"):  # type=str, default=5e-5
        kind = type_of(default)
    if form is not None and form.reads is Reads.TEXT and kind in ("int", "float"):
        form = replace(form, reads=_converted_later(source.tree, destination) or form.reads)
    required = (positional and not _may_be_absent(call)) or literal_value(keyword_argument(call, "required")) is True
    if form is not None and form.reads is not Reads.TEXT and isinstance(default, str) and NUMBER.fullmatch(default):
        # The converter reads a number out of the text: `--lr 0.25` with a default of "0.25".
        default = ast.literal_eval(default)
        kind = type_of(default) if kind == "str" else kind
    if form is not None:
        silent = UNKNOWN if required else _converted(default, form)
        extends = form.extends and default is not None
        form = replace(
            form,
            silent=silent,
            choices=choices,
            extends=extends,
            words=words_like(default, choices, form.words) if form.reads is Reads.TEXT else form.words,
        )
    # A flag that sets another destination than its own name is known by what it sets; so is a single letter.
    by_destination = form is not None and (form.kind in (FormKind.STORE_FALSE, FormKind.STORE_CONST) or is_short)
    return destination, ScriptOption(
        name=destination if by_destination else normal_name(longest),
        flag=longest.lstrip("-"),
        type=kind,
        default=plain_default(default, kind),
        choices=choices,
        help=help_text(keyword_argument(call, "help"), source.constants),
        required=required,
        positional=positional,
        listed=listed,
        form=form,
        aliases=(destination, longest.lstrip("-"))
        if is_short
        else (destination,)
        if by_destination
        else tuple({destination, *(normal_name(name) for name in names if name.startswith("--"))}),
    )


NUMBER = re.compile(r"-?(?:0|[1-9]\d*|\d*\.\d+|\d+\.)(?:[eE][-+]?\d+)?")
"""A number as text."""


def _may_be_absent(call: ast.Call) -> bool:
    """Return whether an argument takes no word, too: `nargs="?"`, `"*"`, `argparse.REMAINDER`."""
    nargs = keyword_argument(call, "nargs")
    return literal_value(nargs) in ("?", "*") or dotted_name(nargs or call).endswith("REMAINDER")


def _argument_form(names: list[str], call: ast.Call, source: _Source, action: object) -> OptionForm | None:
    """Return the form of one `add_argument`; None for a form that the source does not show."""
    flags = tuple(sorted((name for name in names if name.startswith("-")), key=len, reverse=True))
    if action in NO_VALUE_ACTIONS or action == "on_off":
        if not flags:
            return None
        if action == "on_off":
            return OptionForm(FormKind.ON_OFF, flags=flags, sets=((True, flags[0]), (False, f"--no-{flags[0][2:]}")))
        const = {"store_true": True, "store_false": False}.get(
            str(action), literal_value(keyword_argument(call, "const"), source.constants)
        )
        if const is UNKNOWN:
            return None
        kind = {"store_true": FormKind.FLAG, "store_false": FormKind.STORE_FALSE}.get(str(action), FormKind.STORE_CONST)
        return OptionForm(kind, flags=flags, sets=((const, flags[0]),))
    nargs_node = keyword_argument(call, "nargs")
    nargs = literal_value(nargs_node)
    if (
        action not in ("store", "append", "extend")
        or nargs is UNKNOWN
        or (nargs not in (None, "?", "+", "*") and not isinstance(nargs, int))
    ):
        return None
    several = nargs not in (None, "?")
    if action == "append" and several:
        return None  # a list of lists
    kind = FormKind.APPEND if action == "append" or (action == "extend" and not several) else FormKind.VALUE
    kind = FormKind.NARGS if several else kind
    form = OptionForm(kind, flags=flags, count=str(nargs or ""), extends=action in ("append", "extend"))
    converter = keyword_argument(call, "type")
    if isinstance(named := literal_value(converter), str):
        converter = ast.Name({"string": "str", "choice": "str", "long": "int"}.get(named, named), ast.Load())
    form = converter_form(converter, source.tree, form)
    if source.reads_yaml:
        form = as_yaml(replace(form, extends=False), read_annotation(keyword_argument(call, "type")))
    return form if flags else replace(form, kind=FormKind.POSITIONAL)


def _converted(default: Any, form: OptionForm) -> object:
    """Return a default as the script has it: argparse converts one that is a text."""
    if not isinstance(default, str) or form.reads is Reads.TEXT or not form.takes_value:
        return default
    if form.reads in (Reads.INT, Reads.FLOAT):
        value = plain_default(default, str(form.reads))
        return UNKNOWN if value is None else value
    if form.reads is Reads.BOOL and default.lower() in {word.lower() for word in form.words}:
        return default.lower() == form.words[1].lower()
    return UNKNOWN


def called_functions(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect fire, typer and subcommands; None for an app of typer that the script never starts."""
    return None if leaves_typer_out(tree) else function_options(tree, constants)


PARSERS: tuple[Callable[[ast.Module, Constants], InspectedScript | None], ...] = (
    dataclass_options,
    class_options,
    click_options,
    absl_options,
    call_parse_options,
    argparse_options,
    jsonargparse_options,
    called_functions,
    docopt_options,
)
"""In order of precedence: a script with dataclasses may call add_argument for two more options."""
