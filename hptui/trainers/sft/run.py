"""What does not change during a trial on a model, and what is recorded of it besides its curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from hptui.core.dataclass import dataclass
from hptui.trainers.context import TrialContext
from hptui.trainers.data import batches
from hptui.trainers.data.batches import LongestFirst, TokenRows, TrainingOrder
from hptui.trainers.data.pipeline import StudyData
from hptui.trainers.data.split import sample_indices
from hptui.trainers.sft import adapters, hardware, optimizer
from hptui.trainers.sft import memory as memory_
from hptui.trainers.sft.learner import TrainingPosition
from hptui.trainers.sft.load import LoadedModel
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.precision import SHORT, effective_precision, has_bf16
from hptui.trainers.sft.settings import SftSettings


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One trial on a model: its settings, data, and model, adapter included. Only the weights change."""

    settings: SftSettings
    trial: TrialContext
    device: torch.device
    data: StudyData
    base: LoadedModel
    model: Any
    precision: str
    sizes: adapters.ParameterCounts
    adapter: FlatAdapter | None = None

    @classmethod
    def gather(
        cls,
        settings: SftSettings,
        trial: TrialContext,
        device: torch.device,
        data: StudyData,
        base: LoadedModel,
        model: Any,
        adapter: FlatAdapter | None = None,
    ) -> RunFacts:
        """Return the facts of a trial whose model is ready to be trained.

        `adapter` is one that is not in the model.
        """
        precision, sizes = effective_precision(settings, device, base.dtype), adapters.count_parameters(model)
        if adapter is not None:
            sizes = adapters.ParameterCounts(sizes.total + adapter.layout.size, adapter.layout.size)
        return cls(settings, trial, device, data, base, model, precision, sizes, adapter)

    @property
    def weights_gib(self) -> float:
        """Memory of the model and its adapter as they are stored, in GiB."""
        return memory_.model_gib(self.model) + (0 if self.adapter is None else self.adapter.nbytes / memory_.GIB)

    @property
    def padding_token(self) -> int:
        """Token that fills up rows."""
        return self.base.tokenizer.pad_token_id or 0

    def held_out(self, split: str) -> TokenRows:
        """Return the examples of a split that evaluations use, one in each row."""
        tokens = self.data.tokens[split]
        chosen = sample_indices(len(tokens), self.settings.eval_samples, self.settings.split_seed)
        return TokenRows(tokens, [[index] for index in chosen], pad=self.padding_token)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a trial trains on, in which order, and for how long. `eval_every` is a number of steps."""

    rows: TokenRows
    order: TrainingOrder
    total_steps: int
    eval_every: int

    @property
    def examples(self) -> int:
        """Number of examples that are trained on, in any number of rows."""
        return sum(len(row) for row in self.rows.rows)

    def examples_seen(self, steps: int) -> int:
        """Return the number of examples in the first `steps` steps; one that is seen again counts again."""
        epochs = steps // self.order.per_epoch
        begun = self.order.rows_begun(steps) if steps % self.order.per_epoch else ()
        return epochs * self.examples + sum(len(self.rows.rows[row]) for row in begun)


def plan_training(facts: RunFacts) -> TrainingPlan:
    """Return the plan of a trial's training."""
    settings, seed = facts.settings, facts.trial.seed
    rows = _training_rows(facts)
    order = TrainingOrder(len(rows), settings.batch_size, settings.accumulation, seed)
    if facts.trial.try_steps:  # a dry run measures the memory that the largest batch takes
        order = LongestFirst(len(rows), settings.batch_size, settings.accumulation, seed, rows.longest(order.width))
    total = settings.steps or math.ceil(settings.epochs * order.per_epoch)
    return TrainingPlan(rows, order, total, settings.eval_every or order.per_epoch)


def _training_rows(facts: RunFacts) -> TokenRows:
    settings, tokens = facts.settings, facts.data.tokens["train"]
    pad, width = facts.padding_token, settings.max_length if settings.padding == "max_length" else 0
    chosen = sample_indices(len(tokens), settings.train_samples, settings.split_seed)
    if not settings.packing:
        return TokenRows(tokens, [[index] for index in chosen], pad=pad, width=width)
    lengths = tokens.lengths
    bins = batches.pack([int(lengths[index]) for index in chosen], settings.max_length, facts.trial.seed)
    return TokenRows(tokens, [[chosen[n] for n in row] for row in bins], pad=pad, width=width)


def record_start(run: RunFacts, plan: TrainingPlan, examples_evaluated: int, resumed_step: int) -> None:
    """Record everything that is known before the first step, and print a summary."""
    settings, trial, order, total = run.settings, run.trial, plan.order, plan.total_steps
    peak = optimizer.peak_learning_rate(settings, total, order.per_epoch)
    warm = optimizer.count_warmup_steps(settings, total)
    if warm >= total:
        trial.warn(
            f"the warm-up of {warm} steps lasts as long as the run of {total}: the rate reaches {peak:.3g} instead "
            f"of {settings.learning_rate:.3g}"
        )
    effective = settings.batch_size * settings.accumulation
    if settings.effective_batch_size and effective != settings.effective_batch_size:
        trial.warn(
            f"effective_batch_size={settings.effective_batch_size} is no multiple of batch_size={settings.batch_size}: "
            f"{effective} is used"
        )
    trial.effective(
        learning_rate=peak,
        final_learning_rate=optimizer.learning_rate_at(settings, total - 1, total, order.per_epoch),
        warmup_steps=min(warm, total),
        gradient_accumulation=settings.accumulation,
        effective_batch_size=effective,
        steps=total,
        epochs=round(total / order.per_epoch, 4),
        train_samples=plan.examples,
        eval_samples=examples_evaluated,
        eval_every=plan.eval_every,
        **_quantised(run),
        eval_batch_size=settings.eval_batch_size or settings.batch_size,
        **_numerics(run),
    )
    sizes = run.sizes
    trial.facts(
        **_model(run),
        parameters=sizes.total,
        parameters_trainable=sizes.trainable,
        parameters_trainable_percent=round(sizes.percent, 4),
        parameters_percent_of="all parameters, those of the adapter included",
        steps_planned=total,
        steps_per_epoch=order.per_epoch,
        rows_per_epoch=order.rows,
        examples_trained_on=plan.examples,
        memory_model_gb=round(run.weights_gib, 6),
        memory_capacity_gb=round(memory_.capacity_gib(run.device), 3),
        **run.data.facts,
    )
    if settings.mixed_precision == "fp16" and run.precision == "none":
        trial.warn("mixed_precision = 'fp16' needs a GPU; the arithmetic is that of the weights")
    if run.precision == "bf16" and not has_bf16(run.device):
        trial.warn("this GPU emulates bfloat16, several times slower; mixed_precision = 'fp16' is what it has")
    biases = any(name.endswith("bias") for name, _ in run.base.model.named_parameters())
    if settings.adapter != "none" and settings.lora_bias != "none" and not biases:
        trial.warn(f"lora_bias = {settings.lora_bias!r} has no effect: the model has no biases")
    resumed = f", resumed at step {resumed_step}" if resumed_step else ""
    trial.say(
        f"sft: {sizes.trainable:,} of {sizes.total:,} parameters ({sizes.percent:.2f} %), {total} steps, "
        f"{order.per_epoch} an epoch, on {plan.examples:,} examples, {run.device}{resumed}"
    )


def use_per_token(facts: RunFacts) -> float | None:
    """Return the share of a second's arithmetic of the GPU that a token takes, and record it.

    None where the card is unknown, or computes in 32 bits.
    """
    if facts.device.type != "cuda" or not (facts.precision != "none" or facts.base.dtype in SHORT):
        return None
    peak = hardware.peak_flops(torch.cuda.get_device_name(facts.device))
    tokens = facts.data.tokens["train"]
    if peak is None or not len(tokens):
        return None
    share, length = float(tokens.learnt.mean()), float(tokens.lengths.mean())
    needed = hardware.training_flops_per_token(facts.model, facts.sizes, share, length)
    facts.trial.facts(flops_per_token=needed, peak_tflops=peak / 1e12)
    return needed / peak


def record_base_model(run: RunFacts, examples_evaluated: int) -> None:
    """Record what is known of the untrained base model."""
    run.trial.effective(eval_samples=examples_evaluated, **_numerics(run))
    run.trial.facts(
        **_model(run),
        parameters=run.sizes.total,
        parameters_trainable=0,
        memory_model_gb=round(run.weights_gib, 6),
        memory_capacity_gb=round(memory_.capacity_gib(run.device), 3),
        **run.data.facts,
    )


def _numerics(run: RunFacts) -> dict[str, str | bool | int]:
    name = torch.cuda.get_device_name(run.device) if run.device.type == "cuda" else run.device.type
    return {
        "dtype": str(run.base.dtype).removeprefix("torch."),
        "mixed_precision": run.precision,
        "attention": run.base.attention,
        "device": name,
        "threads": torch.get_num_threads(),
        "seed": run.trial.seed,
        "tf32": run.device.type == "cuda" and torch.get_float32_matmul_precision() != "highest",
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
    }


def _quantised(run: RunFacts) -> dict[str, str]:
    config = getattr(run.base.model.config, "quantization_config", None)
    return {} if config is None else {"compute_dtype": str(config.bnb_4bit_compute_dtype).removeprefix("torch.")}


def _model(run: RunFacts) -> dict[str, str | int | None]:
    config = run.base.model.config
    settings = run.settings
    return {
        "model": settings.model,
        "architecture": (config.architectures or [type(run.base.model).__name__])[0],
        # transformers has no public name for the commit that it has loaded
        "model_revision": getattr(config, "_commit_hash", None) or settings.revision or None,
        "tokenizer_vocabulary": len(run.base.tokenizer),
        "trust_remote_code": settings.trust_remote_code,
    }


MEASURED_PARTS = {"optimizer", "gradients", "activations"}
"""Parts of the memory that are measured while training."""


def record_memory(run: RunFacts, gib: Mapping[str, float]) -> None:
    """Record the memory of each part in GiB, as measured in the first steps."""
    on_gpu = run.device.type == "cuda"
    run.trial.facts(
        memory_optimizer_gb=round(gib["optimizer"], 6),
        memory_gradients_gb=round(gib["gradients"], 6),
        memory_activations_gb=round(gib["activations"], 6),
        memory_activations_are=(
            "what a forward pass left on the GPU" if on_gpu else "tensors kept for the first backward pass"
        ),
    )


def peak_memory(run: RunFacts) -> dict[str, float]:
    """Return the peaks of memory in GiB; {} in a process that others share: there they are those of all."""
    return {} if run.trial.shares_process else memory_.peak_memory(run.device)


def training_cost(plan: TrainingPlan, position: TrainingPosition) -> dict[str, float]:
    """Return how long the training took, without evaluations."""
    return {
        "seconds_per_epoch": position.seconds / position.step * plan.order.per_epoch,
        "seconds_per_1000_examples": 1000 * position.seconds / plan.examples_seen(position.step),
    }


def record_seen(trial: TrialContext, plan: TrainingPlan, step: int, tokens: int) -> None:
    """Record how many examples and tokens the training has seen; those of every epoch count."""
    trial.facts(examples_seen=plan.examples_seen(step), tokens_seen=tokens)


def record_end(run: RunFacts, plan: TrainingPlan, position: TrainingPosition, step_of_weights: int) -> None:
    """Record what is known after the last step."""
    run.trial.effective(
        steps=position.step, epochs=round(position.step / plan.order.per_epoch, 4), final_learning_rate=position.rate
    )
    facts: dict[str, float | int | None] = {
        "steps_actual": position.step,
        "weights_of_step": step_of_weights,
        "tokens_trained": position.tokens,
    }
    if position.skipped:
        facts["steps_skipped"] = position.skipped
        run.trial.warn(f"{position.skipped} of {position.step} updates were skipped: float16 could not hold them")
    if position.best.value is not None:
        facts |= {"best_step": position.best.step, f"best_{run.settings.early_stopping_metric}": position.best.value}
    if position.step < plan.total_steps and run.trial.early:
        facts["stopped_at_step"] = position.step
    run.trial.facts(**facts, **{f"peak_{name}": round(value, 4) for name, value in peak_memory(run).items()})


def describe_weights(plan: TrainingPlan, position: TrainingPosition, step_of_weights: int) -> str:
    """Return after how many steps a training ended, and which of its weights the model has."""
    text = f"after {position.step} steps of {plan.total_steps}"
    if step_of_weights == position.step:
        return text
    return f"{text}; its weights are those of step {step_of_weights}, the best evaluation"
