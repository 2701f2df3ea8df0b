"""The text of an answer, and stop strings: it ends before the first of them, or after it if it belongs to the answer.

A stop string may name special tokens, which the text of an answer leaves out, so both texts are searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import StoppingCriteria

from hptui.trainers.data.endings import special_ids
from hptui.trainers.evals.options import GenerationOptions

SLACK_TOKENS = 4
"""Tokens decoded beyond the longest stop string: it may begin inside a token, and special tokens have no text."""


class AnswerText:
    """The text of generated tokens, without special tokens but those that answers contain."""

    def __init__(self, tokenizer: Any, options: GenerationOptions) -> None:
        self.tokenizer, self.options = tokenizer, options
        special = special_ids(tokenizer)
        self._dropped = special - set(options.kept)
        self.strings = (*options.stop, *inclusive_stops(options))
        self.special_stops = tuple(text for text in options.stop if special & set(_plain_ids(tokenizer, text)))

    def of(self, ids: Sequence[int]) -> str:
        """Return the text of an answer up to its first stop string."""
        kept, remainder = self._before_special_stop(list(ids))
        return cut_text(self._decoded(kept) + remainder, self.options)

    def is_stopped(self, ids: Sequence[int]) -> bool:
        """Return whether the last of an answer's tokens contain a stop string."""
        text = self._decoded(ids)
        if any(string in text for string in self.strings):
            return True
        raw = self._raw(ids) if self.special_stops else ""
        return any(string in raw for string in self.special_stops)

    def _before_special_stop(self, ids: list[int]) -> tuple[list[int], str]:
        """Return the tokens before a stop string with special tokens, and the text of a token cut by it."""
        if not self.special_stops:
            return ids, ""
        raw = self._raw(ids)
        positions = [position for string in self.special_stops if (position := raw.find(string)) >= 0]
        if not positions:
            return ids, ""
        stop = min(positions)
        count = next(n for n in range(len(ids), -1, -1) if len(self._raw(ids[:n])) <= stop)
        return ids[:count], raw[len(self._raw(ids[:count])) : stop]

    def _decoded(self, ids: Sequence[int]) -> str:
        return self._raw([number for number in ids if number not in self._dropped])

    def _raw(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


def _plain_ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


class StopStrings(StoppingCriteria):  # type: ignore[misc]  # transformers is not typed
    """A stopping criterion that ends each row of a batch by itself; `ended` has its length in tokens."""

    def __init__(self, answer: AnswerText, prompt_width: int) -> None:
        self.answer, self.width = answer, prompt_width
        self.tail = max((len(text.encode()) for text in answer.strings), default=0) + SLACK_TOKENS
        self.ended: dict[int, int] = {}

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        length = input_ids.shape[1] - self.width
        tails = input_ids[:, self.width :][:, -self.tail :].tolist()
        for row, ids in enumerate(tails):
            if row not in self.ended and self.answer.is_stopped(ids):
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
