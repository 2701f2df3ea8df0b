"""Published laws for learning rates and batch sizes: where a search may begin, with the formula and its source.

They give first proposals and default ranges, never bounds. A value that is extrapolated far is a centre, no more."""

from __future__ import annotations

import math

from hptui.core.dataclass import dataclass

STEP_LAW_SOURCE = "Step Law, arXiv:2503.04715"
LORA_SOURCE = "Thinking Machines Lab, Tinker documentation, Supervised Learning Hyperparameters, 2025"
OFF = "[search] laws = false switches it off"
"""How a study does without laws."""

ENGINE = "law"
"""Name of the engine that a trial has whose settings come from a law."""

NOTE_PREFIX = "from a law: "
"""Beginning of the note of such a trial, which hptui writes."""

LOWEST_RATE, HIGHEST_RATE = 1e-5, 2e-2
"""Bounds of the learning rate that the Step Law is used for."""
LORA_POWERS = {"llama": 0.781, "qwen": 0.0775}
"""Power of the width by family of models, as published."""
OTHER_POWER = 0.4
"""Power of the width for other families: between the two, not published."""
LORA_ALPHA = 32.0
"""The alpha for which the rule was measured; the scale is alpha / rank."""


@dataclass(frozen=True, slots=True)
class Law:
    """What a law says of one setting: a value, the factor up and down that a search should try, and why.

    `highest` is the value above which the law is not used.
    """

    setting: str
    value: float
    factor: float
    why: str
    highest: float = math.inf

    @property
    def text(self) -> str:
        """The value and where it comes from, in one line."""
        return f"{self.setting} {self.value:.3g} = {self.why}"


def step_law(parameters: float, tokens: float) -> tuple[float, float]:
    """Return (learning rate, batch in tokens) for training from scratch.

    `parameters` are those without embeddings, `tokens` all that are trained. It was fitted at 60 M to 1 B parameters
    and 2 B to 100 B tokens, with AdamW and a cosine schedule.
    """
    rate = 1.79 * parameters**-0.713 * tokens**0.307
    return min(max(rate, LOWEST_RATE), HIGHEST_RATE), 0.58 * tokens**0.571


def step_laws(parameters: float, tokens: float, tokens_per_row: float) -> list[Law]:
    """Return the Step Law's learning rate and batch size; a batch of rows of `tokens_per_row` tokens."""
    rate, batch = step_law(parameters, tokens)
    sizes = f"N = {parameters:.3g} parameters, D = {tokens:.3g} tokens; {STEP_LAW_SOURCE}"
    return [
        Law("learning_rate", rate, 10.0, f"1.79 × N^-0.713 × D^0.307, {sizes}", HIGHEST_RATE),
        Law("batch_size", max(1.0, batch / tokens_per_row), 8.0, f"0.58 × D^0.571 tokens, {sizes}"),
    ]


def lora_rate(width: int, family: str, *, rslora_rank: int | None = None) -> Law:
    """Return the learning rate for LoRA on a model of this width with alpha 32.

    Where the scale is alpha / rank it does not depend on the rank; `rslora_rank` is the rank where it is
    alpha / sqrt(rank).
    """
    name = next((known for known in LORA_POWERS if known in family.lower()), "")
    power = LORA_POWERS.get(name, OTHER_POWER)
    value = 5e-5 * 10 * (2000 / width) ** power
    formula = f"5e-5 × 10 × (2000 / {width})^{power:g}"
    if rslora_rank is not None:
        value, formula = value / math.sqrt(rslora_rank), f"{formula} / sqrt({rslora_rank})"
    models = f"for {name.capitalize()}" if name else "with a power between those of Llama and Qwen"
    return Law("learning_rate", value, 8.0, f"{formula} {models}, {LORA_SOURCE}")


def full_rate(width: int, family: str) -> Law:
    """Return the learning rate for training all weights of a trained model: a tenth of that for LoRA."""
    law = lora_rate(width, family)
    return Law("learning_rate", law.value / 10, 8.0, f"a tenth of {law.why}")
