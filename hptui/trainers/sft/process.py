"""The process of a training: threads, determinism, allocator; and what it loads before the model."""

from __future__ import annotations

from typing import Any

import torch

from hptui.trainers.context import TrialContext
from hptui.trainers.data import pipeline
from hptui.trainers.data.pipeline import StudyData
from hptui.trainers.sft import determinism, evaluate, hardware, load
from hptui.trainers.sft.prepare import unused_settings
from hptui.trainers.sft.settings import SftSettings


def prepare(settings: SftSettings, device: str) -> torch.device:
    """Set up the process for a training; return its device. `device` is a name; '': a GPU if there is one."""
    hardware.set_allocator(device)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    disable_progress_bars()
    hardware.set_float32_products(tf32=settings.tf32)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.deterministic:
        determinism.make_repeatable()
    return chosen


def disable_progress_bars() -> None:
    """Switch off progress bars of loading, which would fill a trial's log."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def load_tokenizer(settings: SftSettings, trial: TrialContext, device: torch.device) -> Any:
    """Load the tokenizer, after a word on what has no effect here. Raises: UserError or NotAvailable."""
    if settings.tf32 and device.type != "cuda":
        trial.warn("tf32 = True has no effect: there is no GPU")
    trial.environment(**hardware.allocator_settings(device))
    trial.phase("data", allow=3600)
    return load.load_tokenizer(settings, trial.directory)


def load_data(settings: SftSettings, trial: TrialContext, tokenizer: Any, fingerprint: str = "") -> StudyData:
    """Load a trial's data and check the settings that depend on them. Raises: UserError.

    `fingerprint` is the tokenizer's, where it is known.
    """
    data = pipeline.load(settings, trial.directory, trial.cache, tokenizer, fingerprint)
    evaluate.check_validation(settings, data, trial.objectives)
    custom_metrics = evaluate.check_answers(settings, data, trial.directory)
    evaluate.check_judging_metric(settings, custom_metrics)
    for message in unused_settings(settings, trial.directory):
        trial.warn(message)
    trial.phase("model", allow=3600)
    return data
