"""Objects that a text names: `"module:Object"`, installed or next to a study file; the failures of their modules."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hptui.core.errors import Unsupported, UserError, did_you_mean


def resolve(reference: Any) -> Any:
    """Return the object that `"module:Object"` names; anything but a text as it is."""
    if not isinstance(reference, str):
        return reference
    module_name, _, path = reference.partition(":")
    target: Any = importlib.import_module(module_name)
    for part in path.split("."):
        target = getattr(target, part)
    return target


@contextmanager
def unsupported_if_it_fails(label: str) -> Iterator[None]:
    """Turn whatever the import of somebody else's module raises into Unsupported."""
    try:
        yield
    except (Exception, SystemExit) as error:  # it may raise anything, and end a process that only looks at it
        message = " ".join(str(error).split())[:500]
        raise Unsupported(f"{label} cannot be loaded: {type(error).__name__}: {message}") from error


def named_object(name: str, directory: str, label: str) -> Any:
    """Return the object of `"module:Object"`.

    A missing module or object is the user's mistake, anything else that goes wrong a failure of the plug-in.
    """
    module_name, _, path = name.rpartition(":")
    if directory and directory not in sys.path:
        sys.path.insert(0, directory)  # modules next to the study file come before installed ones
    if not _module_exists(module_name, directory):
        where = f"beside the study file ({directory}) or installed" if directory else "installed"
        raise UserError(f"there is no module {module_name!r} for the {label}", hint=f"it must be {where}")
    with unsupported_if_it_fails(label):
        target: Any = _import_module(module_name, directory)
    for part in path.split("."):
        if not part or not hasattr(target, part):
            public = [word for word in vars(target) if not word.startswith("_")] if hasattr(target, "__dict__") else []
            raise UserError(f"module {module_name!r} has no {path!r}", hint=did_you_mean(part, public))
        target = getattr(target, part)
    return target


def _module_exists(name: str, directory: str) -> bool:
    if name.endswith(".py"):
        return Path(directory, name).is_file()
    try:
        return bool(name) and importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _import_module(name: str, directory: str) -> Any:
    """Import a module by its name, or by its file next to the study file."""
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = Path(directory, name).resolve()
    module_name = f"hptui_plugin_{path.stem}"
    module = sys.modules.get(module_name)
    if module is not None and module.__file__ == str(path):
        return module
    module_spec = importlib.util.spec_from_file_location(module_name, path)
    if module_spec is None or module_spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = sys.modules[module_name] = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module
