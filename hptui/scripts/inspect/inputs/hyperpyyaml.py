"""Recipes of SpeechBrain: settings in a YAML file with tags (`!ref <lr>`), and flags that replace its plain values."""

from __future__ import annotations

import ast
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.scripts.inspect.forms import READS_OF_TYPE, OptionForm, Reads
from hptui.scripts.inspect.inputs.config_file import existing_file, file_option
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, calls
from hptui.scripts.syntax_nodes import all_nodes

FILE = re.compile(r"(?<![\w/.-])([\w./-]{1,200}\.ya?ml)\b")
"""A file of settings that a text names."""
FOLDER_OF_OUTPUT = "output_folder"
"""The setting that says where a recipe writes."""


def hyperpyyaml_options(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Inspect a script that reads its settings by `load_hyperpyyaml`; None without such a file."""
    if not any(name.rpartition(".")[2] == "load_hyperpyyaml" for name, _ in calls(tree)):
        return None
    file = _file(tree, path)
    values = _plain_values(file) if file is not None else {}
    if file is None or not values:
        return None
    script = InspectedScript("hyperpyyaml", "argparse", words=[Path(os.path.relpath(file)).as_posix()])
    script.options = [_option(name, value) for name, value in values.items()]
    script.settings["help"] = False  # it has none of its own
    script.outputs += [FOLDER_OF_OUTPUT] if FOLDER_OF_OUTPUT in values else []
    return script


def _file(tree: ast.Module, path: Path) -> Path | None:
    """Return the file of settings that a script or its docstring names, else the only one in `hparams`."""
    texts = [node.value for node in all_nodes(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    named = (existing_file(path, match[1]) for text in texts for match in FILE.finditer(text))
    files = [*filter(None, named), *sorted((path.parent / "hparams").glob("*.yaml"))]
    return files[0] if len(dict.fromkeys(files)) == 1 or (files and any(FILE.search(text) for text in texts)) else None


def _plain_values(file: Path) -> dict[str, Any]:
    """Return the values at the top of a file that no tag makes, and the folder of output."""
    import yaml

    class TaglessLoader(yaml.SafeLoader):
        """Reads what has a tag as nothing."""

    TaglessLoader.add_multi_constructor("!", lambda loader, suffix, node: None)
    try:
        values = TaglessLoader(file.read_text()).get_single_data()
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    if not isinstance(values, dict):
        return {}
    pairs = ((key, value) for key, value in values.items() if isinstance(key, str))
    plain = {key: value for key, value in pairs if isinstance(value, str | int | float)}
    return plain | ({FOLDER_OF_OUTPUT: "results"} if FOLDER_OF_OUTPUT in values else {})


def _option(name: str, value: Any) -> ScriptOption:
    option = file_option(name, value)
    reads = READS_OF_TYPE.get(option.type, Reads.UNKNOWN)
    return replace(option, form=OptionForm(reads=reads, flags=(f"--{name}",), silent=option.default))
