"""What may help a trial: the usual cures of this field, as changes of the trial's own settings that its trainer knows.

A cure never proposes a setting that the trainer does not have, nor a configuration that breaks a constraint. One that
halves the batch doubles the accumulation, so that the effective batch stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hptui.model.errors import ExpressionError
from hptui.model.format import setting
from hptui.model.trial import Value
from hptui.model.values import is_number
from hptui.results.roles import setting_of
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change that may help, in words and as settings to put over the trial's own (`hptui add`)."""

    sentence: str
    changes: Mapping[str, Value]


class Cure:
    """The cures for one trial's settings."""

    def __init__(self, view: View, settings: Mapping[str, Value]) -> None:
        self.view, self.settings = view, settings

    def oom(self) -> tuple[Remedy, ...]:
        """Less memory."""
        return self._all(
            self._smaller_batch(),
            self._halved("sequence", "shorter sequences", 16),
            self._on("checkpointing", "recompute activations"),
            self._on("four_bit", "load the model in 4 bits"),
            self._quantized(),
            self._halved("width", "a narrower model", 8),
        )

    def nan(self) -> tuple[Remedy, ...]:
        """More stable."""
        return self._all(
            self._times("learning_rate", 0.1, "a lower learning rate"),
            self._clip(),
            self._off("mixed", "full precision"),
        )

    def flat(self) -> tuple[Remedy, ...]:
        """It does not learn at all."""
        return self._all(
            self._times("learning_rate", 10, "a higher learning rate"),
            self._times("width", 2, "a wider model"),
            self._times("layers", 2, "a deeper model"),
            self._times("rank", 2, "a higher rank"),
        )

    def underfit(self) -> tuple[Remedy, ...]:
        """It learns too little."""
        return self._all(
            self._times("width", 2, "a wider model"),
            self._times("rank", 2, "a higher rank"),
            self._times("layers", 2, "a deeper model"),
            self._length(2.0, "train longer"),
            self._times("learning_rate", 3, "a higher learning rate"),
        )

    def overfit(self, share: float | None) -> tuple[Remedy, ...]:
        """It learns by heart. `share`: where in its training it was best."""
        return self._all(
            self._dropout(),
            self._on("early_stopping", "stop when validation stops improving"),
            self._length(share, "train less") if share else iter(()),
            self._halved("width", "a smaller model", 8),
            self._halved("rank", "a lower rank", 1),
        )

    def plateau(self) -> tuple[Remedy, ...]:
        """It has learned what it could."""
        return self._all(self._schedule(), self._on("early_stopping", "stop when validation stops improving"))

    def longer(self) -> tuple[Remedy, ...]:
        """It was not done."""
        return self._all(self._length(2.0, "train longer"))

    def noisy(self) -> tuple[Remedy, ...]:
        """Its value is mostly chance."""
        return self._all(self._times("accumulation", 2, "a larger effective batch"))

    def _all(self, *found: Iterator[Remedy]) -> tuple[Remedy, ...]:
        return tuple(remedy for some in found for remedy in some if self._allowed(remedy.changes))

    def _allowed(self, changes: Mapping[str, Value]) -> bool:
        space = self.view.study.space
        try:
            return space.margin(self.view.base, space.settle(self.view.base, {**self.settings, **changes})) <= 0
        except ExpressionError:
            return True

    def _named(self, role: str) -> tuple[str, Value] | None:
        name = setting_of(self.settings, role)
        return None if name is None else (name, self.settings[name])

    def _change(self, what: str, changes: Mapping[str, Value]) -> Remedy:
        told = ", ".join(f"{name} {setting(self.settings[name])} → {setting(value)}" for name, value in changes.items())
        return Remedy(f"{what}: {told}", changes)

    def _times(self, role: str, factor: float, what: str) -> Iterator[Remedy]:
        found = self._named(role)
        if found and is_number(found[1]) and found[1] > 0:
            value = found[1] * factor
            yield self._change(what, {found[0]: round(value) if isinstance(found[1], int) else float(f"{value:.6g}")})

    def _halved(self, role: str, what: str, least: int) -> Iterator[Remedy]:
        found = self._named(role)
        if found and isinstance(found[1], int) and not isinstance(found[1], bool) and found[1] // 2 >= least:
            yield self._change(what, {found[0]: found[1] // 2})

    def _smaller_batch(self) -> Iterator[Remedy]:
        batch, times = self._named("batch"), self._named("accumulation")
        if not batch or not isinstance(batch[1], int) or batch[1] < 2:
            return
        changes: dict[str, Value] = {batch[0]: batch[1] // 2}
        if times and isinstance(times[1], int) and batch[1] % 2 == 0:
            changes[times[0]] = max(1, times[1]) * 2
            yield self._change("a smaller batch, the effective one kept", changes)
        else:
            yield self._change("a smaller batch", changes)

    def _on(self, role: str, what: str) -> Iterator[Remedy]:
        found = self._named(role)
        if found and found[1] is False:
            yield self._change(what, {found[0]: True})

    def _quantized(self) -> Iterator[Remedy]:
        if self.settings.get("adapter") == "lora":
            yield self._change("load the model in 4 bits", {"adapter": "qlora"})

    def _off(self, role: str, what: str) -> Iterator[Remedy]:
        found = self._named(role)
        if found and found[1] is True:
            yield self._change(what, {found[0]: False})

    def _clip(self) -> Iterator[Remedy]:
        found = self._named("clip")
        if found and is_number(found[1]) and not 0 < found[1] <= 1:
            yield self._change("clip gradients", {found[0]: 1.0})
        elif found and is_number(found[1]) and found[1] > 0.3:
            yield self._change("clip gradients harder", {found[0]: float(f"{found[1] / 3:.1g}")})

    def _dropout(self) -> Iterator[Remedy]:
        found = self._named("dropout")
        if found and is_number(found[1]) and found[1] < 0.3:
            yield self._change("more dropout", {found[0]: round(min(0.3, found[1] + 0.1), 3)})

    def _length(self, factor: float, what: str) -> Iterator[Remedy]:
        for role in ("steps", "epochs"):
            found = self._named(role)
            if found and is_number(found[1]) and found[1] > 0:
                value = found[1] * factor
                yield self._change(
                    what, {found[0]: max(1, round(value)) if isinstance(found[1], int) else round(value, 2)}
                )
                return

    def _schedule(self) -> Iterator[Remedy]:
        found = self._named("schedule")
        if found and found[1] == "constant":
            yield self._change("let the learning rate decay", {found[0]: "cosine"})
