"""Words for a perplexity, as `[metrics.perplexity] bands` defines them, with defaults for character models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hptui.model.trial import Trial, Value
from hptui.model.values import is_number
from hptui.results.analysis.cohort import measured_value
from hptui.results.view import View

CHARACTER_BANDS: Mapping[str, float] = {"excellent": 3.0, "good": 10.0, "decent": 30.0, "weak": 100.0}
"""Upper bounds of the words for a perplexity per character; above the last it is poor."""
CHARACTER_TRAINERS = ("charlm",)
"""Trainers whose loss is in nats per character."""
VOCABULARY_FACTS = ("vocabulary", "vocab_size", "vocabulary_size")
"""Facts that state the size of the vocabulary."""
VALIDATION_LOSSES = ("val_loss", "eval_loss", "validation_loss")
"""Validation losses from which a perplexity is computed."""


@dataclass(frozen=True, slots=True)
class PerplexityBand:
    """A perplexity, the metric it comes from, and its word with bounds; `word` is '' if no bands are defined."""

    value: float
    source: str
    word: str
    low: float | None
    high: float | None
    vocabulary: float | None


def perplexity_band(view: View, trial: Trial, facts: Mapping[str, Value]) -> PerplexityBand | None:
    """Return a trial's perplexity and the word for it; None if there is none.

    It is as reported, or exp(validation loss) for a character model.
    """
    source = next(
        (
            name
            for name in ("perplexity", "eval_perplexity", "val_perplexity")
            if measured_value(trial, name) is not None
        ),
        "",
    )
    if source:
        value = measured_value(trial, source)
    elif view.study.trainer.kind in CHARACTER_TRAINERS:
        source = next((name for name in VALIDATION_LOSSES if measured_value(trial, name) is not None), "")
        loss = measured_value(trial, source) if source else None
        # exp of a diverged loss overflows a float.
        value = math.exp(loss) if loss is not None and loss < 50 else None
    else:
        value = None
    if value is None:
        return None
    spec = view.study.metrics.get("perplexity")
    bands = dict(spec.bands) if spec and spec.bands else {}
    if not bands and view.study.trainer.kind in CHARACTER_TRAINERS:
        bands = dict(CHARACTER_BANDS)
    size = next(
        (
            vocabulary
            for facts_of_source in (trial.facts, facts)
            for name in VOCABULARY_FACTS
            if is_number(vocabulary := facts_of_source.get(name))
        ),
        None,
    )
    word, low, high = _word(value, bands, size)
    return PerplexityBand(value, source, word, low, high, size)


def _word(value: float, bands: Mapping[str, float], vocabulary: float | None) -> tuple[str, float | None, float | None]:
    """Return the word and the bounds of the narrowest band; `random` from 0.9 × vocabulary size."""
    if not bands:
        return "", None, None
    if vocabulary is not None and value >= 0.9 * vocabulary:
        return "random", 0.9 * vocabulary, None
    low: float | None = None
    for word, bound in sorted(bands.items(), key=lambda band: band[1]):
        if value <= bound:
            return word, low, bound
        low = bound
    return "poor", low, None
