"""Names and locations in sweep files: those that a study file cannot use, and those that errors must name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.errors import StudyError, StudyFileErrors, Unsupported

INVALID_CHARACTER = re.compile(r"[^A-Za-z0-9_.-]")
"""Pattern of a character that a setting's name cannot have."""
RESERVED_NAMES = (*COMMAND_KEYS, "kind")
"""Settings of the trainer `command`, which parameters cannot be named after."""


def study_names_for(names: Iterable[str]) -> dict[str, str]:
    """Return the study's name for each parameter of a sweep.

    It differs where a setting of hptui has that name, or a character is not allowed.
    """
    study_names: dict[str, str] = {}
    names = list(names)
    for name in names:
        valid = INVALID_CHARACTER.sub("_", name)
        valid = f"its_{valid}" if valid in RESERVED_NAMES or not (valid[:1].isalpha() or valid[:1] == "_") else valid
        while valid != name and (valid in names or valid in study_names.values()):
            valid += "_"
        study_names[name] = valid
    return study_names


SWEEP_KEY_OF = {"low": "min", "high": "max", "choices": "values", "step": "q", "weights": "probabilities"}
"""Key of a sweep file for one of a study file."""
SWEEP_LOCATIONS = (
    (re.compile(r"space\.(.+)\.(low|high|choices|step|weights)(\[\d+\])?"), r"parameters.\1.{key}\3"),
    (re.compile(r"space\.(.+)"), r"parameters.\1"),
    (re.compile(r"space"), "parameters"),
    (re.compile(r"objective\.metric"), "metric.name"),
    (re.compile(r"objective(\[\d+\])\.metric"), r"metrics\1.name"),
    (re.compile(r"search\.trials"), "run_cap"),
    (re.compile(r"search\.sampler"), "method"),
    (re.compile(r"search\.pruner"), "early_terminate"),
    (re.compile(r"trainer\.command"), "command"),
)
"""Patterns of locations in a study file, with the location in a sweep file."""


def sweep_location(where: str) -> str:
    """Return the location in a sweep file for one in a study file."""
    for pattern, template in SWEEP_LOCATIONS:
        match = pattern.fullmatch(where)
        if match:
            key = SWEEP_KEY_OF.get(match[2], "") if "{key}" in template else ""
            return match.expand(template.replace("{key}", key))
    return where


@contextmanager
def errors_name_sweep() -> Iterator[None]:
    """Make errors that are raised inside name locations of the sweep file."""
    try:
        yield
    except StudyFileErrors as error:
        raise StudyFileErrors(
            [_relocated(item) if isinstance(item, StudyError) else item for item in error.errors]
        ) from None
    except StudyError as error:
        raise _relocated(error) from None
    except Unsupported:
        raise


def _relocated(error: StudyError) -> StudyError:
    return StudyError(
        error.problem, file=error.file, where=sweep_location(error.where), value=error.value, hint=error.hint
    )
