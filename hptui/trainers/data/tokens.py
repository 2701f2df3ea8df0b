"""Examples as tokens, in flat arrays that all trials of a study read.

An example's text is tokenised as a whole where the tokens of each beginning are also the beginning of the whole text's
tokens. Where a token would straddle a border of pieces, the pieces are tokenised separately, as at generation.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hptui.core.dataclass import dataclass
from hptui.trainers.data.endings import AnswerEnds
from hptui.trainers.data.layout import Example
from hptui.trainers.data.settings import DataSettings

EXAMPLES_PER_CALL = 1000
"""Examples tokenised in one call."""
ARRAY_NAMES = ("ids", "learnt", "starts", "rows")
"""Names of the arrays, each stored in a file of its own."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The examples of one split. Example i is `ids[starts[i]:starts[i + 1]]`, made from row `rows[i]`.

    `learnt` marks the tokens that count in the loss.
    """

    ids: NDArray[np.int32]
    learnt: NDArray[np.bool_]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        part = slice(int(self.starts[index]), int(self.starts[index + 1]))
        return self.ids[part], self.learnt[part]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each example."""
        return np.diff(self.starts)

    def save(self, folder: Path, name: str) -> None:
        """Write the arrays as files `NAME.PART.npy`."""
        for part in ARRAY_NAMES:
            np.save(folder / f"{name}.{part}.npy", getattr(self, part), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, name: str) -> Tokens:
        """Load the arrays by memory-mapping: trials share the pages."""
        arrays = [np.load(folder / f"{name}.{part}.npy", mmap_mode="r", allow_pickle=False) for part in ARRAY_NAMES]
        return cls(*arrays)


@dataclass(slots=True)
class SplitCounts:
    """How many examples of a split were kept, cut and left out, and their tokens.

    Of the `answers` that are not cut, `unended` end with no special token, and `eos_added` got an end-of-text token
    because the chat template wrote none. `ends` counts the special tokens that end the others.
    """

    rows: int = 0
    empty: int = 0
    truncated: int = 0
    too_long: int = 0
    unanswered: int = 0
    longest: int = 0
    tokens: int = 0
    learnt: int = 0
    examples: int = 0
    answers: int = 0
    unended: int = 0
    eos_added: int = 0
    ends: Counter[int] = field(default_factory=Counter)


class _Flat:
    """Growing flat arrays: a list of Python's numbers would take nine times the memory."""

    def __init__(self) -> None:
        self.ids, self.learnt = array("i"), bytearray()
        self.starts, self.rows = array("q", [0]), array("q")

    def add(self, row: int, ids: Sequence[int], learnt: Sequence[bool]) -> None:
        self.ids.extend(ids)
        self.learnt.extend(learnt)
        self.starts.append(len(self.ids))
        self.rows.append(row)

    def tokens(self) -> Tokens:
        return Tokens(
            np.frombuffer(self.ids, np.int32) if self.ids else np.empty(0, np.int32),
            np.frombuffer(self.learnt, np.bool_),
            np.frombuffer(self.starts, np.int64),
            np.frombuffer(self.rows, np.int64) if self.rows else np.empty(0, np.int64),
        )


def encode_examples(examples: Sequence[Example], settings: DataSettings, tokenizer: Any, counts: SplitCounts) -> Tokens:
    """Return the tokens of a split; `counts` is updated with what was cut and left out."""
    flat, ends = _Flat(), AnswerEnds(tokenizer)
    for begin in range(0, len(examples), EXAMPLES_PER_CALL):
        chunk = examples[begin : begin + EXAMPLES_PER_CALL]
        for example, (ids, learnt) in zip(chunk, _encoded(chunk, settings, tokenizer), strict=True):
            added = _end_example(example, ids, learnt, settings, ends)
            if example.prompt and len(ids) <= settings.max_length:
                _count_end(counts, ends.of(ids, example.reference), added=added)
            _add_fitted(flat, example.row, ids, learnt, settings, counts)
    tokens = flat.tokens()
    counts.examples, counts.tokens, counts.learnt = len(tokens), len(tokens.ids), int(tokens.learnt.sum())
    return tokens


def _encoded(examples: Sequence[Example], settings: DataSettings, tokenizer: Any) -> list[tuple[list[int], list[bool]]]:
    """Return the tokens of each example and which are learnt, before any cut."""
    beginnings = [list(accumulate(piece.text for piece in example.pieces)) for example in examples]
    texts = [text for texts_so_far in beginnings for text in texts_so_far]
    special = not examples[0].whole
    token_lists = iter(_ids(tokenizer, texts, special=special))
    encoded = []
    for example, texts_so_far in zip(examples, beginnings, strict=True):
        prefixes = [next(token_lists) for _ in texts_so_far]
        if not all(after[: len(before)] == before for before, after in pairwise(prefixes)):
            prefixes = _encoded_separately(tokenizer, example, special=special)
        ids, learnt, before = prefixes[-1], list[bool](), 0
        for piece, beginning in zip(example.pieces, prefixes, strict=True):
            learnt += [piece.learnt] * (len(beginning) - before)
            before = len(beginning)
        encoded.append((list(ids), learnt))
    return encoded


def _end_example(
    example: Example, ids: list[int], learnt: list[bool], settings: DataSettings, ends: AnswerEnds
) -> bool:
    """Add the end-of-text token if it is due.

    Return whether it stands in for an end that a chat template left out.
    """
    eos = ends.end_of_text
    if not settings.add_eos or eos is None or ids[-1:] == [eos]:
        return False
    if example.whole and ends.of(ids, example.reference) is not None:
        return False  # the chat template decides how an answer ends
    ids.append(eos)
    learnt.append(True)
    return example.whole


def _count_end(counts: SplitCounts, end: int | None, *, added: bool) -> None:
    counts.answers += 1
    counts.eos_added += added
    if end is None:
        counts.unended += 1
    else:
        counts.ends[end] += 1


def _ids(tokenizer: Any, texts: Sequence[str], *, special: bool) -> list[list[int]]:
    """Return the tokens of texts, with the tokenizer's special tokens before but not after each text."""
    token_lists: list[list[int]] = tokenizer(list(texts), add_special_tokens=special, return_attention_mask=False)[
        "input_ids"
    ]
    if not special:
        return token_lists
    suffix = appended_tokens(tokenizer)
    return [strip_suffix(ids, suffix) for ids in token_lists]


def strip_suffix(ids: list[int], suffix: list[int]) -> list[int]:
    """Return tokens without the special tokens `behind` at their end."""
    return ids[: len(ids) - len(suffix)] if suffix and ids[-len(suffix) :] == suffix else ids


def appended_tokens(tokenizer: Any) -> list[int]:
    """Return the special tokens that the tokenizer appends to a text."""
    plain_ids: list[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
    special_ids: list[int] = tokenizer("a", add_special_tokens=True)["input_ids"]
    for begin in range(len(special_ids) - len(plain_ids) + 1):
        if special_ids[begin : begin + len(plain_ids)] == plain_ids:
            return special_ids[begin + len(plain_ids) :]
    return []


def _encoded_separately(tokenizer: Any, example: Example, *, special: bool) -> list[list[int]]:
    """Return the tokens of growing beginnings, with no token across a border of pieces."""
    first_piece, *other_pieces = example.pieces
    prefixes = _ids(tokenizer, [first_piece.text], special=special)
    for piece in other_pieces:
        prefixes.append(prefixes[-1] + _ids(tokenizer, [piece.text], special=False)[0])
    return prefixes


def _add_fitted(
    flat: _Flat, row: int, ids: list[int], learnt: list[bool], settings: DataSettings, counts: SplitCounts
) -> None:
    """Add an example cut to `max_length`; one with nothing left to learn is left out and counted."""
    max_length = settings.max_length
    counts.longest = max(counts.longest, len(ids))
    if len(ids) > max_length:
        if settings.too_long == "drop":
            counts.too_long += 1
            return
        counts.truncated += settings.too_long == "truncate"
    begins = range(0, len(ids), max_length) if settings.too_long == "split" else (0,)
    for begin in begins:
        part = slice(begin, begin + max_length)
        # The first token is never predicted, so an example needs a learnt one after it.
        if any(learnt[part][1:]):
            flat.add(row, ids[part], learnt[part])
        elif begin == 0:
            counts.unanswered += 1
