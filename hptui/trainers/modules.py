"""The import of a user's module, by name (`train`, `lab.train`) or by file (`runs/train.py`).

A script may start a study at its top level, without a guard. Where it is loaded for its functions alone, that call ends
the loading: the lines above it are all that the function had when the study was started, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from hptui.core.errors import UserError

SCRIPT_VARIABLE = "HPTUI_SCRIPT"
"""Environment variable with a study's script and its arguments, as a JSON list."""


class StudyStartReached(BaseException):
    """A script that is being loaded has reached the call that starts a study.

    It is a BaseException, so that a script's own `except Exception` does not catch it.
    """


_loading: list[str] = []


def refuse_while_loading() -> None:
    """Raise `StudyStartReached` if this process is loading a script for its functions.

    All calls that start a study begin with this one.
    """
    if _loading:
        raise StudyStartReached


def is_file_name(name: str) -> bool:
    """Return whether a module is named by its file."""
    return name.endswith(".py")


def file_of(name: str, directory: str) -> Path:
    """Return the path that a module next to the study file would have."""
    return Path(directory, name if is_file_name(name) else f"{name.replace('.', '/')}.py")


def is_missing(name: str, directory: str) -> bool:
    """Return whether nothing has the first part of a dotted name; nothing is imported to find out."""
    first = name.partition(".")[0]
    if is_file_name(name) or not first or first in sys.modules:
        return False
    return PathFinder.find_spec(first, [directory or os.getcwd()]) is None and importlib.util.find_spec(first) is None


def load(name: str, directory: str) -> ModuleType:
    """Return the module, executed once; errors that it raises are passed on.

    Raises: ModuleNotFoundError if there is no such module; UserError if there is no such file.
    """
    if is_file_name(name):
        path = file_of(name, directory)
        if not path.is_file():
            raise UserError(f"there is no file {path}", hint="a trainer's file is looked for beside the study file")
        root, dotted = _import_root(path)
        _search_in(directory, root)
    else:
        path, dotted = None, name
        _search_in(directory)
    for module_name in (dotted, _own_name(path) if path else ""):
        if module_name in sys.modules and (path is None or _is_from(sys.modules[module_name], path)):
            return sys.modules[module_name]
    spec = importlib.util.find_spec(dotted) if path is None or "." not in path.stem else None
    if path is not None and (spec is None or not spec.origin or not path.samefile(spec.origin)):
        spec = importlib.util.spec_from_file_location(_own_name(path), path)  # its name belongs to another module
    if spec is None:
        raise ModuleNotFoundError(f"No module named {dotted!r}", name=dotted)
    return _execute(spec)


def _own_name(path: Path) -> str:
    return f"user_{path.stem.replace('.', '_')}"


def _import_root(path: Path) -> tuple[str, str]:
    """Return the directory from which a file is imported, and its dotted name."""
    parts, folder = [path.stem], path.absolute().parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return str(folder), ".".join(parts)


def _search_in(*directories: str) -> None:
    for directory in directories:
        if directory and directory not in sys.path:
            sys.path.insert(0, directory)


def _is_from(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).exists() and path.samefile(str(file))


def _execute(spec: ModuleSpec) -> ModuleType:
    if spec.loader is None:
        raise UserError(f"{spec.name!r} is a package without code", hint="name the module that holds the function")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        with _as_script(spec.origin or spec.name):
            spec.loader.exec_module(module)
    except StudyStartReached:
        pass
    except BaseException:
        sys.modules.pop(spec.name, None)
        raise
    parent, _, child = spec.name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


def script_from_environment() -> list[str]:
    """Return the script whose functions are wanted, by its file, and its arguments."""
    script: list[str] = json.loads(os.environ.get(SCRIPT_VARIABLE) or "[]")
    return script


def pass_script(script: Sequence[str]) -> None:
    """Set the script and arguments for this process and its children; () removes them."""
    if script:
        os.environ[SCRIPT_VARIABLE] = json.dumps(list(script))
    else:
        os.environ.pop(SCRIPT_VARIABLE, None)


def restore_script(stored: str) -> None:
    """Set the script from the JSON text of a store.

    JSON null stands for arguments that must not be stored: then the environment keeps what it has.
    """
    if (script := json.loads(stored or "[]")) is not None:
        pass_script(script)


@contextmanager
def _as_script(file: str) -> Iterator[None]:
    """Give a script its own `sys.argv` while it is loaded, instead of that of this process."""
    name, *arguments = script_from_environment() or [""]
    argv, sys.argv = sys.argv, [file, *(arguments if name and _same(name, file) else [])]
    _loading.append(file)
    try:
        yield
    except SystemExit as error:
        ending = f"{file} ends by itself (SystemExit: {error.code}) when it is loaded for its functions"
        hint = 'put what runs it as a program under `if __name__ == "__main__":`'
        raise UserError(ending, hint=hint) from error
    finally:
        _loading.pop()
        sys.argv = argv


def _same(first: str, second: str) -> bool:
    return Path(first).exists() and Path(second).exists() and Path(first).samefile(second)
