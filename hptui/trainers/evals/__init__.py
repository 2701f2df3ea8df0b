"""Evaluation by generation: a model's answers on held-out examples, and their quality. Free of torch until it runs."""

from hptui.trainers.evals.evaluate import (
    EvaluationResult,
    load_custom_metrics,
    measure_answers,
    merge_metrics,
    options_for,
    run_evaluation,
)
from hptui.trainers.evals.generate import Interrupted
from hptui.trainers.evals.options import METRIC_FAMILIES, GenerationOptions

__all__ = [
    "GenerationOptions",
    "EvaluationResult",
    "run_evaluation",
    "options_for",
    "measure_answers",
    "merge_metrics",
    "load_custom_metrics",
    "Interrupted",
    "METRIC_FAMILIES",
]
