"""Stop strings: a text ends before the first of them, or after it if it belongs to the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import StoppingCriteria

from hptui.trainers.evals.options import GenerationOptions

SLACK_TOKENS = 4
"""Tokens decoded beyond the longest stop string: it may begin inside a token, and special tokens have no text."""


class StopStrings(StoppingCriteria):  # type: ignore[misc]  # transformers is not typed
    """A stopping criterion that ends each row of a batch by itself; `ended` has its length in tokens."""

    def __init__(self, tokenizer: Any, strings: Sequence[str], prompt_width: int) -> None:
        self.tokenizer, self.strings, self.width = tokenizer, tuple(strings), prompt_width
        self.tail = max((len(text.encode()) for text in self.strings), default=0) + SLACK_TOKENS
        self.ended: dict[int, int] = {}

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        length = input_ids.shape[1] - self.width
        tails = input_ids[:, self.width :][:, -self.tail :].tolist()
        texts = self.tokenizer.batch_decode(tails, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        for row, text in enumerate(texts):
            if row not in self.ended and any(string in text for string in self.strings):
                self.ended[row] = length
        finished = [row in self.ended for row in range(len(tails))]
        return torch.tensor(finished, dtype=torch.bool, device=input_ids.device)


def inclusive_stops(options: GenerationOptions) -> tuple[str, ...]:
    """Return the strings after which nothing matters any more, and which stay in the text."""
    return ("</answer>",) if options.answer_format == "think" and "accuracy" in options.metrics else ()


def cut_text(text: str, options: GenerationOptions) -> str:
    """Return a text up to its first stop string: without it, or with it where it closes the answer."""
    inclusive = inclusive_stops(options)
    exclusive = [string for string in options.stop if string not in inclusive]
    ends = [
        (position + len(string), text[: position + len(string)])
        for string in inclusive
        if (position := text.find(string)) >= 0
    ]
    ends += [(position, text[:position]) for string in exclusive if (position := text.find(string)) >= 0]
    return min(ends)[1] if ends else text
