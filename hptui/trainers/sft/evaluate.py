"""Evaluations: the loss on held-out examples, and the model's answers to them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from hptui.model.errors import UserError, did_you_mean
from hptui.trainers import evals
from hptui.trainers.data.batches import TokenRows
from hptui.trainers.data.pipeline import StudyData
from hptui.trainers.data.split import sample_indices
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.settings import LOSSES, SftSettings

if TYPE_CHECKING:
    from hptui.trainers.sft.loop import TrainingRun


@torch.no_grad()
def evaluate_loss(
    forward: Forward, rows: TokenRows, settings: SftSettings, device: torch.device, keep_going: Callable[[], bool]
) -> dict[str, float]:
    """Return the mean loss per token in nats, and its perplexity.

    Raises: Interrupted when `keep_going` returns False between batches.
    """
    forward.model.eval()
    total, count = 0.0, 0
    for batch in rows.batches(settings.eval_batch_size or settings.batch_size):
        if not keep_going():
            raise evals.Interrupted
        total += float(forward(batch.to(device)))
        count += batch.learnt
    loss = total / count
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
        evals.merge_metrics(taken, measured := metric(references, references, [example.prompt for example in examples]))
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


def evaluate_answers(run: TrainingRun, name: str) -> dict[str, float]:
    """Let the model answer held-out prompts; return the metrics, and keep the answers as artifact `name`."""
    settings, trial = run.settings, run.trial
    held_out = run.data.held(settings.generate_split)
    examples = [held_out[n] for n in sample_indices(len(held_out), settings.generate_samples, settings.split_seed)]
    trial.effective(generate_samples=len(examples))
    options = settings.generation(str(trial.directory))
    result = evals.run_evaluation(
        run.model,
        run.base.tokenizer,
        [example.prompt for example in examples],
        [example.reference for example in examples],
        options,
        run.device,
        lambda: not trial.should_stop,
    )
    with trial.artifact(name, f"answers to {len(examples)} prompts").open("w", encoding="utf-8") as file:
        for example, row in zip(examples, result.rows, strict=True):
            file.write(json.dumps({"row": example.row, **row}, ensure_ascii=False) + "\n")
    if result.facts:
        trial.facts(**{f"generation_{key}": value for key, value in result.facts.items()})
    return result.metrics
