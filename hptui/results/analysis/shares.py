"""Importance: how much of the variation the settings that matter explain, of one total that is never rescaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.results.analysis.evidence import EffectAnalysis

MAX_TOGETHER = 0.2
"""Share of the variation that settings may make up together where single shares are stated: with more of it, shares of
made-up studies were off by up to 0.44."""
DIGITS = 4
"""Decimals of a share: more would depend on the library of linear algebra."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the variation: of each setting that matters alone, of settings `together`, and what is `unexplained`
    (noise, and what the model does not see); they sum to 1. `unseen` are settings that are not shown to matter."""

    method: str
    shares: dict[str, float]
    trials: tuple[int, ...]
    together: float = 0.0
    unexplained: float = 0.0
    unseen: tuple[str, ...] = ()
    caveat: str = field(default="")
    chance: Mapping[str, float] = field(default_factory=dict)
    """By an estimator that gives every setting a number: what chance alone exceeds once in 20."""

    @property
    def not_shown(self) -> str:
        """The words for the settings that are not shown to matter; '' if there are none."""
        if not self.unseen:
            return ""
        *first, last = self.unseen
        return f"not shown for {', '.join(first)} or {last}" if first else f"not shown for {last}"


def importance_of(analysis: EffectAnalysis) -> Importance | None:
    """Return the importance of settings by an analysis; None if nothing can be stated of settings."""
    if analysis.reason:
        return None
    unseen = tuple(name for group in analysis.unseen for name in group.settings)
    numbers = tuple(trial.number for trial in analysis.trials)
    if not any(len(group.settings) == 1 for group in analysis.matter):
        return Importance("GP", {}, numbers, 0.0, 1.0, unseen, "no single setting is shown to matter")
    alone, together, unexplained = analysis.averaged.shares
    if together > MAX_TOGETHER:
        why = "the settings act together too much to divide the variation among them"
        return Importance("GP", {}, numbers, 0.0, 1.0, unseen, why)
    order = sorted(alone.items(), key=lambda item: (-item[1], item[0]))
    shares = {name: _rounded(share) for name, share in order}
    return Importance("GP", shares, numbers, _rounded(together), _rounded(unexplained), unseen)


def _rounded(share: float) -> float:
    """Return a share that is neither all nor nothing if it is not: it is estimated."""
    least = 10.0**-DIGITS
    return round(min(max(share, least), 1 - least) if 0 < share < 1 else share, DIGITS)
