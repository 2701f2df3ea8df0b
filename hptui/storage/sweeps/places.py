"""Translates locations: errors of a study name those of a study file, errors of a sweep those of the sweep file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from hptui.model.errors import StudyError, StudyFileErrors, Unsupported

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
