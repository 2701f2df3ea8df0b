"""What is recorded about a run besides its curves: values that were really used, and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from hptui.trainers.sft import adapters, optimizer
from hptui.trainers.sft import memory as memory_
from hptui.trainers.sft.settings import SftSettings

if TYPE_CHECKING:
    from hptui.trainers.sft.train import TrainingRun


def record_start(run: TrainingRun) -> None:
    """Record everything that is known before the first step, and print a summary."""
    settings, trial, order = run.settings, run.trial, run.order
    peak = optimizer.peak_learning_rate(settings, run.total, order.per_epoch)
    warm = optimizer.count_warmup_steps(settings, run.total)
    if warm >= run.total:
        trial.warn(
            f"the warm-up of {warm} steps lasts as long as the run of {run.total}: the rate reaches {peak:.3g} instead "
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
        final_learning_rate=optimizer.learning_rate_at(settings, run.total - 1, run.total, order.per_epoch),
        warmup_steps=min(warm, run.total),
        gradient_accumulation=settings.accumulation,
        effective_batch_size=effective,
        steps=run.total,
        epochs=round(run.total / order.per_epoch, 4),
        train_samples=count_examples(run),
        eval_samples=len(run.held_out),
        eval_every=run.eval_every,
        **_quantised(run),
        eval_batch_size=settings.eval_batch_size or settings.batch_size,
        **_numerics(run),
    )
    sizes = adapters.count_parameters(run.model)
    trial.facts(
        **_model(run),
        parameters=sizes.total,
        parameters_trainable=sizes.trainable,
        parameters_trainable_percent=round(sizes.percent, 4),
        parameters_percent_of="all parameters, those of the adapter included",
        steps_planned=run.total,
        steps_per_epoch=order.per_epoch,
        rows_per_epoch=order.rows,
        memory_model_gb=round(memory_.model_gib(run.model), 6),
        memory_capacity_gb=round(memory_.capacity_gib(run.device), 3),
        **run.data.facts,
    )
    if settings.mixed_precision == "fp16" and run.precision == "none":
        trial.warn("mixed_precision = 'fp16' needs a GPU; the arithmetic is that of the weights")
    biases = any(name.endswith("bias") for name, _ in run.base.model.named_parameters())
    if settings.adapter != "none" and settings.lora_bias != "none" and not biases:
        trial.warn(f"lora_bias = {settings.lora_bias!r} has no effect: the model has no biases")
    resumed = f", resumed at step {run.learner.place.step}" if run.learner.place.step else ""
    print(
        f"sft: {sizes.trainable:,} of {sizes.total:,} parameters ({sizes.percent:.2f} %), {run.total} steps, "
        f"{order.per_epoch} an epoch, on {count_examples(run):,} examples, {run.device}{resumed}",
        flush=True,
    )


def count_examples(run: TrainingRun) -> int:
    """Return how many examples are trained on, in any number of rows."""
    return sum(len(row) for row in run.learner.rows.rows)


def record_base_model(run: TrainingRun) -> None:
    """Record what is known of the untrained base model."""
    sizes = adapters.count_parameters(run.model)
    run.trial.effective(eval_samples=len(run.held_out), **_numerics(run))
    run.trial.facts(
        **_model(run),
        parameters=sizes.total,
        parameters_trainable=0,
        memory_model_gb=round(memory_.model_gib(run.model), 6),
        memory_capacity_gb=round(memory_.capacity_gib(run.device), 3),
        **run.data.facts,
    )


def _numerics(run: TrainingRun) -> dict[str, str | bool | int]:
    name = torch.cuda.get_device_name(run.device) if run.device.type == "cuda" else run.device.type
    return {
        "dtype": str(run.base.dtype).removeprefix("torch."),
        "mixed_precision": run.precision,
        "attention": run.base.attention,
        "device": name,
        "threads": torch.get_num_threads(),
        "seed": run.trial.seed,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
    }


def _quantised(run: TrainingRun) -> dict[str, str]:
    config = getattr(run.base.model.config, "quantization_config", None)
    return {} if config is None else {"compute_dtype": str(config.bnb_4bit_compute_dtype).removeprefix("torch.")}


def _model(run: TrainingRun) -> dict[str, str | int | None]:
    config = run.base.model.config
    settings: SftSettings = run.settings
    return {
        "model": settings.model,
        "architecture": (config.architectures or [type(run.base.model).__name__])[0],
        # transformers has no public name for the commit that it has loaded
        "model_revision": getattr(config, "_commit_hash", None) or settings.revision or None,
        "tokenizer_vocabulary": len(run.base.tokenizer),
        "trust_remote_code": settings.trust_remote_code,
    }


def record_memory(run: TrainingRun) -> None:
    """Record the memory of each part, as measured in the first step."""
    sizes = run.learner.kept
    on_gpu = run.device.type == "cuda"
    run.trial.facts(
        memory_optimizer_gb=round(sizes["optimizer"], 6),
        memory_gradients_gb=round(sizes["gradients"], 6),
        memory_activations_gb=round(sizes["activations"], 6),
        memory_activations_are=(
            "what the first forward pass left on the GPU" if on_gpu else "tensors kept for the first backward pass"
        ),
    )


def training_cost(run: TrainingRun) -> dict[str, float]:
    """Return how long the training took, without evaluations."""
    position, order = run.learner.place, run.order
    examples = order.examples(position.step) * count_examples(run) / order.rows
    return {
        "seconds_per_epoch": position.seconds / position.step * order.per_epoch,
        "seconds_per_1000_examples": 1000 * position.seconds / examples,
    }


def record_end(run: TrainingRun) -> None:
    """Record what is known after the last step."""
    position, total = run.learner.place, run.total
    run.trial.effective(
        steps=position.step, epochs=round(position.step / run.order.per_epoch, 4), final_learning_rate=position.rate
    )
    step_of_weights = position.best.step if run.best_weights.loaded else position.step
    facts: dict[str, float | int | None] = {
        "steps_actual": position.step,
        "weights_of_step": step_of_weights,
        "tokens_trained": position.tokens,
    }
    if position.best.value is not None:
        facts |= {"best_step": position.best.step, f"best_{run.best_weights.metric}": position.best.value}
    if position.step < total and run.trial.early:
        facts["stopped_at_step"] = position.step
    run.trial.facts(
        **facts, **{f"peak_{name}": round(value, 4) for name, value in memory_.peak_memory(run.device).items()}
    )
