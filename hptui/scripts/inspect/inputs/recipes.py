"""Files of settings that the usage text of a script names: `python train.py --config recipes/small.yaml`."""

from __future__ import annotations

import ast
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.scripts.inspect.forms import READS_OF_TYPE, OptionForm, Reads
from hptui.scripts.inspect.inputs.config_file import config_leaves, existing_file, file_content, file_option
from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption

USAGE = re.compile(r"--config(?:[= ]|\s+)([\w./-]{1,200}\.ya?ml)\b")


def with_recipe(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return a script of trl's parser with the recipe that its docstring starts it with.

    The recipe stays in the command, and flags over it: what is not in the study is as the recipe has it.
    """
    match = USAGE.search(ast.get_docstring(tree) or "") if script.parser == "TrlParser" else None
    file = existing_file(path, match[1]) if match is not None else None
    values = file_content(file) if file is not None else None
    if file is None or not values:
        return script
    recipe = {name: value for name, value in config_leaves(values, "") if "." not in name}
    known = {option.name: _with_default(option, recipe) for option in script.options}
    added = [_option(name, value) for name, value in recipe.items() if name not in known]
    script.options = [*known.values(), *(option for option in added if option.type in READS_OF_TYPE)]
    script.settings["help"] = False  # a word after the file is none of its own
    script.words = [*script.words, "--config", Path(os.path.relpath(file)).as_posix()]
    script.parser = f"{script.parser}, and settings of {file.name}"
    return script


def _with_default(option: ScriptOption, recipe: dict[str, Any]) -> ScriptOption:
    if option.name not in recipe:
        return option
    value = recipe[option.name]
    default = plain_default(
        float(value) if option.type == "float" and isinstance(value, int | str) else value, option.type
    )
    form = replace(option.form, silent=default) if option.form is not None else None
    return replace(option, default=default, required=False, form=form)


def _option(name: str, value: Any) -> ScriptOption:
    option = file_option(name, value)
    reads = READS_OF_TYPE.get(option.type, Reads.UNKNOWN)
    return replace(option, form=OptionForm(reads=reads, flags=(f"--{name}",), silent=option.default))
