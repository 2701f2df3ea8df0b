"""Evaluation by generation: what a model writes on held-out samples, and how good it is. No torch until it runs."""

from hptui.trainers.evals.evaluate import Result, merge, prepare, run
from hptui.trainers.evals.generate import Interrupted
from hptui.trainers.evals.options import FAMILIES, Options

__all__ = ["Options", "Result", "run", "merge", "prepare", "Interrupted", "FAMILIES"]
