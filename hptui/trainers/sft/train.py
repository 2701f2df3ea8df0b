"""One fine-tuning trial: data, model, adapter, steps, evaluation, saving."""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch

from hptui.trainers.context import TrialContext
from hptui.trainers.data import pipeline
from hptui.trainers.sft import adapters, evaluate, load, memory, saving
from hptui.trainers.sft.loop import TrainingRun
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.unused import unused_settings


def train(settings: SftSettings, trial: TrialContext) -> Mapping[str, float]:
    """Train and evaluate; return the last metrics. If asked to stop, save a checkpoint and return.

    Raises: OutOfMemory with the peak and the settings that memory depends on.
    """
    device = torch.device(trial.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    disable_progress_bars()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.deterministic:
        make_repeatable()
    where = "before training"
    run = None
    try:
        run = prepare_run(settings, trial, device)
        if trial.role == "base":
            return run.evaluate_base_model()
        metrics = run.train()
        return metrics if trial.obeyed is not None or trial.try_steps else finish_run(run, metrics)
    except Exception as error:  # libraries report a lack of memory by errors of several types
        if memory.is_out_of_memory(error):
            where = run.where if run is not None else where
            raise memory.out_of_memory_error(error, where, settings, device) from error
        raise


def disable_progress_bars() -> None:
    """Switch off progress bars of loading, which would fill a trial's log."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def make_repeatable() -> None:
    """Make torch compute the same bits every time, where an operation allows it."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False


def prepare_run(settings: SftSettings, trial: TrialContext, device: torch.device) -> TrainingRun:
    """Load data and model, attach the adapter, and return the run."""
    trial.phase("data", allow=3600)
    tokenizer = load.load_tokenizer(settings, trial.directory)
    data = pipeline.load(settings, trial.directory, trial.cache, tokenizer)
    evaluate.check_validation(settings, data, trial.objectives)
    custom_metrics = evaluate.check_answers(settings, data, trial.directory)
    evaluate.check_judging_metric(settings, custom_metrics)
    for message in unused_settings(settings, trial.directory):
        trial.warn(message)
    trial.phase("model", allow=3600)
    torch.manual_seed(trial.seed)
    base = load.load_base(settings, trial.directory, device, tokenizer)
    for note in base.notes:
        trial.warn(note)
    model = base.model if trial.role == "base" else adapters.attach_adapter(base.model, settings)
    return TrainingRun(settings, trial, device, data, base, model)


def finish_run(run: TrainingRun, metrics: dict[str, float]) -> dict[str, float]:
    """Finish a run after the last step and save the model if set; return all metrics."""
    metrics |= run.finish()
    if run.settings.save_model != "none" and run.trial.obeyed is None:
        run.trial.phase("save", allow=3600)
        saving.save_model(run, metrics)
    return metrics
