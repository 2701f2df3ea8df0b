"""How a script is started: by its path, as a module of its package, or by a shell."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.trial import Value

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript


def is_shell(path: Path) -> bool:
    """Return whether a file is a script of a shell."""
    with path.open("rb") as file:
        first_line = file.readline(200)
    return path.suffix in (".sh", ".bash") or re.match(rb"#!.*\b(?:ba|z|da|k)?sh\b", first_line) is not None


def how_to_start(path: Path) -> tuple[Path, list[str]]:
    """Return (directory, command) that start a script: a module of a package with `-m`, others by path."""
    from hptui.scripts.inspect.project import package_root, reads_beside_package, starts_in_its_directory

    cwd = Path.cwd()
    if is_shell(path):
        return cwd, ["bash", _script_path(path, cwd)]
    root = package_root(path.resolve())
    is_program = path.name == "__main__.py" and (path.resolve().parent / "__init__.py").is_file()
    if root is not None and not is_program and reads_beside_package(path.resolve(), root):
        return path.resolve().parent, ["python", path.name]
    if root is not None:
        module = ".".join(path.resolve().relative_to(root).with_suffix("").parts)
        return root, ["python", "-m", module.removesuffix(".__main__")]
    if cwd != path.resolve().parent and starts_in_its_directory(path.resolve(), cwd):
        return path.resolve().parent, ["python", path.name]
    return cwd, ["python", _script_path(path, cwd)]


def package_variable(path: Path, start: Path, place: Path) -> dict[str, Value]:
    """Return the variable that lets a script find its package from where it starts; {} if it needs none."""
    from hptui.scripts.inspect.project import package_root

    root = package_root(path.resolve()) if not is_shell(path) else None
    if root is None or root == start:
        return {}
    return {"PYTHONPATH": f"{{study_dir}}/{Path(os.path.relpath(root, place.absolute())).as_posix()}"}


def _script_path(path: Path, directory: Path) -> str:
    """Return the script's path relative to the directory where it is started, where that is possible."""
    try:
        return path.resolve().relative_to(directory.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def stem_of(path: Path) -> str:
    """Return what a study of a file is called by: its name, that of its package for `__main__.py`."""
    return path.resolve().parent.name if path.stem == "__main__" else path.stem


def inspected_file(path: Path) -> tuple[InspectedScript, Path]:
    """Return what a script takes, and the file that is started: a shell script may only start it."""
    from hptui.scripts.inspect import inspect_script, inspect_shell_script
    from hptui.scripts.inspect.inputs.usage import with_values_of_usage
    from hptui.scripts.inspect.started import inspect_started, with_demanded_values
    from hptui.scripts.inspect.subcommands import as_subcommand, only_defines, subcommand_of

    if not is_shell(path) and only_defines(path):
        script, started = inspect_script(path), subcommand_of(path)
        if started is not None:
            return as_subcommand(script, path, started), started.program
        script.notes.append(f"nothing runs when {path.name} is started: it only defines functions and classes")
        return script, path
    if not is_shell(path):
        return with_values_of_usage(with_demanded_values(inspect_script(path), path), path), path
    return inspect_started(path) or (inspect_shell_script(path), path)


def study_name(stem: str) -> str:
    """Return a study name made from a file's name."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64]
    return text if text and text[0].isalnum() else "study"


def one_line(text: str) -> str:
    """Return text that fits into a comment behind a setting."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:160]


def placed_name(text: str) -> str:
    """Return the parameter that a variable is a placeholder of; '' for another text."""
    return text[1:-1] if text.startswith("{") and text.endswith("}") and not text.startswith("{env.") else ""
