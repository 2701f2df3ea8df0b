"""Reads what a study file says of a Ray cluster: `[ray]`."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.errors import Problems, StudyError
from hptui.core.key_types import FLOAT, require_table
from hptui.core.ray_cluster import RayCluster
from hptui.core.study import Resources, Study
from hptui.core.trial import Value
from hptui.studyfile.table import TableReader

OWN_NAMES = {"CPU": "cpus in [ray]", "GPU": "gpus_per_trial in [resources]"}
"""Resources of Ray that have a key of their own."""


def read_ray(value: Value) -> RayCluster:
    """Return `[ray]`. Raises: StudyError."""
    problems = Problems()
    fields = TableReader.of({} if value is None else value, "ray", problems=problems).fields()
    problems.raise_all()
    return RayCluster(**fields)


def read_resources(value: Value, where: str) -> Mapping[str, float]:
    """Return the custom resources of a trial: names of Ray and amounts."""
    amounts = {}
    for name, amount in require_table(value, where).items():
        location = f"{where}.{name}"
        amounts[name] = float(FLOAT.read(amount, location))
        if name.upper() in OWN_NAMES:
            hint = f"say it with {OWN_NAMES[name.upper()]}"
            raise StudyError(f"{name} is no custom resource", where=location, value=amount, hint=hint)
        if not amounts[name] > 0:
            raise StudyError("must be above 0", where=location, value=amount, hint="leave it out")
    return amounts


def validate_ray(study: Study, problems: Problems) -> None:
    """Collect what cannot work about running trials on Ray."""
    resources = study.resources
    if resources.executor != "ray":
        return
    if resources.checkpoints != Resources().checkpoints:
        text = "checkpoints of trials that run on Ray lie on its nodes"
        hint = "leave it out, or set dir in [ray]"
        problems.errors.append(StudyError(text, where="resources.checkpoints", hint=hint))
    if isinstance(resources.gpus, tuple):
        text = "Ray chooses which GPUs a trial gets"
        hint = "give a number of GPUs, or leave it out for all"
        problems.errors.append(
            StudyError(text, where="resources.gpus", value=", ".join(map(str, resources.gpus)), hint=hint)
        )
    elif isinstance(resources.gpus, int) and resources.gpus % resources.gpus_per_trial:
        text = f"{resources.gpus} GPUs cannot be divided into trials of {resources.gpus_per_trial}"
        problems.errors.append(
            StudyError(text, where="resources.gpus", value=resources.gpus, hint="set gpus_per_trial")
        )
