"""Evaluation by generation: what a model writes on held-out samples, and how good it is. No torch until it runs."""

from hptui.trainers.evals.evaluate import Result, prepare, run
from hptui.trainers.evals.generate import Interrupted
from hptui.trainers.evals.options import FAMILIES, Options

__all__ = ["Options", "Result", "run", "prepare", "Interrupted", "FAMILIES"]
