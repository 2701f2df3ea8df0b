"""Options that Lightning before version 2 adds to a parser: `Trainer.add_argparse_args(parser)`.

Of the Trainer those that people tune are known; of a class of the script, what its constructor declares with a type."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hptui.scripts.inspect.forms import READS_OF_TYPE, UNKNOWN, OptionForm, Reads
from hptui.scripts.inspect.inputs.functions import plain_default, signature_options
from hptui.scripts.inspect.syntax import Constants, ScriptOption, calls
from hptui.scripts.syntax_nodes import nodes_of

ADDING, MAKING = "add_argparse_args", "from_argparse_args"
TRAINER_TYPES = {
    "max_epochs": "int",
    "max_steps": "int",
    "gradient_clip_val": "float",
    "accumulate_grad_batches": "int",
    "precision": "str",
    "default_root_dir": "str",
}
"""Options of the Trainer that are tuned or say where it writes, with their types; none is given by default."""


def lightning_arguments(tree: ast.Module, constants: Constants, defaults: Mapping[str, Any]) -> list[ScriptOption]:
    """Return the options that Lightning adds; `defaults` are those that the script sets later."""
    options = [option for name, call in calls(tree) if call.args for option in _added(name, tree, constants)]
    fixed = {word.arg for name, call in calls(tree) if name.endswith(f".{MAKING}") for word in call.keywords}
    return [_with_default(option, defaults) for option in options if option.name not in fixed]


def _added(name: str, tree: ast.Module, constants: Constants) -> Iterator[ScriptOption]:
    owner, _, method = name.rpartition(".")
    if method != ADDING:
        return
    last = owner.rpartition(".")[2]
    node = next((each for each in nodes_of(tree, ast.ClassDef) if each.name == last), None)
    if last == "Trainer" and node is None:
        for own, kind in TRAINER_TYPES.items():
            form = OptionForm(reads=READS_OF_TYPE[kind], flags=(f"--{own}",))
            yield ScriptOption(own, own, kind, None, form=form)
    elif node is not None:
        typed = _typed_arguments(node)
        for option in signature_options(node, constants):
            if option.name in typed and option.type in READS_OF_TYPE:
                silent = option.form.silent if option.form is not None else UNKNOWN
                form = OptionForm(reads=READS_OF_TYPE.get(option.type, Reads.UNKNOWN), flags=(f"--{option.name}",))
                yield replace(
                    option, flag=option.name, form=replace(form, silent=silent), required=False, positional=False
                )


def _typed_arguments(node: ast.ClassDef) -> set[str]:
    """Return the arguments of a constructor with a type; Lightning makes options of no others."""
    makers = [line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == "__init__"]
    arguments = [each for maker in makers for each in (*maker.args.args, *maker.args.kwonlyargs)]
    return {argument.arg for argument in arguments if argument.annotation is not None}


def _with_default(option: ScriptOption, defaults: Mapping[str, Any]) -> ScriptOption:
    value = plain_default(defaults[option.name], option.type) if option.name in defaults else None
    if value is None or option.form is None:
        return option
    return replace(option, default=value, form=replace(option.form, silent=value))
