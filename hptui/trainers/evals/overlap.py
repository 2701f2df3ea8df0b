"""BLEU and ROUGE of generated texts against references, by the standard libraries, with 95 % intervals.

Both range from 0 to 1: BLEU is sacrebleu's score over 100, ROUGE the mean F-measure of rouge-score without stemming.
Source: BLEU, doi:10.3115/1073083.1073135; ROUGE, https://aclanthology.org/W04-1013.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value

RESAMPLES = 500
"""Bootstrap resamples of an interval."""
ROUGES = ("rouge1", "rouge2", "rougeL")
"""Variants of ROUGE that are measured."""


@dataclass(frozen=True, slots=True)
class OverlapScores:
    """Metrics over all samples, their intervals, values of each sample, and how they were computed."""

    metrics: dict[str, float]
    intervals: dict[str, list[Value]]
    facts: dict[str, Value]
    rows: Sequence[Mapping[str, float]] = field(default_factory=list)


def bleu(outputs: Sequence[str], references: Sequence[str]) -> OverlapScores:
    """Return corpus BLEU; the interval is sacrebleu's own bootstrap over samples."""
    # sacrebleu warns about detokenised input through the root of logging, at the first use of a process
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    os.environ.setdefault("SACREBLEU_SEED", "12345")
    from sacrebleu.metrics import BLEU

    metric = BLEU(force=True)
    score = metric.corpus_score(list(outputs), [list(references)], n_bootstrap=RESAMPLES)
    # sacrebleu has no public access to the bootstrap's mean and half-width, only their text.
    low, high = score._mean - score._ci, score._mean + score._ci
    interval: list[Value] = [max(low, 0.0) / 100, min(high, 100.0) / 100]
    return OverlapScores(
        {"bleu": score.score / 100}, {"bleu": interval}, {"bleu_signature": str(metric.get_signature())}
    )


def rouge(outputs: Sequence[str], references: Sequence[str]) -> OverlapScores:
    """Return mean ROUGE-1, ROUGE-2 and ROUGE-L; the intervals are percentiles of bootstrap means."""
    import numpy as np

    from hptui.trainers.evals.rouge import RougeScorer

    scorer = RougeScorer(list(ROUGES), use_stemmer=False)
    score_sets = [scorer.score(reference, output) for output, reference in zip(outputs, references, strict=True)]
    rows = [{name: float(scores[name].fmeasure) for name in ROUGES} for scores in score_sets]
    table = np.array([[row[name] for name in ROUGES] for row in rows])  # (samples, 3)
    resampled = np.random.default_rng(0).integers(0, len(rows), (RESAMPLES, len(rows)))
    low, high = np.percentile(table[resampled].mean(axis=1), (2.5, 97.5), axis=0)
    intervals: dict[str, list[Value]] = {n: [float(low[i]), float(high[i])] for i, n in enumerate(ROUGES)}
    metrics = {name: float(table[:, i].mean()) for i, name in enumerate(ROUGES)}
    return OverlapScores(metrics, intervals, {"rouge": "F-measure, no stemming"}, rows)
