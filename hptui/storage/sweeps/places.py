"""Errors of a study name places of a study file; of a sweep they name those of the sweep file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from hptui.model.errors import Several, StudyError, Unsupported

KEYS = {"low": "min", "high": "max", "choices": "values", "step": "q", "weights": "probabilities"}
PLACES = (
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


def place(where: str) -> str:
    """The place in a sweep file for one in a study file."""
    for pattern, there in PLACES:
        found = pattern.fullmatch(where)
        if found:
            key = KEYS.get(found[2], "") if "{key}" in there else ""
            return found.expand(there.replace("{key}", key))
    return where


@contextmanager
def as_written() -> Iterator[None]:
    """Errors raised inside name places of the sweep file."""
    try:
        yield
    except Several as error:
        raise Several([_moved(one) if isinstance(one, StudyError) else one for one in error.errors]) from None
    except StudyError as error:
        raise _moved(error) from None
    except Unsupported:
        raise


def _moved(error: StudyError) -> StudyError:
    return StudyError(error.problem, file=error.file, where=place(error.where), value=error.value, hint=error.hint)
