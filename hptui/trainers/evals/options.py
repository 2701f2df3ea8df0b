"""The options of an evaluation by generation: decoding, metrics, and the answer's format. Free of torch."""

from __future__ import annotations

import re

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean

METRIC_FAMILIES = ("accuracy", "exact_match", "bleu", "rouge")
"""What can be measured; length and time are measured always."""

METRICS_OF_FAMILY = {
    "accuracy": ("accuracy", "wrong_answer", "format_failure"),
    "exact_match": ("exact_match",),
    "bleu": ("bleu",),
    "rouge": ("rouge1", "rouge2", "rougeL"),
}
"""The metrics of each family."""

ANSWER_FORMATS = ("think", "boxed", "last_number", "regex", "text")
"""Formats of an answer: `</think> <answer>…</answer>`, the last \\boxed{…}, the last number, a pattern, all."""


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """How to generate and what to measure. Raises: UserError for invalid values.

    `custom` are functions of the user's, as "file.py:function"; a relative file name starts at `directory`.
    `add_special_tokens` is for prompts that do not bring a begin-of-text token with them, as chat templates do.
    `ends` are tokens that end an answer, besides those that model and tokenizer name. `kept` are special tokens that
    are part of the answer's text.
    """

    metrics: tuple[str, ...] = ("exact_match", "bleu", "rouge")
    answer_format: str = "text"
    answer_regex: str = ""
    max_new_tokens: int = 64
    batch_size: int = 16
    stop: tuple[str, ...] = ()
    custom: tuple[str, ...] = ()
    directory: str = ""
    add_special_tokens: bool = True
    ends: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics of an evaluation, without the user's own."""
        return (
            *(name for family in self.metrics for name in METRICS_OF_FAMILY[family]),
            "generated_tokens",
            "inference_time",
        )

    def __post_init__(self) -> None:
        for name in self.metrics:
            if name not in METRIC_FAMILIES:
                raise UserError(f"there is no generation metric {name!r}", hint=did_you_mean(name, METRIC_FAMILIES))
        if self.answer_format not in ANSWER_FORMATS:
            raise UserError(
                f"there is no answer format {self.answer_format!r}",
                hint=did_you_mean(self.answer_format, ANSWER_FORMATS),
            )
        if self.answer_format == "regex":
            _check_pattern(self.answer_regex)
        if any(not text for text in self.stop):
            raise UserError("a stop string cannot be empty")
        for name in ("max_new_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, got {getattr(self, name)}")
        for path in self.custom:
            file, colon, function = path.rpartition(":")
            if not (colon and file.endswith(".py") and function.isidentifier()):
                raise UserError(f"{path!r} names no metric", hint='write "file.py:function"')


def _check_pattern(pattern: str) -> None:
    if not pattern:
        raise UserError('answer_format = "regex" needs a pattern', hint="its first group is the answer")
    try:
        re.compile(pattern)
    except re.error as error:
        raise UserError(f"the pattern of the answer {pattern!r} cannot be read: {error}") from None
