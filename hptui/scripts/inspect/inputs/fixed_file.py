"""Scripts that read their settings from a file whose path stands in them: `yaml.safe_load(open("config.yaml"))`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hptui.scripts.inspect.inputs.config_file import (
    READERS,
    SUFFIXES,
    config_leaves,
    existing_file,
    file_content,
    file_option,
)
from hptui.scripts.inspect.ranges import has_rule, is_searched_at_once
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, dotted_name, imported_modules, literal_value
from hptui.scripts.syntax_nodes import all_nodes

MAX_FILES = 4000
"""Files of the project among which one that is named by a part of its path is looked for."""
SKIPPED_FOLDERS = {".git", ".venv", "venv", "node_modules", "site-packages", "__pycache__", "wandb", "runs", "outputs"}


def fixed_file(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Return the settings of the file that a script opens under a path of its own; None if it opens none.

    The file is copied for each trial, and the script gets the copy when it opens the file.
    """
    if not imported_modules(tree) & READERS:
        return None
    candidates = [(file, options) for file in dict.fromkeys(_files(tree, path)) if (options := _settings(file))]
    tuned = [pair for pair in candidates if any(is_searched_at_once(option.name) for option in pair[1])]
    if not candidates:
        return None
    file, options = (tuned or candidates)[0]
    return InspectedScript(f"the settings of {file.name}", "none", options, config=file)


def file_by_name(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return the script with the settings of the file of whose path an option is a part.

    `f"configs/{args.model}.yaml"` is such a path; without one the script is as it was. The file is copied for each
    trial, and the script opens the copy.
    """
    if script.config is not None or script.parser in NO_FLAGS or not imported_modules(tree) & READERS:
        return script
    options = {option.name: option for option in script.options}
    if any(map(is_searched_at_once, options)):  # its own options are its settings
        return script
    for node in all_nodes(tree):
        before, name, after = _parts_of_path(node)
        option = options.get(name)
        if option is None or option.type not in ("str", "any"):
            continue
        text = option.default if isinstance(option.default, str) and option.default else ""
        text = text or _only_name(path, before, after)
        file = existing_file(path, f"{before}{text}{after}") if text else None
        leaves = _settings(file) if file is not None else []
        if file is None or not leaves or not any(is_searched_at_once(leaf.name) for leaf in leaves):
            continue
        named = {leaf.name for leaf in leaves}
        others = [replace(o, default=text) if o is option else o for o in script.options if o.name not in named]
        script.options, script.config = [*leaves, *others], file
        script.parser = f"{script.parser}, and settings of {file.name}"
        return script
    return script


MAX_LEAVES = 100
"""Settings of a file up to which all are listed."""


def without_other_tables(script: InspectedScript) -> InspectedScript:
    """Return the script with those settings of a large file that it seems to use; the rest stays.

    They are those of the table whose name an option has (`--env CartPole-v1`), else those that people tune.
    """
    leaves = [option for option in script.options if option.form is None and not option.positional]
    if script.config is None or len(leaves) <= MAX_LEAVES:
        return script
    words = {option.default for option in script.options if option.form is not None and isinstance(option.default, str)}
    kept = [option for option in leaves if any(option.name.startswith(f"{word}.") for word in words if word)]
    kept = kept or [option for option in leaves if has_rule(option.name.rpartition(".")[2])][:MAX_LEAVES]
    names = {option.name for option in leaves} - {option.name for option in kept}
    script.options = [option for option in script.options if option.name not in names]
    script.notes.append(f"{len(names)} more settings of {script.config.name} keep their values")
    return script


NO_FLAGS = ("", "constants", "hydra", "configurator", "environment", "sys.argv", "wandb")
"""Ways of reading parameters that have no options to name a file with."""


def _parts_of_path(node: ast.AST) -> tuple[str, str, str]:
    """Return what stands before and behind a name in a path of a file of settings, and that name; else ''."""
    match node:
        case ast.JoinedStr(values=[*first, ast.FormattedValue(value=value), ast.Constant(value=str() as end)]):
            texts = [part.value for part in first if isinstance(part, ast.Constant)]
            if len(first) == len(texts) <= 1 and end.endswith(SUFFIXES):
                return "".join(map(str, texts)), dotted_name(value).rpartition(".")[2], end
        case ast.BinOp(
            left=ast.BinOp(left=ast.Constant(value=str() as start), op=ast.Add(), right=value),
            op=ast.Add(),
            right=ast.Constant(value=str() as end),
        ) if end.endswith(SUFFIXES):
            return start, dotted_name(value).rpartition(".")[2], end
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format"), args=[value]) if (
            text.count("{}") == 1 and text.endswith(SUFFIXES)
        ):
            start, _, end = text.partition("{}")
            return start, dotted_name(value).rpartition(".")[2], end
    return "", "", ""


def _only_name(path: Path, before: str, after: str) -> str:
    """Return the name of the only file that such a path has; '' of none, or of several."""
    folder, _, start = before.rpartition("/")
    for base in (Path.cwd(), path.parent, path.parent.parent):
        files = sorted((base / folder).glob(f"{start}*{after}")) if not Path(folder).is_absolute() else []
        if len(files) == 1:
            return files[0].name.removeprefix(start).removesuffix(after)
        if files:
            return ""
    return ""


def _settings(file: Path) -> list[ScriptOption]:
    """Return the plain values of a file of settings; [] if none of them is known as a hyperparameter."""
    leaves = list(config_leaves(file_content(file) or {}, ""))
    is_settings = any(has_rule(name.rpartition(".")[2]) for name, _ in leaves)
    return [file_option(name, value) for name, value in leaves] if is_settings else []


def _files(tree: ast.Module, path: Path) -> Iterator[Path]:
    """Yield the files that texts of the script name: as they stand, else the only one of that name."""
    for text in _names_of_files(tree):
        file = existing_file(path, text)
        if file is None:
            same = [other for other in _project_files(path) if other.as_posix().endswith(f"/{text.lstrip('./')}")]
            file = same[0] if len(same) == 1 else None
        if file is not None:
            yield file


def _project_files(path: Path) -> Iterator[Path]:
    here = Path.cwd()
    root = here if path.absolute().is_relative_to(here) else path.absolute().parent
    folders, seen = [root], 0
    while folders and seen < MAX_FILES:
        for entry in sorted(folders.pop(0).iterdir()):
            seen += 1
            if entry.is_dir() and not entry.is_symlink() and entry.name not in SKIPPED_FOLDERS:
                folders.append(entry)
            elif entry.suffix in SUFFIXES:
                yield entry


def _names_of_files(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a script that end as files of settings do, but for those that it writes to."""
    written = {id(inner) for node in all_nodes(tree) if _writes(node) for inner in all_nodes(node)}
    for node in all_nodes(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in written else None
        if isinstance(text, str) and text.endswith(SUFFIXES) and len(text.split()) == 1 and text not in SUFFIXES:
            yield text


def _writes(node: ast.AST) -> bool:
    """Return whether a call opens a file to write it."""
    if not isinstance(node, ast.Call):
        return False
    last = dotted_name(node.func).rpartition(".")[2]
    modes = [*node.args[(0 if last == "open" and isinstance(node.func, ast.Attribute) else 1) :]]
    modes += [word.value for word in node.keywords if word.arg == "mode"]
    texts = [literal_value(mode) for mode in modes]
    opens = last == "open" and any(
        isinstance(text, str) and set("wax") & set(text) and len(text) <= 3 for text in texts
    )
    return opens or last in ("dump", "write_text", "write_bytes", "to_csv", "to_json", "save")
