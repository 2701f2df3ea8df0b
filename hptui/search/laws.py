"""The first proposal of a search: where a published law says that the best is, if it lies in the space."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from hptui.core.laws import ENGINE, NOTE_PREFIX, OFF, Law
from hptui.core.parameters import Choice, Int, Parameter
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, Value
from hptui.search.engine import Proposal
from hptui.search.history import known_identities
from hptui.search.projection import SpaceProjection

ORDERLY_SAMPLERS = ("list", "grid")
"""Samplers that try configurations in their own order."""


def law_in_space(parameter: Parameter, value: float) -> Value:
    """Return the value of a parameter next to what a law says; None if that lies outside of its range."""
    if isinstance(parameter, Choice):
        numbers = [c for c in parameter.levels if isinstance(c, int | float) and not isinstance(c, bool) and c > 0]
        if len(numbers) != len(parameter.levels) or not min(numbers) <= value <= max(numbers):
            return None
        return min(numbers, key=lambda number: abs(math.log(number / value)))
    if not parameter.low <= value <= parameter.high:
        return None
    if isinstance(parameter, Int) or parameter.step is None:
        return parameter.clamp(round(value) if isinstance(parameter, Int) else value)
    steps = [step for step in parameter.values() or () if isinstance(step, int | float)]
    return min(steps, key=lambda step: abs(step - value), default=None)


def applies(study: Study, trials: Iterable[Trial]) -> bool:
    """Return whether the next proposal may be that of a law: the first of the search, once in a study."""
    if not study.search.laws or study.search.sampler in ORDERLY_SAMPLERS or not study.space.parameters:
        return False
    return not any(trial.role is Role.SEARCH for trial in trials)


def law_proposal(
    study: Study, base: Mapping[str, Value], laws: Sequence[Law], trials: Sequence[Trial]
) -> tuple[Proposal, str] | None:
    """Return the proposal of the laws and the note that says so; None where they say nothing that can run.

    Settings without a law have the baseline's values.
    """
    projection = SpaceProjection(study.space, base)
    used = {}
    for law in laws:
        parameter = projection.parameters.get(law.setting)
        value = None if parameter is None else law_in_space(parameter, law.value)
        if value is not None:
            used[law.setting] = (value, law)
    if not used:
        return None
    point = projection.with_inactive({name: value for name, (value, _) in used.items()})
    settled, rejection = projection.judge(point, known_identities(projection, trials))
    if rejection is not None:
        return None
    note = f"{NOTE_PREFIX}{'; '.join(law.text for _, law in used.values())}. {OFF}"
    return Proposal(settled, (), ENGINE), note
