"""Options of argparse, click, and dataclasses behind HfArgumentParser, read from the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hptui.scripts.inspect.functions import CommandGroups, Subparsers, function_options, plain_default
from hptui.scripts.inspect.syntax import (
    UNKNOWN,
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_name,
    type_of,
)

TRAINING_ARGUMENTS: dict[str, Any] = {
    "learning_rate": 5e-5,
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "num_train_epochs": 3.0,
    "weight_decay": 0.0,
    "warmup_steps": 0,
    "lr_scheduler_type": "linear",
    "max_grad_norm": 1.0,
    "seed": 42,
}
"""Commonly searched fields of transformers.TrainingArguments with the defaults of transformers 5."""


def argparse_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `add_argument` calls; None if there are none.

    Of several subcommands, those of the one that trains are taken.
    """
    script = InspectedScript("argparse", "argparse")
    dashed, negatable = set[bool](), set[str]()
    subparsers = Subparsers(tree)
    for name, call in calls(tree):
        receiver, _, last = name.rpartition(".")
        if last != "add_argument" or not call.args:
            continue
        names = [value for arg in call.args if isinstance(value := literal_value(arg), str)]
        if not names:
            continue
        is_relevant, before = subparsers.place_of(receiver, call.lineno)
        option, is_negatable = _argument(names, call, constants) if is_relevant else (None, False)
        if option is None:
            continue
        script.options.append(replace(option, before=before))
        if is_negatable:
            negatable.add(option.name)
        if "_" in option.name and not option.positional:
            dashed.add("-" in option.flag)
    if not script.options:
        return None
    script.words, script.notes = subparsers.words, subparsers.notes
    style: dict[str, Any] = {"preset": "argparse"}
    if dashed == {True}:
        style["names"] = "dash"
    if negatable:
        plain_flags = {option.name for option in script.options if option.type == "bool"} - negatable
        style["booleans"] = dict.fromkeys(sorted(negatable), "no") if plain_flags else "no"
    script.style = style if len(style) > 1 else "argparse"
    if dashed == {True, False}:
        script.settings["names"] = {o.name: o.flag for o in script.options if o.flag != o.name and not o.positional}
    return script


def _argument(names: list[str], call: ast.Call, constants: Constants) -> tuple[ScriptOption | None, bool]:
    """Return the option of one `add_argument`, and whether its flag can be negated (`--no-x`)."""
    action = keyword_argument(call, "action")
    action_name = literal_value(action) if action is not None else "store"
    if action_name in ("help", "version", "append_const", "count"):
        return None, False
    negatable = dotted_name(action).endswith("BooleanOptionalAction") if action is not None else False
    longest = max(names, key=len)
    positional = not longest.startswith("-")
    flag = longest.lstrip("-")
    default = literal_value(keyword_argument(call, "default"), constants)
    kind = type_name(keyword_argument(call, "type"))
    if negatable or action_name in ("store_true", "store_false"):
        kind = "bool"
        # `store_false` is a parameter of its own, too: a study can only add the flag, so its default is False.
        default = bool(default) if negatable and default is not UNKNOWN else False
    choices = literal_value(keyword_argument(call, "choices"), constants)
    listed = keyword_argument(call, "nargs") is not None and literal_value(keyword_argument(call, "nargs")) != "?"
    if kind == "any":
        kind = "list" if listed else type_of(default) if default is not UNKNOWN else "str"
    return ScriptOption(
        name=flag.replace("-", "_"),
        flag=flag,
        type=kind,
        default=plain_default(default, kind),
        choices=tuple(choices) if isinstance(choices, list) else (),
        help=_text(keyword_argument(call, "help"), constants),
        required=positional or literal_value(keyword_argument(call, "required")) is True,
        positional=positional,
        listed=listed,
    ), negatable


def click_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect the decorators `@click.option` and `@click.argument`; None if there are none.

    Of the commands of a group, those of the one that trains are taken.
    """
    script = InspectedScript("click", "click")
    plain_flags, negatable = list[str](), list[str]()
    groups = CommandGroups(tree)
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last not in ("option", "argument") or not name.startswith(("click.", "typer.", "rich_click.")):
            continue
        names = [value for arg in call.args if isinstance(value := literal_value(arg), str)]
        is_relevant, before = groups.place_of(call)
        if not names or not is_relevant:
            continue
        option, flag = _option(names, call, constants, positional=last == "argument")
        script.options.append(replace(option, before=before))
        if option.type == "bool" and flag is not None:
            (plain_flags if flag else negatable).append(option.name)
    if not script.options:
        return None
    script.words, script.notes = groups.words, groups.notes
    if plain_flags:
        script.style = {"preset": "click", "booleans": dict.fromkeys(plain_flags, "flag") if negatable else "flag"}
    return script


def _option(
    names: list[str], call: ast.Call, constants: Constants, *, positional: bool
) -> tuple[ScriptOption, bool | None]:
    """Return one option, and whether it is a flag that cannot be negated; None for what is no flag."""
    flags = [name for name in names if name.startswith("-")]
    longest = max(flags or names, key=len)
    is_negatable = "/" in longest
    flag = longest.split("/")[0].strip().lstrip("-")
    kind, choices = type_name(keyword_argument(call, "type")), ()
    type_ = keyword_argument(call, "type")
    if isinstance(type_, ast.Call):
        inner = dotted_name(type_.func).rsplit(".", 1)[-1]
        if inner == "Choice" and type_.args:
            listed = literal_value(type_.args[0], constants)
            choices = tuple(listed) if isinstance(listed, list) else ()
            kind = "str"
        kind = {"IntRange": "int", "FloatRange": "float", "Path": "str"}.get(inner, kind)
    kind = {"INT": "int", "FLOAT": "float", "BOOL": "bool", "STRING": "str"}.get(
        dotted_name(type_ or ast.Pass())[6:], kind
    )
    default = literal_value(keyword_argument(call, "default"), constants)
    is_flag = is_negatable or literal_value(keyword_argument(call, "is_flag")) is True
    if is_flag:
        kind, default = "bool", bool(default) if default is not UNKNOWN else False
    elif kind == "any":
        kind = type_of(default) if default is not UNKNOWN else "str"
    option = ScriptOption(
        name=flag.replace("-", "_"),
        flag=flag,
        type=kind,
        default=plain_default(default, kind),
        choices=choices,
        help=_text(keyword_argument(call, "help"), constants),
        required=positional or literal_value(keyword_argument(call, "required")) is True,
        positional=positional,
        listed=literal_value(keyword_argument(call, "multiple")) is True,
    )
    return option, (not is_negatable) if is_flag else None


def dataclass_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `HfArgumentParser((A, B, TrainingArguments))` or `tyro.cli(A)` of the script's dataclasses."""
    used: list[str] = []
    parser = ""
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last in ("HfArgumentParser", "TrlParser") and call.args:
            parser = last
            first = call.args[0]
            items = first.elts if isinstance(first, ast.Tuple | ast.List) else [first]
            used += [dotted_name(item).rsplit(".", 1)[-1] for item in items]
        elif name == "tyro.cli" and call.args:
            parser, used = "tyro", [*used, dotted_name(call.args[0])]
    if not used:
        return None
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    script = InspectedScript(
        parser, "hf" if parser != "tyro" else {"preset": "argparse", "names": "dash", "booleans": "no"}
    )
    for name in used:
        node = classes.get(name)
        bases = [dotted_name(base).rsplit(".", 1)[-1] for base in node.bases] if node else [name]
        if any(base.endswith(("TrainingArguments", "SFTConfig", "DPOConfig", "GRPOConfig")) for base in bases):
            _training_arguments(script)
        if node is not None:
            script.options += _fields(node, constants)
    script.options = list({option.name: option for option in script.options}.values())
    return script if script.options else None


def _training_arguments(script: InspectedScript) -> None:
    script.options += [
        ScriptOption(name, name, type_of(value), value, help="of transformers.TrainingArguments")
        for name, value in TRAINING_ARGUMENTS.items()
    ]
    script.options.append(ScriptOption("output_dir", "output_dir", "str"))


def _fields(node: ast.ClassDef, constants: Constants) -> list[ScriptOption]:
    """Return the fields of one dataclass."""
    options = []
    for line in node.body:
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        value, help_, required = line.value, "", line.value is None
        if isinstance(value, ast.Call) and dotted_name(value.func).rsplit(".", 1)[-1] in ("field", "HfArg"):
            metadata = literal_value(keyword_argument(value, "metadata"), constants)
            help_ = (
                metadata.get("help", "")
                if isinstance(metadata, dict)
                else _text(keyword_argument(value, "help"), constants)
            )
            required = not any(word.arg in ("default", "default_factory") for word in value.keywords)
            value = keyword_argument(value, "default")
        kind, default = type_name(line.annotation), literal_value(value, constants)
        if kind == "any" and default is not UNKNOWN:
            kind = type_of(default)
        name, choices = line.target.id, _literal_choices(line.annotation)
        options.append(
            ScriptOption(name, name, kind, plain_default(default, kind), choices, " ".join(help_.split()), required)
        )
    return options


def _literal_choices(annotation: ast.AST) -> tuple[Any, ...]:
    if isinstance(annotation, ast.Subscript) and dotted_name(annotation.value).rsplit(".", 1)[-1] == "Literal":
        listed = literal_value(annotation.slice)
        return tuple(listed) if isinstance(listed, list) else () if listed is UNKNOWN else (listed,)
    return ()


def _text(node: ast.AST | None, constants: Constants) -> str:
    """Return a help text without the parts that argparse would fill in."""
    value = literal_value(node, constants)
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return DEFAULT_IN_HELP.sub("", text).replace("%%", "%").strip()


DEFAULT_IN_HELP = re.compile(r"[\s,;]*[\[(]?\s*(?:defaults?(?: to| is)?\s*[:=]?\s*)?%\(\w+\)\w[\])]?", re.IGNORECASE)


PARSERS: tuple[Callable[[ast.Module, Constants], InspectedScript | None], ...] = (
    dataclass_options,
    click_options,
    argparse_options,
    function_options,
)
"""In order of precedence: a script with dataclasses may call add_argument for two more options."""
