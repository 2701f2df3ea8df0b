"""Scripts that read their settings from a file whose path stands in them: `yaml.safe_load(open("config.yaml"))`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hptui.scripts.inspect.config_file import READERS, SUFFIXES, config_leaves, existing_file, file_content, file_option
from hptui.scripts.inspect.ranges import has_rule, is_searched_at_once
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, dotted_name, imported_modules, literal_value

MAX_FILES = 4000
"""Files of the project among which one that is named by a part of its path is looked for."""
SKIPPED_FOLDERS = {".git", ".venv", "venv", "node_modules", "site-packages", "__pycache__", "wandb", "runs", "outputs"}


def fixed_file(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Return the settings of the file that a script opens under a path of its own; None if it opens none.

    The file is copied for each trial, and the script gets the copy when it opens the file.
    """
    if not imported_modules(tree) & READERS:
        return None
    found = [(file, options) for file in dict.fromkeys(_files(tree, path)) if (options := _settings(file))]
    tuned = [pair for pair in found if any(is_searched_at_once(option.name) for option in pair[1])]
    if not found:
        return None
    file, options = (tuned or found)[0]
    return InspectedScript(f"the settings of {file.name}", "none", options, config=file)


def _settings(file: Path) -> list[ScriptOption]:
    """Return the plain values of a file of settings; [] if none of them is known as a hyperparameter."""
    leaves = list(config_leaves(file_content(file) or {}, ""))
    is_settings = any(has_rule(name.rpartition(".")[2]) for name, _ in leaves)
    return [file_option(name, value) for name, value in leaves] if is_settings else []


def _files(tree: ast.Module, path: Path) -> Iterator[Path]:
    """Yield the files that texts of the script name: as they stand, else the only one in the project of that name."""
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
    written = {id(inner) for node in ast.walk(tree) if _writes(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
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
