"""The settings of `sft`, with categories and typical ranges; those of data are in `data.settings`. Free of torch."""

from __future__ import annotations

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.evals.options import ANSWER_FORMATS, METRIC_FAMILIES, GenerationOptions
from hptui.trainers.settings import setting

MODEL, ADAPTER, TRAINING, OPTIMIZER, SCHEDULE = "Model", "Adapter", "Training", "Optimizer", "Schedule"
MEMORY, RUN, GENERATION = "Memory", "Run", "Generation"

ADAPTERS = ("none", "lora", "qlora")
"""Values of `adapter`."""
ALL_LINEAR = "all-linear"
"""Value of `lora_target` for all linear layers."""
OPTIMIZERS = ("adamw", "adamw_fused", "adamw_8bit", "paged_adamw_8bit", "adam", "sgd", "adafactor")
"""Values of `optimizer`."""
SCHEDULES = ("constant", "linear", "cosine", "step", "exponential", "polynomial", "inverse_sqrt")
"""Values of `lr_schedule`."""
ATTENTIONS = ("auto", "eager", "sdpa", "flash_attention_2")
"""Values of `attention`."""
LOSSES = ("eval_loss", "perplexity")
"""Metrics of an evaluation without generation."""
NUMBER_FORMATS = ("auto", "float32", "bfloat16", "float16")
"""Values of the settings of number formats."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Base model, number formats, and adapter."""

    model: str = setting(help="a directory, a name on the hub, or hptui:small-llama", category=MODEL, bound=True)
    revision: str = setting("", "branch, tag or commit of a model of the hub", category=MODEL, bound=True)
    tokenizer: str = setting("", "another tokenizer than the model's own", category=MODEL, bound=True)
    trust_remote_code: bool = setting(
        False, "run code that comes with the model; only for models that you trust", category=MODEL
    )
    dtype: str = setting(
        "auto",
        "numbers of weights under an adapter; auto: bfloat16 on a GPU, else float32; trained weights are float32",
        category=MODEL,
        choices=NUMBER_FORMATS,
    )
    attention: str = setting("auto", "implementation of attention; auto: sdpa", category=MODEL, choices=ATTENTIONS)

    adapter: str = setting(
        "lora",
        "none: train all weights; qlora: LoRA on a model in 4 bits",
        category=ADAPTER,
        choices=ADAPTERS,
        bound=True,
    )
    lora_rank: int = setting(
        16, "rank of the adapter's matrices", category=ADAPTER, typical="4 to 128", memory=True, low=1, bound=True
    )
    lora_alpha: float = setting(32.0, "the adapter counts alpha / rank times", category=ADAPTER, typical="8 to 256")
    lora_dropout: float = setting(
        0.0, "share of the adapter's inputs dropped while training", category=ADAPTER, typical="0 to 0.1", low=0
    )
    lora_target: list[str] | str | None = setting(
        ALL_LINEAR,
        'list of names of layers that get an adapter, or "all-linear"',
        category=ADAPTER,
        typical='["q_proj", "v_proj"]',
        bound=True,
    )
    lora_bias: str = setting(
        "none", "biases that are trained, too", category=ADAPTER, choices=("none", "all", "lora_only"), bound=True
    )
    rslora: bool = setting(False, "count the adapter alpha / sqrt(rank) times", category=ADAPTER)
    quant_type: str = setting("nf4", "the 4-bit numbers of qlora", category=ADAPTER, choices=("nf4", "fp4"))
    double_quant: bool = setting(True, "quantise the scales of qlora's blocks, too", category=ADAPTER)
    compute_dtype: str = setting("auto", "numbers that qlora computes in", category=ADAPTER, choices=NUMBER_FORMATS)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Batches, length, optimizer and schedule."""

    batch_size: int = setting(
        4, "examples per forward pass", unit="examples", category=TRAINING, typical="1 to 64", memory=True, low=1
    )
    gradient_accumulation: int = setting(
        1, "forward passes per optimizer step", category=TRAINING, typical="1 to 32", low=1
    )
    effective_batch_size: int = setting(
        0,
        "examples per optimizer step; the accumulation follows from it; 0: batch_size x gradient_accumulation",
        unit="examples",
        category=TRAINING,
        typical="8 to 512",
        low=0,
    )
    epochs: float = setting(
        1.0, "passes over the training examples; fractions are fine", category=TRAINING, typical="0.5 to 5"
    )
    steps: int = setting(0, "length in optimizer steps; 0: by epochs", unit="steps", category=TRAINING, low=0)
    mixed_precision: str = setting(
        "auto",
        "numbers of the arithmetic; auto on a GPU: bf16, or fp16 with a scaled loss where it has no bf16",
        category=TRAINING,
        choices=("auto", "none", "bf16", "fp16"),
    )
    tf32: bool = setting(
        False, "multiply float32 matrices in TensorFloat-32 on a GPU: faster, to three digits", category=TRAINING
    )
    early_stopping: bool = setting(False, "end when early_stopping_metric stops improving", category=TRAINING)
    patience: int = setting(
        2,
        "evaluations without improvement before early stopping",
        unit="evaluations",
        category=TRAINING,
        typical="2 to 10",
        low=1,
    )
    early_stopping_metric: str = setting("eval_loss", "what early stopping and load_best look at", category=TRAINING)
    early_stopping_goal: str = setting(
        "auto",
        "auto: losses, perplexity, failures, lengths and times fall, others rise",
        category=TRAINING,
        choices=("auto", "minimize", "maximize"),
    )
    early_stopping_delta: float = setting(0.0, "the least change that is an improvement", category=TRAINING, low=0)
    load_best: bool = setting(
        False,
        "end with the weights of the best evaluation, and measure them; save_model = best does, too",
        category=TRAINING,
    )

    optimizer: str = setting(
        "adamw", "how gradients become changes", category=OPTIMIZER, choices=OPTIMIZERS, bound=True
    )
    learning_rate: float = setting(2e-4, "peak learning rate", category=OPTIMIZER, typical="1e-6 to 5e-4 log")
    weight_decay: float = setting(0.0, "decay of matrices", category=OPTIMIZER, typical="0 to 0.1", low=0)
    beta1: float = setting(0.9, "memory of the gradient, of Adam's kind", category=OPTIMIZER, typical="0.9", low=0)
    beta2: float = setting(0.999, "memory of its square", category=OPTIMIZER, typical="0.95 to 0.999", low=0)
    epsilon: float = setting(1e-8, "keeps Adam's division finite", category=OPTIMIZER, typical="1e-8")
    momentum: float = setting(0.0, "momentum of sgd", category=OPTIMIZER, typical="0 to 0.99", low=0)
    max_grad_norm: float = setting(
        1.0, "largest norm of the gradient; 0: not clipped", category=OPTIMIZER, typical="0.3 to 2", low=0
    )

    lr_schedule: str = setting(
        "linear", "how the learning rate changes after the warm-up", category=SCHEDULE, choices=SCHEDULES
    )
    warmup_steps: int = setting(
        0, "steps of linear warm-up, with every schedule", unit="steps", category=SCHEDULE, typical="0 to 1000", low=0
    )
    warmup_ratio: float = setting(
        0.0,
        "the warm-up as a share of all steps, in place of warmup_steps",
        category=SCHEDULE,
        typical="0 to 0.1",
        low=0,
    )
    lr_end: float = setting(
        0.0,
        "the learning rate that linear, cosine and polynomial end at, as a share of the peak",
        category=SCHEDULE,
        low=0,
    )
    lr_decay: float = setting(
        0.1, "factor per entry of lr_steps (step), or per epoch (exponential)", category=SCHEDULE, typical="0.1 to 0.99"
    )
    lr_steps: list[int] = setting(
        [], "steps at which the step schedule multiplies by lr_decay", unit="steps", category=SCHEDULE
    )
    lr_power: float = setting(1.0, "exponent of the polynomial schedule", category=SCHEDULE, typical="0.5 to 3")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Memory, intervals, determinism, saving, and generation."""

    gradient_checkpointing: bool = setting(
        False, "compute activations twice rather than keep them: less memory, slower", category=MEMORY
    )

    log_every: int = setting(5, "steps between reports of the training loss", unit="steps", category=RUN, low=1)
    eval_every: int = setting(0, "steps between evaluations; 0: once an epoch", unit="steps", category=RUN, low=0)
    eval_batch_size: int = setting(
        0, "examples per forward pass of an evaluation; 0: batch_size", unit="examples", category=RUN, low=0
    )
    save_every: int = setting(
        0, "steps between checkpoints; 0: by the clock, every five minutes", unit="steps", category=RUN, low=0
    )
    deterministic: bool = setting(
        False, "only algorithms that give the same bits every time, where a GPU has a choice", category=RUN
    )
    threads: int = setting(0, "CPU threads; 0: as the study gives them", category=RUN, low=0)
    save_model: str = setting(
        "none",
        "keep the trained model or adapter, ready to load; last: as it ended",
        category=RUN,
        choices=("none", "last", "best"),
    )
    merge_adapter: bool = setting(False, "save the whole model with the adapter merged in", category=RUN)

    generate_samples: int = setting(
        0, "held-out examples that the model answers at the end; 0: none", unit="examples", category=GENERATION, low=0
    )
    generate_every: int = setting(
        0, "steps between such evaluations; 0: only at the end", unit="steps", category=GENERATION, low=0
    )
    generate_split: str = setting(
        "validation", "which held-out examples", category=GENERATION, choices=("validation", "test")
    )
    generate_metrics: list[str] = setting(
        ["exact_match", "bleu", "rouge"],
        "what is measured of the answers: " + ", ".join(METRIC_FAMILIES),
        category=GENERATION,
    )
    answer_format: str = setting(
        "text", "where accuracy looks for the answer in a text", category=GENERATION, choices=ANSWER_FORMATS
    )
    answer_regex: str = setting("", "the pattern of answer_format regex; its first group", category=GENERATION)
    max_new_tokens: int = setting(64, "longest answer", unit="tokens", category=GENERATION, low=1)
    generate_batch_size: int = setting(16, "prompts answered together", unit="prompts", category=GENERATION, low=1)
    stop: list[str] = setting([], "texts that end an answer", category=GENERATION)
    custom_metrics: list[str] = setting([], 'your own metrics, as "file.py:function"', category=GENERATION)


@dataclass(frozen=True, kw_only=True)
class SftSettings(RunSettings, TrainingSettings, DataSettings, ModelSettings):
    """The settings of one fine-tuning. Raises: UserError for values that cannot work together."""

    def __post_init__(self) -> None:
        DataSettings.__post_init__(self)
        for name in ("learning_rate", "epochs", "lr_decay", "epsilon", "lora_alpha"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("lora_dropout", "beta1", "beta2", "momentum", "warmup_ratio"):
            if getattr(self, name) >= 1:
                raise UserError(f"{name} must be below 1, got {getattr(self, name)}")
        if self.warmup_steps and self.warmup_ratio:
            raise UserError(
                f"warmup_steps={self.warmup_steps} and warmup_ratio={self.warmup_ratio} are two ways to say one thing; "
                "give one of them"
            )
        if self.effective_batch_size and self.gradient_accumulation > 1:
            raise UserError(
                f"effective_batch_size={self.effective_batch_size} decides the accumulation, "
                f"so gradient_accumulation={self.gradient_accumulation} cannot be given, too"
            )
        if self.dtype == "float16" and self.adapter == "none":
            raise UserError(
                'dtype = "float16" loses the small changes of weights that are trained',
                hint='use dtype = "float32" with mixed_precision = "fp16"',
            )
        if self.merge_adapter and self.adapter == "none":
            raise UserError('merge_adapter has nothing to merge with adapter = "none"')
        if self.generate_every and not self.generate_samples:
            raise UserError("generate_every needs generate_samples, the number of examples to answer")
        if self.judges:
            self._check_judged()
        _check_steps(self.lr_steps)
        adapter_targets(self.lora_target)
        self.generation()

    def generation(self, directory: str = "") -> GenerationOptions:
        """Return the options of an evaluation by generation."""
        return GenerationOptions(
            metrics=tuple(self.generate_metrics),
            answer_format=self.answer_format,
            answer_regex=self.answer_regex,
            max_new_tokens=self.max_new_tokens,
            batch_size=self.generate_batch_size,
            stop=tuple(self.stop),
            custom=tuple(self.custom_metrics),
            directory=directory,
            add_special_tokens=not (self.chat_template or self.messages_field),
        )

    @property
    def judges(self) -> bool:
        """Whether anything depends on which evaluation was the best."""
        return self.early_stopping or self.load_best or self.save_model == "best"

    @property
    def judged_by_answers(self) -> bool:
        """Whether evaluations are judged by a metric of the answers, not by the loss."""
        return self.early_stopping_metric not in LOSSES

    def _check_judged(self) -> None:
        """Refuse a metric that no evaluation measures: nothing would ever be stopped or saved by it."""
        name, answered = self.early_stopping_metric, self.generation().names
        if name in LOSSES:
            return
        if name not in answered and not (self.custom_metrics and self.generate_samples):
            names = [*LOSSES, *answered] if self.generate_samples else list(LOSSES)
            raise UserError(
                f"early_stopping_metric: no evaluation measures {name!r}; it may be {', '.join(names)}",
                hint=did_you_mean(name, names),
            )
        if not (self.generate_samples and self.generate_every):
            raise UserError(
                f"early_stopping_metric = {name!r} is measured of answers, and none are taken during the training",
                hint="set generate_samples and generate_every",
            )

    @property
    def accumulation(self) -> int:
        """Forward passes per optimizer step, at least 1: closest to the effective batch size."""
        if not self.effective_batch_size:
            return self.gradient_accumulation
        return max(1, round(self.effective_batch_size / self.batch_size))


def _check_steps(steps: list[int]) -> None:
    for step in steps:
        if isinstance(step, bool) or not isinstance(step, int) or step < 0:
            raise UserError(f"lr_steps must hold whole numbers of steps, got {step!r}")


def adapter_targets(value: object) -> list[str] | str:
    """Return `lora_target` as peft takes it. Raises: UserError for any other value."""
    if isinstance(value, str) and value == ALL_LINEAR:
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(name, str) and name for name in value):
        return list(value)
    hint = did_you_mean(value, [ALL_LINEAR]) if isinstance(value, str) else ""
    raise UserError(f'lora_target must be "{ALL_LINEAR}" or a list of names of layers, got {value!r}', hint=hint)
