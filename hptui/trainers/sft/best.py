"""The best evaluation of a run, and its weights on disk until the end of the run.

A file `best/step-N.pt` belongs to the evaluation at step N. An older one is deleted only after a checkpoint has been
written that refers to the newer: a run that falls back to that checkpoint must still find the weights it refers to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from hptui.trainers.sft.learner import TrainingPosition
from hptui.trainers.sft.settings import SftSettings

LOWER_IS_BETTER = ("eval_loss", "perplexity", "wrong_answer", "format_failure", "generated_tokens", "inference_time")
"""Metrics that are better when smaller."""


class BestWeights:
    """The best evaluation so far by one metric, and the storage of its weights if they are needed."""

    def __init__(self, settings: SftSettings, folder: Path, warn: Callable[[str], None]) -> None:
        self.metric, self.delta = settings.early_stopping_metric, settings.early_stopping_delta
        self.wanted = settings.load_best or settings.save_model == "best"
        self.folder, self.warn, self.loaded = folder, warn, False
        goal = settings.early_stopping_goal
        self.rising = goal == "maximize" or (goal == "auto" and self.metric not in LOWER_IS_BETTER)

    def judge(
        self, metrics: Mapping[str, float], position: TrainingPosition, weights: Callable[[], dict[str, Tensor]]
    ) -> None:
        """Update the best evaluation from metrics at a step; ignored if the metric is not among them."""
        value, best = metrics.get(self.metric), position.best
        if value is None:
            return
        gain = 0.0 if best.value is None else (value - best.value if self.rising else best.value - value)
        if best.value is not None and not gain > self.delta:
            best.since += 1
            return
        best.value, best.step, best.since = float(value), position.step, 0
        if self.wanted:
            self._write(position.step, weights())

    def _write(self, step: int, weights: dict[str, Tensor]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.folder / ".tmp.pt"
        with temporary.open("wb") as file:
            torch.save(weights, file)
            file.flush()
            os.fsync(file.fileno())  # the next checkpoint refers to this file
        os.replace(temporary, self._file(step))

    def _file(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}.pt"

    def weights(self, position: TrainingPosition) -> dict[str, Tensor] | None:
        """Return the best weights; None if they are not needed or, after a warning, not there."""
        if not self.wanted:
            return None
        if position.best.value is None:
            self.warn(f"{self.metric} was never measured, so there are no best weights; the last ones count")
            return None
        if not self._file(position.best.step).is_file():
            self.warn(
                f"the weights of the best evaluation, at step {position.best.step}, are gone; the last ones count"
            )
            return None
        loaded: dict[str, Tensor] = torch.load(self._file(position.best.step), map_location="cpu", weights_only=True)
        return loaded

    def delete_older(self, position: TrainingPosition) -> None:
        """Delete older weights than the best: a checkpoint now refers to the best."""
        self._clear(lambda step: step < position.best.step)

    def delete_later(self, position: TrainingPosition) -> None:
        """Delete weights of later steps than the checkpoint that the run has resumed from."""
        self._clear(lambda step: step > position.step)

    def clear(self) -> None:
        """Delete all weights: the run is over, and the best are in the model."""
        self._clear(lambda step: True)

    def _clear(self, is_unneeded: Callable[[int], bool]) -> None:
        for file in self.folder.glob("step-*.pt"):
            match = re.fullmatch(r"step-(\d+)\.pt", file.name)
            if match and is_unneeded(int(match[1])):
                file.unlink(missing_ok=True)
