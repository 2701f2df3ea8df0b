"""Options of argparse, click, and dataclasses behind HfArgumentParser, read from the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.functions import functions, plain
from hptui.trainers.scripts.subcommands import Groups, Subparsers
from hptui.trainers.scripts.tree import UNKNOWN, Known, calls, dotted, keyword, literal, type_name, type_of

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
"""The usual ones of transformers.TrainingArguments with the defaults of transformers 5."""


def argparse_options(tree: ast.Module, known: Known) -> Found | None:
    """`add_argument` calls; None where there are none. Of several subcommands, those of the one that trains."""
    found = Found("argparse", "argparse")
    dashed, negatable = set[bool](), set[str]()
    tree_of = Subparsers(tree)
    for name, call in calls(tree):
        receiver, _, last = name.rpartition(".")
        if last != "add_argument" or not call.args:
            continue
        names = [value for arg in call.args if isinstance(value := literal(arg), str)]
        if not names:
            continue
        belongs, before = tree_of.place(receiver, call.lineno)
        option, deniable = _argument(names, call, known) if belongs else (None, False)
        if option is None:
            continue
        found.options.append(replace(option, before=before))
        if deniable:
            negatable.add(option.name)
        if "_" in option.name and not option.positional:
            dashed.add("-" in option.flag)
    if not found.options:
        return None
    found.words, found.notes = tree_of.words, tree_of.notes
    style: dict[str, Any] = {"preset": "argparse"}
    if dashed == {True}:
        style["names"] = "dash"
    if negatable:
        alone = {option.name for option in found.options if option.type == "bool"} - negatable
        style["booleans"] = dict.fromkeys(sorted(negatable), "no") if alone else "no"
    found.style = style if len(style) > 1 else "argparse"
    if dashed == {True, False}:
        found.settings["names"] = {o.name: o.flag for o in found.options if o.flag != o.name and not o.positional}
    return found


def _argument(names: list[str], call: ast.Call, known: Known) -> tuple[Option | None, bool]:
    """One `add_argument`, and whether its flag can be denied (`--no-x`)."""
    action = keyword(call, "action")
    said = literal(action) if action is not None else "store"
    if said in ("help", "version", "append_const", "count"):
        return None, False
    negatable = dotted(action).endswith("BooleanOptionalAction") if action is not None else False
    longest = max(names, key=len)
    positional = not longest.startswith("-")
    flag = longest.lstrip("-")
    default = literal(keyword(call, "default"), known)
    kind = type_name(keyword(call, "type"))
    if negatable or said in ("store_true", "store_false"):
        kind = "bool"
        # A flag that switches something off is a parameter of its own: giving it is what can be done.
        default = bool(default) if negatable and default is not UNKNOWN else False
    choices = literal(keyword(call, "choices"), known)
    listed = keyword(call, "nargs") is not None and literal(keyword(call, "nargs")) != "?"
    if kind == "any":
        kind = "list" if listed else type_of(default) if default is not UNKNOWN else "str"
    return Option(
        name=flag.replace("-", "_"),
        flag=flag,
        type=kind,
        default=plain(default, kind),
        choices=tuple(choices) if isinstance(choices, list) else (),
        help=_text(keyword(call, "help"), known),
        required=positional or literal(keyword(call, "required")) is True,
        positional=positional,
        listed=listed,
    ), negatable


def click_options(tree: ast.Module, known: Known) -> Found | None:
    """Decorators `@click.option` and `@click.argument`. Of the commands of a group, those of the one that trains."""
    found = Found("click", "click")
    alone, both = list[str](), list[str]()
    groups = Groups(tree)
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last not in ("option", "argument") or not name.startswith(("click.", "typer.", "rich_click.")):
            continue
        names = [value for arg in call.args if isinstance(value := literal(arg), str)]
        belongs, before = groups.place(call)
        if not names or not belongs:
            continue
        option, flag = _option(names, call, known, positional=last == "argument")
        found.options.append(replace(option, before=before))
        if option.type == "bool" and flag is not None:
            (alone if flag else both).append(option.name)
    if not found.options:
        return None
    found.words, found.notes = groups.words, groups.notes
    if alone:
        found.style = {"preset": "click", "booleans": dict.fromkeys(alone, "flag") if both else "flag"}
    return found


def _option(names: list[str], call: ast.Call, known: Known, *, positional: bool) -> tuple[Option, bool | None]:
    """One option, and whether it is a flag that cannot be denied; None for what is no flag."""
    flags = [name for name in names if name.startswith("-")]
    longest = max(flags or names, key=len)
    both = "/" in longest
    flag = longest.split("/")[0].strip().lstrip("-")
    kind, choices = type_name(keyword(call, "type")), ()
    type_ = keyword(call, "type")
    if isinstance(type_, ast.Call):
        inner = dotted(type_.func).rsplit(".", 1)[-1]
        if inner == "Choice" and type_.args:
            listed = literal(type_.args[0], known)
            choices = tuple(listed) if isinstance(listed, list) else ()
            kind = "str"
        kind = {"IntRange": "int", "FloatRange": "float", "Path": "str"}.get(inner, kind)
    kind = {"INT": "int", "FLOAT": "float", "BOOL": "bool", "STRING": "str"}.get(dotted(type_ or ast.Pass())[6:], kind)
    default = literal(keyword(call, "default"), known)
    is_flag = both or literal(keyword(call, "is_flag")) is True
    if is_flag:
        kind, default = "bool", bool(default) if default is not UNKNOWN else False
    elif kind == "any":
        kind = type_of(default) if default is not UNKNOWN else "str"
    option = Option(
        name=flag.replace("-", "_"),
        flag=flag,
        type=kind,
        default=plain(default, kind),
        choices=choices,
        help=_text(keyword(call, "help"), known),
        required=positional or literal(keyword(call, "required")) is True,
        positional=positional,
        listed=literal(keyword(call, "multiple")) is True,
    )
    return option, (not both) if is_flag else None


def dataclass_options(tree: ast.Module, known: Known) -> Found | None:
    """`HfArgumentParser((A, B, TrainingArguments))` with the dataclasses of the script; or `tyro`, `simple_parsing`."""
    used: list[str] = []
    parser = ""
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last in ("HfArgumentParser", "TrlParser") and call.args:
            parser = last
            first = call.args[0]
            items = first.elts if isinstance(first, ast.Tuple | ast.List) else [first]
            used += [dotted(item).rsplit(".", 1)[-1] for item in items]
        elif name == "tyro.cli" and call.args:
            parser, used = "tyro", [*used, dotted(call.args[0])]
    if not used:
        return None
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = Found(parser, "hf" if parser != "tyro" else {"preset": "argparse", "names": "dash", "booleans": "no"})
    for name in used:
        node = classes.get(name)
        bases = [dotted(base).rsplit(".", 1)[-1] for base in node.bases] if node else [name]
        if any(base.endswith(("TrainingArguments", "SFTConfig", "DPOConfig", "GRPOConfig")) for base in bases):
            _training_arguments(found)
        if node is not None:
            found.options += _fields(node, known)
    found.options = list({option.name: option for option in found.options}.values())
    return found if found.options else None


def _training_arguments(found: Found) -> None:
    found.options += [
        Option(name, name, type_of(value), value, help="of transformers.TrainingArguments")
        for name, value in TRAINING_ARGUMENTS.items()
    ]
    found.options.append(Option("output_dir", "output_dir", "str"))


def _fields(node: ast.ClassDef, known: Known) -> list[Option]:
    """The fields of one dataclass."""
    found = []
    for line in node.body:
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        value, help_, required = line.value, "", line.value is None
        if isinstance(value, ast.Call) and dotted(value.func).rsplit(".", 1)[-1] in ("field", "HfArg"):
            metadata = literal(keyword(value, "metadata"), known)
            help_ = metadata.get("help", "") if isinstance(metadata, dict) else _text(keyword(value, "help"), known)
            required = not any(word.arg in ("default", "default_factory") for word in value.keywords)
            value = keyword(value, "default")
        kind, default = type_name(line.annotation), literal(value, known)
        if kind == "any" and default is not UNKNOWN:
            kind = type_of(default)
        name, choices = line.target.id, _literal_choices(line.annotation)
        found.append(Option(name, name, kind, plain(default, kind), choices, " ".join(help_.split()), required))
    return found


def _literal_choices(annotation: ast.AST) -> tuple[Any, ...]:
    if isinstance(annotation, ast.Subscript) and dotted(annotation.value).rsplit(".", 1)[-1] == "Literal":
        listed = literal(annotation.slice)
        return tuple(listed) if isinstance(listed, list) else () if listed is UNKNOWN else (listed,)
    return ()


def _text(node: ast.AST | None, known: Known) -> str:
    """A help text; what argparse would fill in is left out."""
    found = literal(node, known)
    text = " ".join(found.split()) if isinstance(found, str) else ""
    return FILLED.sub("", text).replace("%%", "%").strip()


FILLED = re.compile(r"[\s,;]*[\[(]?\s*(?:defaults?(?: to| is)?\s*[:=]?\s*)?%\(\w+\)\w[\])]?", re.IGNORECASE)


PARSERS: tuple[Callable[[ast.Module, Known], Found | None], ...] = (
    dataclass_options,
    click_options,
    argparse_options,
    functions,
)
"""In the order in which they are asked: a script with dataclasses may call add_argument for two more."""
