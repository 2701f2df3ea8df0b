"""The settings of `charlm`, with categories and typical ranges. Free of torch."""

from __future__ import annotations

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.trainers.settings import setting

MODEL, TRAINING, SCHEDULE, SEQUENCE = "Model", "Training", "Schedule", "Sequence"
DATA, RUN, SAMPLE = "Data", "Run", "Sample"
METRICS = ("val_loss", "perplexity", "train_loss", "learning_rate", "grad_norm", "tokens_per_second")
"""All metrics that `charlm` reports."""
SCHEDULES = ("constant", "cosine", "step", "exponential")
"""Values of `lr_schedule`."""


@dataclass(frozen=True, slots=True)
class CharlmSettings:
    """The settings of one training run. Raises: UserError for values that cannot work together."""

    model_dim: int = setting(
        128,
        "width of embeddings and hidden layers",
        category=MODEL,
        typical="64 to 1024",
        memory=True,
        low=1,
        bound=True,
    )
    num_layers: int = setting(
        6, "depth: number of transformer blocks", category=MODEL, typical="2 to 24", memory=True, low=1, bound=True
    )
    num_heads: int = setting(
        8, "attention heads; must divide model_dim", category=MODEL, typical="2 to 16", memory=True, low=1, bound=True
    )
    dropout: float = setting(
        0.1, "share of activations dropped while training", category=MODEL, typical="0.0 to 0.3", low=0
    )
    tie_weights: bool = setting(
        True, "use one matrix for the embedding and the output layer", category=MODEL, bound=True
    )

    learning_rate: float = setting(1e-3, "peak learning rate of AdamW", category=TRAINING, typical="1e-5 to 1e-2 log")
    batch_size: int = setting(
        32, "sequences per forward pass", unit="sequences", category=TRAINING, typical="8 to 128", memory=True, low=1
    )
    epochs: float = setting(
        20.0, "passes over the training text; fractions are fine", category=TRAINING, typical="5 to 100"
    )
    steps: int = setting(0, "length in optimizer steps; 0: by epochs", unit="steps", category=TRAINING, low=0)
    weight_decay: float = setting(
        0.01, "decoupled weight decay of matrices", category=TRAINING, typical="0 to 0.1", low=0
    )
    gradient_clip: float = setting(
        1.0, "largest norm of the gradient; 0: not clipped", category=TRAINING, typical="0.5 to 2", low=0
    )
    gradient_accumulation: int = setting(
        1, "forward passes per optimizer step", category=TRAINING, typical="1 to 8", low=1
    )
    mixed_precision: bool = setting(False, "compute in bfloat16 where that is safe", category=TRAINING)
    early_stopping: bool = setting(
        False, "end when the validation loss stops improving; the best weights count", category=TRAINING
    )
    patience: int = setting(
        5,
        "evaluations without improvement before early stopping",
        unit="evaluations",
        category=TRAINING,
        typical="3 to 10",
        low=1,
    )

    lr_schedule: str = setting(
        "constant", "how the learning rate changes after the warm-up", category=SCHEDULE, choices=SCHEDULES
    )
    warmup_steps: int = setting(
        0, "steps of linear warm-up, with every schedule", unit="steps", category=SCHEDULE, typical="0 to 2000", low=0
    )
    lr_decay: float = setting(
        0.1, "factor per entry of lr_steps (step), or per epoch (exponential)", category=SCHEDULE, typical="0.1 to 0.99"
    )
    lr_steps: list[int] = setting(
        [], "steps at which the step schedule multiplies by lr_decay", unit="steps", category=SCHEDULE
    )

    max_seq_len: int = setting(
        256,
        "characters per training sequence",
        unit="characters",
        category=SEQUENCE,
        typical="128 to 2048",
        memory=True,
        low=1,
        bound=True,
    )

    text: str = setting(
        "", "a text file or a directory of them; empty: the docstrings of Python's library", category=DATA, bound=True
    )
    train_chars: int = setting(
        1_000_000, "use so many characters of the text; 0: all", unit="characters", category=DATA, low=0, bound=True
    )
    validation: float = setting(
        0.1, "share of the text, at its end, kept for validation", category=DATA, typical="0.05 to 0.2", bound=True
    )

    log_every: int = setting(1, "steps between reports of the training loss", unit="steps", category=RUN, low=1)
    eval_every: int = setting(100, "steps between evaluations", unit="steps", category=RUN, low=1)
    eval_batches: int = setting(
        20, "batches of 32 sequences per evaluation, spread over the validation text", category=RUN, low=1
    )
    checkpoint_every: int = setting(0, "steps between checkpoints; 0: one a minute", unit="steps", category=RUN, low=0)
    threads: int = setting(0, "CPU threads; 0: as the study gives them", category=RUN, low=0)

    prompt: str = setting("The ", "what the sample of text begins with", category=SAMPLE)
    temperature: float = setting(
        0.8,
        "randomness of the sample; 0: the likeliest character each time",
        category=SAMPLE,
        typical="0.5 to 1.2",
        low=0,
    )
    sample_chars: int = setting(
        400, "length of the sample written after training; 0: none", unit="characters", category=SAMPLE, low=0
    )

    def __post_init__(self) -> None:
        if self.model_dim % self.num_heads:
            raise UserError(
                f"num_heads must divide model_dim, got model_dim={self.model_dim} and num_heads={self.num_heads}",
                hint='search with constraints = ["model_dim % num_heads == 0"]',
            )
        for name in ("learning_rate", "lr_decay", "epochs"):
            if getattr(self, name) <= 0:
                raise UserError(f"{name} must be above 0, got {getattr(self, name)}")
        if self.dropout >= 1:
            raise UserError(f"dropout must be below 1, got {self.dropout}")
        if not 0 < self.validation < 1:
            raise UserError(f"validation must be between 0 and 1, got {self.validation}")
        for step in self.lr_steps:
            if isinstance(step, bool) or not isinstance(step, int) or step < 0:
                raise UserError(f"lr_steps must hold whole numbers of steps, got {step!r}")
