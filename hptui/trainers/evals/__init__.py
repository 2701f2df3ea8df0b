"""Evaluation by generation: a model's answers on held-out examples, and their quality. Free of torch until it runs."""

from hptui.trainers.evals.evaluate import Result, merge, prepare, run
from hptui.trainers.evals.generate import Interrupted
from hptui.trainers.evals.options import FAMILIES, Options

__all__ = ["Options", "Result", "run", "merge", "prepare", "Interrupted", "FAMILIES"]
