"""Where an answer ends: the special token that is written after it, as derived from the tokens of examples.

Training learns this token, so generation must end at it, whatever the tokenizer calls its end-of-text token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def special_ids(tokenizer: Any) -> set[int]:
    """Return the special tokens of a tokenizer: those that decoding can leave out."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return {*tokenizer.all_special_ids, *(number for number, token in added.items() if token.special)}


class AnswerEnds:
    """Finds the token that ends an answer."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.end_of_text: int | None = tokenizer.eos_token_id
        self._special = special_ids(tokenizer)
        self._blank: dict[int, bool] = {}

    def of(self, ids: Sequence[int], reference: str) -> int | None:
        """Return the first special token after an answer at the end of `ids`; None if there is none.

        Special tokens that `reference`, the text of the answer, contains do not end it, unless no other does.
        """
        run: list[int] = []
        for number in reversed(ids):
            if number in self._special:
                run.append(number)
            elif not self._is_blank(number):
                break
        run.reverse()
        after = [number for number in run if self.text(number) not in reference]
        return after[0] if after else run[-1] if run else None

    def text(self, number: int) -> str:
        """Return the text of a token."""
        return str(self.tokenizer.convert_ids_to_tokens(number))

    def _is_blank(self, number: int) -> bool:
        if number not in self._blank:
            self._blank[number] = not self.tokenizer.decode([number]).strip()
        return self._blank[number]


def without_end(reference: str, ends: Iterable[str]) -> str:
    """Return the text of an answer without the end tokens that it was written with."""
    texts, shorter = tuple(ends), reference
    while (stripped := shorter.rstrip()).endswith(texts):
        shorter = next(stripped.removesuffix(text) for text in texts if stripped.endswith(text))
    return shorter
