"""Inspects a whole script: its parser, else a configuration, the environment, or constants; and what it measures."""

from __future__ import annotations

import ast
from pathlib import Path

from hptui.model.errors import UserError
from hptui.trainers.scripts.found import InspectedScript
from hptui.trainers.scripts.hydra import hydra_options
from hptui.trainers.scripts.measures import measured_metrics
from hptui.trainers.scripts.outside import argv_options, constant_options, environment_options, wandb_options
from hptui.trainers.scripts.parsers import PARSERS
from hptui.trainers.scripts.tree import top_level_constants

MAX_SCRIPT_BYTES = 4 * 1024 * 1024
"""Bytes of a script that is read."""


def inspect_script(path: Path) -> InspectedScript:
    """Return what a Python script takes and measures.

    Raises: UserError if it cannot be read as Python.
    """
    text = _text(path)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{path}{line}: is not Python: {error.args[0] if error.args else error}") from None
    values = top_level_constants(tree)
    script = next((parsed for parser in PARSERS if (parsed := parser(tree, values)) is not None), None)
    script = (
        script or hydra_options(tree, path) or wandb_options(tree) or environment_options(tree) or argv_options(tree)
    )
    script = script or constant_options(tree, text, values)
    script.metrics = measured_metrics(tree)
    return script


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SCRIPT_BYTES:
            raise UserError(f"{path} is larger than {MAX_SCRIPT_BYTES >> 20} MiB, which no script is")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text") from None
