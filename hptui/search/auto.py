"""Chooses the sampler of a study with `sampler = "auto"`, and gives the reason in a sentence for people.

The rule comes from measurements on tables of real training runs, at 5 to 30 trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.search.lens import SpaceProjection

MAX_GP_TRIALS = 250
"""Trials beyond which a Gaussian process is slow and no better than TPE."""

ASSUMED_TRIALS = 30
"""Number of trials assumed for a study without a limit, to decide whether a grid can be completed."""

MAX_ENUMERATED_POINTS = 50_000
"""Largest product of values that is enumerated to count feasible points: half a second."""


@dataclass(frozen=True, slots=True)
class SamplerChoice:
    """A sampler of `[search]`, never `auto`, and the reason for it."""

    sampler: str
    why: str


def choose_sampler(study: Study, base: Mapping[str, Value]) -> SamplerChoice:
    """Return the sampler that the study names or, with `auto`, the one that fits it best."""
    search, space = study.search, study.space
    if search.sampler != "auto":
        return SamplerChoice(search.sampler, "the study names it")
    projection, several = SpaceProjection(space, base), len(study.objectives) > 1
    points = projection.feasible_configurations(MAX_ENUMERATED_POINTS, search.trials or ASSUMED_TRIALS)
    if points is not None:
        return SamplerChoice("grid", f"there are only {len(points)} configurations, so all of them are tried")
    if projection.conditional:
        return SamplerChoice(
            "tpe", "some parameters are there only beside certain values of others, which TPE handles best"
        )
    if (search.trials or 0) > MAX_GP_TRIALS:
        return SamplerChoice("tpe", f"over {MAX_GP_TRIALS} trials a Gaussian process becomes slow, and TPE is as good")
    if several and search.outcome and find_spec("ax"):
        return SamplerChoice("ax", "several objectives under conditions on the outcome are what Ax models best")
    return SamplerChoice(
        "gp", "a Gaussian process found the best settings in the fewest trials where this was measured"
    )
