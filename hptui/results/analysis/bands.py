"""Words for a perplexity: as `[metrics.perplexity] bands` say, else those usual for models of single characters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hptui.model.trial import Trial, Value
from hptui.model.values import is_number
from hptui.results.analysis.cohort import measured
from hptui.results.view import View

CHARACTERS: Mapping[str, float] = {"excellent": 3.0, "good": 10.0, "decent": 30.0, "weak": 100.0}
"""Up to which perplexity per character a model is called so; beyond, and below the vocabulary's size, it is poor."""
BY_CHARACTER = ("charlm",)
VOCABULARY = ("vocabulary", "vocab_size", "vocabulary_size")
LOSSES = ("val_loss", "eval_loss", "validation_loss")


@dataclass(frozen=True, slots=True)
class Band:
    """A perplexity, where it comes from, and the word for it with its bounds; '' where no bands are known."""

    value: float
    source: str
    word: str
    low: float | None
    high: float | None
    vocabulary: float | None


def perplexity(view: View, trial: Trial, facts: Mapping[str, Value]) -> Band | None:
    """A trial's perplexity: as reported, else e to the validation loss of a model of characters; None where
    there is none.
    """
    source = next(
        (name for name in ("perplexity", "eval_perplexity", "val_perplexity") if measured(trial, name) is not None), ""
    )
    if source:
        value = measured(trial, source)
    elif view.study.trainer.kind in BY_CHARACTER:
        source = next((name for name in LOSSES if measured(trial, name) is not None), "")
        loss = measured(trial, source) if source else None
        value = math.exp(loss) if loss is not None and loss < 50 else None
    else:
        value = None
    if value is None:
        return None
    spec = view.study.metrics.get("perplexity")
    bands = dict(spec.bands) if spec and spec.bands else {}
    if not bands and view.study.trainer.kind in BY_CHARACTER:
        bands = dict(CHARACTERS)
    size = next(
        (own for source_ in (trial.facts, facts) for name in VOCABULARY if is_number(own := source_.get(name))), None
    )
    word, low, high = _word(value, bands, size)
    return Band(value, source, word, low, high, size)


def _word(value: float, bands: Mapping[str, float], size: float | None) -> tuple[str, float | None, float | None]:
    """The narrowest band that holds the value: `random` from nine tenths of the vocabulary's size on."""
    if not bands:
        return "", None, None
    if size is not None and value >= 0.9 * size:
        return "random", 0.9 * size, None
    low: float | None = None
    for word, bound in sorted(bands.items(), key=lambda band: band[1]):
        if value <= bound:
            return word, low, bound
        low = bound
    return "poor", low, None
