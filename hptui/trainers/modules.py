"""The module that a user's trainer stands in: by name, `train` or `lab.train`, or by file, `runs/train.py`.

A script may start a study at its top level, without a guard. Where it is loaded for its functions alone, that call ends
the loading: what stands above it is all that the function had when the study was started, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from hptui.model.errors import UserError

ARGUMENTS = "HPTUI_SCRIPT"
"""The variable by which every process of a study knows its script, and what that was started with."""

SCRIPT = "script"
"""Under which name a store remembers the same."""


class Begun(BaseException):
    """A script that is being loaded has come to the call that starts a study. No `except Exception` catches it."""


_loading: list[str] = []


def refuse_while_loading() -> None:
    """Called by whatever starts a study: in a process that loads a script for its functions, the script ends here."""
    if _loading:
        raise Begun


def by_file(name: str) -> bool:
    """Whether a module is named by its file."""
    return name.endswith(".py")


def file_of(name: str, directory: str) -> Path:
    """The file in which a module beside the study file would be."""
    return Path(directory, name if by_file(name) else f"{name.replace('.', '/')}.py")


def load(name: str, directory: str) -> ModuleType:
    """The module, executed once. `ModuleNotFoundError` when there is none; whatever it raises itself is passed on."""
    if by_file(name):
        path = file_of(name, directory)
        if not path.is_file():
            raise UserError(f"there is no file {path}", hint="a trainer's file is looked for beside the study file")
        root, dotted = _placed(path)
        _search_in(directory, root)
    else:
        path, dotted = None, name
        _search_in(directory)
    for known in (dotted, _own_name(path) if path else ""):
        if known in sys.modules and (path is None or _is(sys.modules[known], path)):
            return sys.modules[known]
    spec = importlib.util.find_spec(dotted) if path is None or "." not in path.stem else None
    if path is not None and (spec is None or not spec.origin or not path.samefile(spec.origin)):
        spec = importlib.util.spec_from_file_location(_own_name(path), path)  # a name that something else has
    if spec is None:
        raise ModuleNotFoundError(f"No module named {dotted!r}", name=dotted)
    return _execute(spec)


def _own_name(path: Path) -> str:
    return f"user_{path.stem.replace('.', '_')}"


def _placed(path: Path) -> tuple[str, str]:
    """The directory from which a file is imported, and under which name."""
    parts, folder = [path.stem], path.absolute().parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return str(folder), ".".join(parts)


def _search_in(*directories: str) -> None:
    for directory in directories:
        if directory and directory not in sys.path:
            sys.path.insert(0, directory)


def _is(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).exists() and path.samefile(str(file))


def _execute(spec: ModuleSpec) -> ModuleType:
    if spec.loader is None:
        raise UserError(f"{spec.name!r} is a package without code", hint="name the module that holds the function")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        with _as_script(spec.origin or spec.name):
            spec.loader.exec_module(module)
    except Begun:
        pass
    except BaseException:
        sys.modules.pop(spec.name, None)
        raise
    parent, _, child = spec.name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


def told_script() -> list[str]:
    """The script whose functions are wanted, by its file, and the arguments that it was started with."""
    found: list[str] = json.loads(os.environ.get(ARGUMENTS) or "[]")
    return found


def tell_script(script: Sequence[str]) -> None:
    """Let this process, and those that it starts, load a script with these arguments; () forgets it."""
    if script:
        os.environ[ARGUMENTS] = json.dumps(list(script))
    else:
        os.environ.pop(ARGUMENTS, None)


def recall_script(kept: str) -> None:
    """The same from a store. A script with arguments that must not be kept is known to its first processes alone."""
    if (script := json.loads(kept or "[]")) is not None:
        tell_script(script)


@contextmanager
def _as_script(file: str) -> Iterator[None]:
    """The arguments of our own process are none of the script's: it has those that it was started with."""
    name, *arguments = told_script() or [""]
    before, sys.argv = sys.argv, [file, *(arguments if name and _same(name, file) else [])]
    _loading.append(file)
    try:
        yield
    except SystemExit as error:
        ending = f"{file} ends by itself (SystemExit: {error.code}) when it is loaded for its functions"
        hint = 'put what runs it as a program under `if __name__ == "__main__":`'
        raise UserError(ending, hint=hint) from error
    finally:
        _loading.pop()
        sys.argv = before


def _same(one: str, other: str) -> bool:
    return Path(one).exists() and Path(other).exists() and Path(one).samefile(other)
