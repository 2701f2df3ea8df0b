"""Evaluations: the loss on held-out examples, the model's answers, and the best evaluation with its weights on disk.

A file `best/step-N.pt` belongs to the evaluation at step N. An older one is deleted only after a checkpoint has been
written that refers to the newer: a run that falls back to that checkpoint must still find the weights it refers to."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hptui.core.answers import QUESTIONS_FACT, RIGHT_FACT, encode_right
from hptui.core.errors import UserError, did_you_mean
from hptui.trainers import evals
from hptui.trainers.data.batches import TokenRows
from hptui.trainers.data.pipeline import StudyData
from hptui.trainers.data.split import sample_indices
from hptui.trainers.evals.answers import CORRECT
from hptui.trainers.sft import determinism
from hptui.trainers.sft.learner import TrainingPosition
from hptui.trainers.sft.requests import Answers, GenerateRequest, MeasureRequest
from hptui.trainers.sft.run import RunFacts
from hptui.trainers.sft.settings import LOSSES, SftSettings


def evaluate_loss(
    rows: TokenRows, settings: SftSettings, device: torch.device, keep_going: Callable[[], bool]
) -> Generator[MeasureRequest, Tensor, dict[str, float]]:
    """Return the mean loss per token in nats, and its perplexity.

    Raises: Interrupted when `keep_going` returns False between batches.
    """
    total, count = torch.zeros((), dtype=torch.float64, device=device), 0
    for batch in rows.batches(settings.eval_batch_size or settings.batch_size):
        if not keep_going():
            raise evals.Interrupted
        summed = yield MeasureRequest(batch)
        total += summed  # read at the end: reading waits for the GPU
        count += batch.learnt
    loss = float(total) / count
    return {"eval_loss": loss, "perplexity": math.exp(min(loss, 700.0))}


def check_answers(settings: SftSettings, data: StudyData, directory: Path) -> tuple[str, ...]:
    """Check, before training, that answers can be generated and measured.

    The user's own metrics are tried on two examples as if the model had answered correctly; their names are returned.
    Raises: UserError.
    """
    if not settings.generate_samples:
        return ()
    held_out = data.held(settings.generate_split)
    if not held_out:
        raise UserError(
            f"generate_samples: there are no {settings.generate_split} examples with a prompt to answer",
            hint="generation needs prompt_template and completion_template, or messages",
        )
    examples, names = held_out[:2], dict[str, float]()
    taken = dict.fromkeys(settings.generation().names, 0.0)
    for metric in evals.load_custom_metrics(settings.generation(str(directory))):
        references = [example.reference for example in examples]
        with determinism.allow_variation(lambda operations: None):  # the answers' evaluation reports them
            measured = metric(references, references, [example.prompt for example in examples])
        evals.merge_metrics(taken, measured)
        names |= measured
    return tuple(names)


def check_judging_metric(settings: SftSettings, custom_metrics: Collection[str]) -> None:
    """Refuse to judge evaluations by a metric that none of them measures. Raises: UserError.

    `own` are the names of the user's own metrics.
    """
    name, names = settings.early_stopping_metric, [*LOSSES, *settings.generation().names, *custom_metrics]
    if settings.judges and name not in names:
        raise UserError(f"early_stopping_metric: no evaluation measures {name!r}", hint=did_you_mean(name, names))


def check_validation(settings: SftSettings, data: StudyData, objectives: Iterable[str]) -> None:
    """Refuse settings and objectives that need validation examples if there are none. Raises: UserError."""
    if len(data.tokens["validation"]):
        return
    needing = [f"the objective {name}" for name in objectives if name in LOSSES]
    if settings.judges and not settings.judged_by_answers:
        needing.append(f"early_stopping_metric = {settings.early_stopping_metric!r}")
    if needing:
        raise UserError(
            f"{needing[0]} needs validation examples, and there are none",
            hint="give validation a file, or set validation_fraction",
        )


def evaluate_answers(run: RunFacts, name: str) -> Generator[GenerateRequest, Answers, dict[str, float]]:
    """Let the model answer held-out prompts; return the metrics, and keep the answers as artifact `name`.

    A dry run answers one batch of the longest prompts, to measure its memory.
    """
    settings, trial = run.settings, run.trial
    held_out = run.data.held(settings.generate_split)
    examples = [held_out[n] for n in sample_indices(len(held_out), settings.generate_samples, settings.split_seed)]
    if trial.try_steps:
        examples = sorted(examples, key=lambda example: -len(example.prompt))[: settings.generate_batch_size]
    trial.effective(generate_samples=len(examples))
    options = replace(settings.generation(str(trial.directory)), ends=run.data.ends)
    prompts, references = [x.prompt for x in examples], [x.reference for x in examples]

    def report_variation(operations: set[str]) -> None:
        names = ", ".join(sorted(operations))
        trial.facts(nondeterministic_answers=names)
        trial.warn(f"deterministic = true does not hold for the answers: torch has no deterministic form of {names}")

    def keep_going() -> bool:
        return trial.try_steps is not None or not trial.should_stop

    custom = evals.load_custom_metrics(options)
    options = evals.options_for(run.model, run.base.tokenizer, prompts, references, options)
    written, timing = yield GenerateRequest(prompts, options, keep_going, report_variation)
    with determinism.allow_variation(report_variation):
        result = evals.measure_answers(run.base.tokenizer, prompts, references, options, written, timing, custom)
    with trial.artifact(name, f"answers to {len(examples)} prompts").open("w", encoding="utf-8") as file:
        for example, row in zip(examples, result.rows, strict=True):
            file.write(json.dumps({"row": example.row, **row}, ensure_ascii=False) + "\n")
    trial.facts(**answer_facts([example.row for example in examples], result.rows))
    if result.facts:
        trial.facts(**{f"generation_{key}": value for key, value in result.facts.items()})
    if name == ANSWERS_FILE and trial.role != "base" and (warning := limit_warning(run, result.rows)):
        trial.warn(warning)
    return result.metrics


def answer_facts(numbers: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return which questions were answered right, so that trials can be compared question by question."""
    right = {
        "accuracy": [row["category"] == CORRECT for row in rows if "category" in row],
        "exact_match": [bool(row["exact"]) for row in rows if "exact" in row],
    }
    known = {name: encode_right(bits) for name, bits in right.items() if bits and len(bits) == len(rows)}
    if not known:
        return {}
    # Without the prompt: a searched template asks the same question in other words.
    questions = [[number, row["reference"]] for number, row in zip(numbers, rows, strict=True)]
    digest = sha256(json.dumps(questions).encode()).hexdigest()[:16]
    return {QUESTIONS_FACT: digest, RIGHT_FACT: known}


def limit_warning(run: RunFacts, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a warning if most answers were ended by the limit of tokens, and not by the model."""
    cut = [row for row in rows if row["finish"] == "limit"]
    if len(cut) <= len(rows) / 2:
        return ""
    limit = run.settings.max_new_tokens
    text = f"{len(cut)} of {len(rows)} answers were ended by max_new_tokens={limit}, not by the model"
    references = run.base.tokenizer([str(row["reference"]) for row in cut], add_special_tokens=False)["input_ids"]
    longer = sum(len(ids) > limit for ids in references)
    return f"{text}; {longer} of their references are longer" if longer else f"{text}, which does not end in time"


ANSWERS_FILE = "generations.jsonl"
"""Name of the artifact with the answers at the end of a trial."""
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
