"""Evaluations: the loss on held-out examples, and what the model answers them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from hptui.model.errors import UserError, did_you_mean
from hptui.trainers import evals
from hptui.trainers.data.batches import Rows
from hptui.trainers.data.pipeline import Data
from hptui.trainers.data.split import sample
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.settings import LOSSES, Settings

if TYPE_CHECKING:
    from hptui.trainers.sft.loop import Run


@torch.no_grad()
def losses(
    forward: Forward, rows: Rows, settings: Settings, device: torch.device, keep_going: Callable[[], bool]
) -> dict[str, float]:
    """The mean loss of a token, and the perplexity that goes with it. `Interrupted` when `keep_going` says no."""
    forward.model.eval()
    summed, count = 0.0, 0
    for batch in rows.batches(settings.eval_batch_size or settings.batch_size):
        if not keep_going():
            raise evals.Interrupted
        summed += float(forward(batch.to(device)))
        count += batch.learnt
    loss = summed / count
    return {"eval_loss": loss, "perplexity": math.exp(min(loss, 700.0))}


def check_answers(settings: Settings, data: Data, directory: Path) -> tuple[str, ...]:
    """Refuse, before anything is trained, what answers could not be taken or measured with.

    What the user's own metrics are called: they are tried on two examples, as if the model had answered rightly.
    """
    if not settings.generate_samples:
        return ()
    held = data.held(settings.generate_split)
    if not held:
        raise UserError(
            f"generate_samples: there are no {settings.generate_split} examples with a prompt to answer",
            hint="generation needs prompt_template and completion_template, or messages",
        )
    some, names = held[:2], dict[str, float]()
    taken = dict.fromkeys(settings.generation().names, 0.0)
    for metric in evals.prepare(settings.generation(str(directory))):
        references = [one.reference for one in some]
        evals.merge(taken, found := metric(references, references, [one.prompt for one in some]))
        names |= found
    return tuple(names)


def check_judged(settings: Settings, own: Collection[str]) -> None:
    """Refuse to judge evaluations by what none of them measures; `own` are names of the user's own metrics."""
    name, known = settings.early_stopping_metric, [*LOSSES, *settings.generation().names, *own]
    if settings.judges and name not in known:
        raise UserError(f"early_stopping_metric: no evaluation measures {name!r}", hint=did_you_mean(name, known))


def check_validation(settings: Settings, data: Data, objectives: Iterable[str]) -> None:
    """Refuse to do without validation examples what needs them."""
    if len(data.tokens["validation"]):
        return
    needs = [f"the objective {name}" for name in objectives if name in LOSSES]
    if settings.judges and not settings.judged_by_answers:
        needs.append(f"early_stopping_metric = {settings.early_stopping_metric!r}")
    if needs:
        raise UserError(
            f"{needs[0]} needs validation examples, and there are none",
            hint="give validation a file, or set validation_fraction",
        )


def answers(run: Run, name: str) -> dict[str, float]:
    """Let the model answer held-out prompts; the answers are kept as an artifact of that name."""
    settings, trial = run.settings, run.trial
    held = run.data.held(settings.generate_split)
    some = [held[n] for n in sample(len(held), settings.generate_samples, settings.split_seed)]
    trial.effective(generate_samples=len(some))
    options = settings.generation(str(trial.directory))
    result = evals.run(
        run.model,
        run.base.tokenizer,
        [one.prompt for one in some],
        [one.reference for one in some],
        options,
        run.device,
        lambda: not trial.should_stop,
    )
    with trial.artifact(name, f"answers to {len(some)} prompts").open("w", encoding="utf-8") as file:
        for one, row in zip(some, result.rows, strict=True):
            file.write(json.dumps({"row": one.row, **row}, ensure_ascii=False) + "\n")
    if result.facts:
        trial.facts(**{f"generation_{key}": value for key, value in result.facts.items()})
    return result.metrics
