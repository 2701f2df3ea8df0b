"""Suggested changes of a trial's settings, by diagnosis: the usual remedies, for settings that its trainer has.

No suggestion adds a setting that the trainer does not have, violates a constraint of the space, or starts from where
the present space has no trials: an imported trial or one of an earlier space may lie there. Halving the batch size
doubles gradient accumulation, which keeps the effective batch size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.errors import ExpressionError
from hptui.core.format import setting
from hptui.core.stages import stage_named, stage_space
from hptui.core.trial import Reason, Role, Trial, TrialStatus, Value
from hptui.core.values import canonical_json, is_number
from hptui.results.roles import setting_with_role
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change that may help: as text, and as settings that override the trial's own (`hptui add`)."""

    sentence: str
    changes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Values:
    """Values of a setting: the least and the most of its numbers, and the others as JSON."""

    least: float
    most: float
    texts: frozenset[str]


class SuggestionRules:
    """The suggestions for the settings of one trial."""

    def __init__(self, view: View, trial: Trial) -> None:
        self.view, self.settings = view, view.settings(trial)
        self._space = stage_space(view.study, stage_named(view.study, trial.stage or view.stage))
        self._is_chosen_by_hand = trial.role not in (Role.SEARCH, Role.IMPORTED)

    def oom(self) -> tuple[Suggestion, ...]:
        """Suggest changes that need less memory."""
        return self._not_refuted(
            (Reason.OOM, Reason.HOST_OOM),
            self._smaller_batch(),
            self._halved("sequence", "shorter sequences", 16),
            self._switched_on("checkpointing", "recompute activations"),
            self._switched_on("four_bit", "load the model in 4 bits"),
            self._quantized(),
            self._halved("width", "a narrower model", 8),
        )

    def nan(self) -> tuple[Suggestion, ...]:
        """Suggest changes that stabilize training."""
        return self._not_refuted(
            (Reason.NAN,),
            self._scaled("learning_rate", 0.1, "a lower learning rate"),
            self._clip(),
            self._switched_off("mixed", "full precision"),
        )

    def flat(self) -> tuple[Suggestion, ...]:
        """Suggest changes for a trial that does not learn at all."""
        return self._allowed_only(
            self._scaled("learning_rate", 10, "a higher learning rate"),
            self._scaled("width", 2, "a wider model"),
            self._scaled("layers", 2, "a deeper model"),
            self._scaled("rank", 2, "a higher rank"),
        )

    def overfit(self, share: float | None) -> tuple[Suggestion, ...]:
        """Suggest changes for a trial that overfits. `share` (0–1): where in its training it was best."""
        return self._allowed_only(
            self._dropout(),
            self._switched_on("early_stopping", "stop when validation stops improving"),
            self._length(share, "train less") if share else iter(()),
            self._halved("width", "a smaller model", 8),
            self._halved("rank", "a lower rank", 1),
        )

    def turned(self, share: float | None) -> tuple[Suggestion, ...]:
        """Suggest changes for a trial that got worse again. `share` (0–1): where in its training it was best."""
        return self._allowed_only(
            self._switched_on("early_stopping", "stop when validation stops improving"),
            self._length(share, "train less") if share else iter(()),
        )

    def plateau(self) -> tuple[Suggestion, ...]:
        """Suggest changes for a trial that no longer improves."""
        return self._allowed_only(
            self._schedule(), self._switched_on("early_stopping", "stop when validation stops improving")
        )

    def longer(self) -> tuple[Suggestion, ...]:
        """Suggest longer training, for a trial that was still improving."""
        return self._allowed_only(self._length(2.0, "train longer"))

    def _allowed_only(self, *suggestions: Iterator[Suggestion]) -> tuple[Suggestion, ...]:
        return tuple(remedy for group in suggestions for remedy in group if self._allowed(remedy.changes))

    def _not_refuted(self, reasons: Sequence[Reason], *suggestions: Iterator[Suggestion]) -> tuple[Suggestion, ...]:
        """Return suggestions without those by which trials only failed in the same way."""
        return tuple(remedy for remedy in self._allowed_only(*suggestions) if not self._is_refuted(reasons, remedy))

    def _is_refuted(self, reasons: Sequence[Reason], remedy: Suggestion) -> bool:
        """Return whether trials with the change of a suggestion, or more of it, only failed in the same way."""
        name, new = next(iter(remedy.changes.items()))
        complete, failed = (self._values(name, reasons, is_complete) for is_complete in (True, False))
        old = self.settings.get(name)
        if not is_number(new) or not is_number(old):
            text = canonical_json(new)
            return text in failed.texts and text not in complete.texts
        if new < old:
            return failed.least <= new < complete.least
        return failed.most >= new > complete.most

    def _values(self, name: str, reasons: Sequence[Reason], is_complete: bool) -> _Values:
        """Return the values of a setting in the complete trials, or in those that failed for some reasons.

        They are read once for all trials that need a remedy.
        """
        key = "values of ended", name, None if is_complete else tuple(reasons)
        if key not in self.view.memo:
            ended = [
                trial
                for trial in self.view.trials
                if (trial.status is TrialStatus.COMPLETE) is is_complete and (is_complete or trial.reason in reasons)
            ]
            values = [self.view.settings(trial).get(name) for trial in ended]
            numbers = [float(value) for value in values if is_number(value)]
            texts = frozenset(canonical_json(value) for value in values if not is_number(value))
            self.view.memo[key] = _Values(min(numbers, default=math.inf), max(numbers, default=-math.inf), texts)
        known: _Values = self.view.memo[key]
        return known

    def _allowed(self, changes: Mapping[str, Value]) -> bool:
        space = self._space
        if not self._is_chosen_by_hand and any(self._is_outside(name) for name in changes):
            return False
        try:
            return space.margin(self.view.base, space.settle(self.view.base, {**self.settings, **changes})) <= 0
        except ExpressionError:
            # A constraint that cannot be evaluated does not rule the change out; `hptui add` checks it again.
            return True

    def _is_outside(self, name: str) -> bool:
        """Return whether the trial has a value of a setting that the present space does not have."""
        parameter = self._space.get(name)
        return parameter is not None and not parameter.contains(self.settings.get(name))

    def _setting_with_role(self, role: str) -> tuple[str, Value] | None:
        """Return the name and the value of the setting with this role, if the trainer has one."""
        name = setting_with_role(self.settings, role)
        return None if name is None else (name, self.settings[name])

    def _suggestion(self, text: str, changes: Mapping[str, Value]) -> Suggestion:
        texts = ", ".join(
            f"{name} {setting(self.settings[name])} → {setting(value)}" for name, value in changes.items()
        )
        return Suggestion(f"{text}: {texts}", changes)

    def _scaled(self, role: str, factor: float, text: str) -> Iterator[Suggestion]:
        current = self._setting_with_role(role)
        if current and is_number(current[1]) and current[1] > 0:
            value = current[1] * factor
            yield self._suggestion(
                text, {current[0]: round(value) if isinstance(current[1], int) else float(f"{value:.6g}")}
            )

    def _halved(self, role: str, text: str, minimum: int) -> Iterator[Suggestion]:
        current = self._setting_with_role(role)
        if current and isinstance(current[1], int) and not isinstance(current[1], bool) and current[1] // 2 >= minimum:
            yield self._suggestion(text, {current[0]: current[1] // 2})

    def _smaller_batch(self) -> Iterator[Suggestion]:
        batch, times = self._setting_with_role("batch"), self._setting_with_role("accumulation")
        if not batch or not isinstance(batch[1], int) or batch[1] < 2:
            return
        changes: dict[str, Value] = {batch[0]: batch[1] // 2}
        if times and isinstance(times[1], int) and batch[1] % 2 == 0:
            changes[times[0]] = max(1, times[1]) * 2
            yield self._suggestion("a smaller batch, the effective one kept", changes)
        else:
            yield self._suggestion("a smaller batch", changes)

    def _switched_on(self, role: str, text: str) -> Iterator[Suggestion]:
        current = self._setting_with_role(role)
        if current and current[1] is False:
            yield self._suggestion(text, {current[0]: True})

    def _quantized(self) -> Iterator[Suggestion]:
        if self.settings.get("adapter") == "lora":
            yield self._suggestion("load the model in 4 bits", {"adapter": "qlora"})

    def _switched_off(self, role: str, text: str) -> Iterator[Suggestion]:
        current = self._setting_with_role(role)
        if current and current[1] is True:
            yield self._suggestion(text, {current[0]: False})

    def _clip(self) -> Iterator[Suggestion]:
        current = self._setting_with_role("clip")
        if current and is_number(current[1]) and not 0 < current[1] <= 1:
            yield self._suggestion("clip gradients", {current[0]: 1.0})
        elif current and is_number(current[1]) and current[1] > 0.3:
            yield self._suggestion("clip gradients harder", {current[0]: float(f"{current[1] / 3:.1g}")})

    def _dropout(self) -> Iterator[Suggestion]:
        current = self._setting_with_role("dropout")
        if current and is_number(current[1]) and current[1] < 0.3:
            yield self._suggestion("more dropout", {current[0]: round(min(0.3, current[1] + 0.1), 3)})

    def _length(self, factor: float, text: str) -> Iterator[Suggestion]:
        for role in ("steps", "epochs"):
            current = self._setting_with_role(role)
            if current and is_number(current[1]) and current[1] > 0:
                value = current[1] * factor
                yield self._suggestion(
                    text, {current[0]: max(1, round(value)) if isinstance(current[1], int) else round(value, 2)}
                )
                return

    def _schedule(self) -> Iterator[Suggestion]:
        current = self._setting_with_role("schedule")
        if current and current[1] == "constant":
            yield self._suggestion("let the learning rate decay", {current[0]: "cosine"})
