"""`sampler = "auto"`: which engine a study gets, and why, in a sentence for people.

The rule comes from measurements on tables of real training runs, at 5 to 30 trials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.search.lens import Lens

MANY = 250
"""Trials beyond which a Gaussian process is slower than it is better."""

UNLIMITED = 30
"""The budget of a study without one, when it comes to whether everything can be tried."""

WALKED = 50_000
"""The largest product of values that is gone through to count what is feasible: half a second."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A sampler of `[search]`, never `auto`, and why it is this one."""

    sampler: str
    why: str


def resolve(study: Study, base: Mapping[str, Value]) -> Choice:
    """The sampler of a study: the one that it names, or the one that fits it best."""
    search, space = study.search, study.space
    if search.sampler != "auto":
        return Choice(search.sampler, "the study names it")
    lens, several = Lens(space, base), len(study.objectives) > 1
    points = lens.feasible(WALKED, search.trials or UNLIMITED)
    if points is not None:
        return Choice("grid", f"there are only {len(points)} configurations, so all of them are tried")
    if lens.conditional:
        return Choice("tpe", "some parameters are there only beside certain values of others, which TPE handles best")
    if (search.trials or 0) > MANY:
        return Choice("tpe", f"over {MANY} trials a Gaussian process becomes slow, and TPE is as good")
    if several and search.outcome and find_spec("ax"):
        return Choice("ax", "several objectives under conditions on the outcome are what Ax models best")
    return Choice("gp", "a Gaussian process found the best settings in the fewest trials where this was measured")
