"""What the memory model says of trials, as it is recorded: what is proposed no more, and what is run smaller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

from hptui.core.format import settings as settings_text
from hptui.core.memory import OFF, PREDICTED, SHRUNK
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, Value
from hptui.search.memory import MemoryLimits, MemoryModel
from hptui.store.recorded import EventKind
from hptui.store.store import Store

DRAWS = 200
"""Random configurations from which the share of the space that does not fit is estimated."""
WORTH_SAYING = 0.1
"""Change of that share that is recorded again."""
LEAST_SHARE = 0.25
"""Share of the memory below which a prediction is not recorded: nothing depends on it."""


class MemoryWall:
    """Records what the memory model of a study predicts, and makes trials smaller where the study asks for it."""

    def __init__(self, store: Store, study: Study, base: Mapping[str, Value]) -> None:
        self._store, self._study, self._base = store, study, base
        self._limits = MemoryLimits(study, base)
        self._recorded_share: float | None = None

    @property
    def bounds_the_space(self) -> bool:
        """Whether proposals are refused that are predicted not to fit."""
        return self._study.search.memory == "refuse" and self._limits.model is not None

    def evidence(self, trials: Iterable[Trial]) -> int:
        """Return how many trials the model rests on: proposals made in advance depend on it."""
        model = self._limits.model_of(trials)
        return 0 if model is None else len(model.evidence)

    def facts(self, params: Mapping[str, Value], trials: Iterable[Trial]) -> dict[str, Value]:
        """Return what is recorded with a proposal: the predicted peak, where it matters."""
        model = self._limits.model_of(trials)
        prediction = None if model is None else model.predict(params)
        if model is None or prediction is None or prediction.gib < LEAST_SHARE * model.capacity:
            return {}
        self._say(model)
        return {PREDICTED: round(prediction.gib, 3)}

    def _say(self, model: MemoryModel) -> None:
        """Record what part of the space does not fit, when that is first known or has changed."""
        draw, refused = Random(0), 0
        parameters = self._study.space.parameters
        for _ in range(DRAWS):
            refused += model.margin({parameter.name: parameter.sample(draw) for parameter in parameters}) > 0
        share = refused / DRAWS
        if abs(share - (self._recorded_share or 0.0)) < WORTH_SAYING:
            return
        self._recorded_share = share
        measured = sum(not item.exceeded for item in model.evidence)
        text = (
            f"memory: about {share:.0%} of the space is predicted to need more than {model.capacity:.3g} GiB and is "
            f"not proposed; from {measured} measured trials and {len(model.evidence) - measured} that ran out. {OFF}"
        )
        self._store.add_event("info", EventKind.MEMORY, text)

    def fitted(self, trial: Trial, trials: Iterable[Trial]) -> Trial:
        """Return a trial before its first attempt, with smaller settings recorded where it would not fit.

        What a person asked for runs as it is, after a warning, unless the study makes trials smaller.
        """
        if trial.attempts or SHRUNK in trial.facts or self._study.search.memory == "off":
            return trial
        model = self._limits.model_of(trials)
        if model is None or (self._study.search.memory == "refuse" and trial.role is Role.SEARCH):
            return trial
        smaller = model.shrunk(trial.params)
        if smaller == {}:
            return trial
        text = model.text(trial.params)
        if smaller is None:
            message = f"trial {trial.number} is predicted not to fit into {text}; it runs because it was asked for"
            self._store.add_event("warning", EventKind.MEMORY, message, trial.number)
            return trial
        facts = {**trial.facts, SHRUNK: smaller}
        with self._store.transaction(durable=True):
            self._store.update_trial(trial.number, facts=facts)
            message = f"trial {trial.number} runs with {settings_text(smaller)}, so that it fits; as proposed, {text}"
            self._store.add_event("info", EventKind.MEMORY, message, trial.number)
        return replace(trial, facts=facts)
