"""Where the files lie that alone hold a script's metrics: below the directory of an option, or at a path of its own."""

from __future__ import annotations

import ast
import re

from hptui.scripts.inspect.outputs.metrics import Measured
from hptui.scripts.inspect.outputs.written import WrittenFile, names_below_folders, written_places
from hptui.scripts.inspect.shared_files import MODEL_FILE
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, literal_value
from hptui.scripts.syntax_nodes import all_nodes

PATH_NAME = re.compile(
    r"(?:.*_)?(?:dir|directory|path|folder|root|dest|destination|out|output|to|file|filename|prefix)"
)
"""Names of options that hold a path."""


def is_path(option: ScriptOption) -> bool:
    """Return whether an option says where something is written or read."""
    is_known = isinstance(option.default, str) and (
        "/" in option.default
        or PATH_NAME.fullmatch(option.name) is not None
        or MODEL_FILE.fullmatch(option.default) is not None
    )
    return is_known or (option.required and option.default is None and PATH_NAME.fullmatch(option.name) is not None)


def saved_options(options: list[ScriptOption], tree: ast.Module) -> list[str]:
    """Return the options that say where a script writes; a name behind a folder is no path."""
    places, below = written_places(tree), names_below_folders(tree)
    saved = [o for o in options if is_path(o) and (o.name in places or _is_saved(o, places))]
    return [option.name for option in saved if option.name not in below or "/" in str(option.default)]


def _is_saved(option: ScriptOption, places: set[str]) -> bool:
    """Return whether a setting of a section, named by its last part, is a model that is saved."""
    return option.name.rpartition(".")[2] in places and MODEL_FILE.fullmatch(str(option.default)) is not None


LIGHTNING_FILES = ["lightning_logs", "lightning_logs/*/metrics.csv"]
"""Where loggers of Lightning write by default: TensorBoard's files, and without TensorBoard a table."""


def event_files(metrics: Measured, script: InspectedScript) -> list[str]:
    """Return where TensorBoard's files are: the option that says it, a path, or anywhere.

    Writers that are given no directory write below `runs`.
    """
    for node in metrics.directories:
        if option := _option_in(node, script):
            return [f"{{{option}}}"]
        if isinstance(text := literal_value(node), str):
            return [text]
    return [ANY_EVENTS] if metrics.directories else ["runs"]


ANY_EVENTS = "**/*tfevents*"
"""TensorBoard's files, wherever a script writes them where it runs."""


def lightning_files(metrics: Measured, script: InspectedScript) -> list[str]:
    """Return where Lightning's loggers write: below the directory of an option, or of the script."""
    root = metrics.lightning_root
    option = _option_in(root, script) if root is not None else ""
    if root is None and any(each.name == "default_root_dir" for each in script.options):  # the Trainer's own option
        option = "default_root_dir"
    if option:
        script.outputs.append(option)
        return [f"{{{option}}}", f"{{{option}}}/**/metrics.csv"]
    text = literal_value(root) if root is not None else ""
    return [f"{text}/{file}" if isinstance(text, str) and text else file for file in LIGHTNING_FILES]


def written_file(file: WrittenFile, script: InspectedScript) -> str:
    """Return where a file of metrics is: below the directory that an option says, or a path."""
    paths = {option.name for option in script.options if is_path(option) or WRITTEN_NAME.fullmatch(option.name)}
    names = [_option_in(part, script) for part in (file.where, *file.parts)]
    option = next((name for name in names if name in paths), "")
    if option:
        # What a script writes below an option's directory is one file for all trials, if that is not the trial's.
        script.outputs.append(option)
        return f"{{{option}}}/**/{file.name}"
    text = literal_value(file.where)
    if script.parser == "hydra":  # where it runs, which is the trial's directory
        return f"{{trial_dir}}/**/{file.name}"
    return text if isinstance(text, str) else f"**/{file.name}"


WRITTEN_NAME = re.compile(r"(?:.*_)?(?:save|saves|log|logs|results?|checkpoints?|ckpt|workdir|logdir|outdir)(?:_to)?")
"""Names of options that say where a script writes, next to those of paths."""


def _option_in(node: ast.AST, script: InspectedScript) -> str:
    """Return the option that an expression such as `os.path.join(args.out, "x.json")` uses; '' for none."""
    names = {option.name for option in script.options}
    nodes = [inner for inner in all_nodes(node) if isinstance(inner, ast.Name | ast.Attribute)]
    nodes.sort(key=lambda inner: (getattr(inner, "end_lineno", 0), getattr(inner, "end_col_offset", 0)))
    parts = [inner.id if isinstance(inner, ast.Name) else inner.attr for inner in nodes]
    return next((part for part in parts if part in names), "")
