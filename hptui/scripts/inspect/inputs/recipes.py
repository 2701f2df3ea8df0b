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
from hptui.scripts.inspect.ranges import has_rule
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption

USAGE = re.compile(r"--config(?:[= ]|\s+)([\w./-]{1,200}\.ya?ml)\b")
PLACED = re.compile(r"\.py\s+([\w./-]{1,200}\.ya?ml)\b")
"""A usage that gives the recipe by its place: `python run.py recipes/a.yaml`."""
RECIPE_FOLDERS = ("recipes", "configs", "config", "conf", "examples")
MAX_RECIPES = 200
"""Recipes that are looked at."""


def with_recipe(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return a script of trl's parser, or of a project's own, with the recipe that it is started with.

    The recipe stays in the command, and flags over it: what is not in the study is as the recipe has it.
    """
    text = ast.get_docstring(tree) or ""
    if script.parser == "TrlParser":
        match, flag = USAGE.search(text), ["--config"]
    elif script.parser not in ("", "argparse", "HfArgumentParser") and script.parser.endswith("Parser"):
        match, flag = PLACED.search(text) or USAGE.search(text), []
    else:
        return script
    file = existing_file(path, match[1]) if match is not None else None if flag else _recipe_of(path, script)
    values = file_content(file) if file is not None else None
    if file is None or not values:
        if not flag:
            script.notes.append(f"{path.name} takes a recipe: put its path behind the script in command")
        return script
    recipe = {name: value for name, value in config_leaves(values, "") if "." not in name}
    known = {option.name: _with_default(option, recipe) for option in script.options}
    added = [_option(name, value) for name, value in recipe.items() if name not in known]
    script.options = [*known.values(), *(option for option in added if option.type in READS_OF_TYPE)]
    script.settings["help"] = False  # a word after the file is none of its own
    script.words = [*script.words, *flag, Path(os.path.relpath(file)).as_posix()]
    script.parser = f"{script.parser}, and settings of {file.name}"
    return script


def _recipe_of(path: Path, script: InspectedScript) -> Path | None:
    """Return the recipe of a project that has the words of a script's name, the first of several."""
    folders = (place / name for place in (path.parent, path.parent.parent) for name in RECIPE_FOLDERS)
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.rglob("*.y*ml"))[:MAX_RECIPES]]
    words = {word for word in re.findall(r"[a-z0-9]+", path.stem.lower()) if word not in ("run", "train", "main")}
    fitting = [
        file for file in files if words & set(re.findall(r"[a-z0-9]+", str(file.relative_to(path.parent.parent))))
    ]
    fitting = [file for file in fitting if any(has_rule(str(name)) for name in file_content(file) or ())]
    if len(fitting) > 1:
        script.notes.append(f"{fitting[0].name} is the first of {len(fitting)} recipes for {path.name}")
    return fitting[0] if fitting else None


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
