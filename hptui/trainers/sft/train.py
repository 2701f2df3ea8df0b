"""One fine-tuning trial in a process of its own: data, model, adapter, training, saving."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from hptui.trainers.context import TrialContext
from hptui.trainers.data.pipeline import StudyData
from hptui.trainers.failures import OutOfMemory
from hptui.trainers.sft import adapters, determinism, load, memory, process
from hptui.trainers.sft.alone import ModelExecutor
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.learner import has_old_dropout
from hptui.trainers.sft.load import LoadedModel
from hptui.trainers.sft.packed.base import NotPacked, PackedBase
from hptui.trainers.sft.packed.key import why_not_packed
from hptui.trainers.sft.requests import drive
from hptui.trainers.sft.run import RunFacts
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.trained import TrainedModel
from hptui.trainers.sft.training_run import TrainingRun


def train(settings: SftSettings, trial: TrialContext) -> Mapping[str, float]:
    """Train and evaluate; return the last metrics. If asked to stop, save a checkpoint and return.

    An adapter is trained by the engine that also trains several at once, where it can be; else by peft.
    Raises: OutOfMemory with the peak and the settings that memory depends on.
    """
    device = process.prepare(settings, trial.device)
    try:
        return _train(settings, trial, device)
    except OutOfMemory:
        raise
    except Exception as error:  # libraries report a lack of memory by errors of several types
        if refused := determinism.refusal(error):
            raise refused from error
        if memory.is_out_of_memory(error):
            raise memory.out_of_memory_error(error, "before training", settings, device) from error
        raise


def _train(settings: SftSettings, trial: TrialContext, device: torch.device) -> Mapping[str, float]:
    tokenizer = process.load_tokenizer(settings, trial, device)
    data = process.load_data(settings, trial, tokenizer)
    torch.manual_seed(trial.seed)
    base = load.load_base(settings, trial.directory, device, tokenizer)
    for note in base.notes:
        trial.warn(note)
    reason = why_not_packed(settings, role=trial.role, dry=bool(trial.try_steps))
    if not reason:
        try:
            return PackedBase(base, settings, trial.directory, device).train_alone(settings, trial, data)
        except NotPacked as error:
            reason = error.reason
    if trial.role != "base":
        trial.facts(packed=f"no: {reason}")
    training, executor = prepare_by_model(settings, trial, data, base, device)
    return drive(training.steps(lambda: training.facts), executor)


def prepare_by_model(
    settings: SftSettings, trial: TrialContext, data: StudyData, base: LoadedModel, device: torch.device
) -> tuple[TrainingRun, ModelExecutor]:
    """Return the training of weights that are in the model, and its computing."""
    is_base = trial.role == "base"
    torch.manual_seed(trial.seed)
    old_dropout = has_old_dropout(trial.resume_from)
    model = base.model if is_base else adapters.attach_adapter(base.model, settings)
    facts = RunFacts.gather(settings, trial, device, data, base, model)
    executor = ModelExecutor(Forward(model, facts.precision), base.tokenizer, device, old_dropout=old_dropout)
    return TrainingRun(facts, None if is_base else TrainedModel(model), old_dropout=old_dropout), executor
