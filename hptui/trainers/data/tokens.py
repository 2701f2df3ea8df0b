"""Examples as tokens, in flat arrays: what every trial of a study reads, made once.

An example's text is tokenised as a whole where the tokens of its beginning are also the beginning of its tokens. Where
a token would straddle the border, the pieces are tokenised apart, as they are when the model is asked.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hptui.trainers.data.layout import Example
from hptui.trainers.data.settings import DataSettings

BATCH = 1000
PARTS = ("ids", "learnt", "starts", "rows")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The examples of one split. Example i is `ids[starts[i]:starts[i + 1]]`, made from row `rows[i]`."""

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
        """Tokens of every example."""
        return np.diff(self.starts)

    def save(self, folder: Path, name: str) -> None:
        """Write the arrays as files `NAME.PART.npy`."""
        for part in PARTS:
            np.save(folder / f"{name}.{part}.npy", getattr(self, part), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, name: str) -> Tokens:
        """Read them back without taking them into memory: trials share the pages."""
        found = [np.load(folder / f"{name}.{part}.npy", mmap_mode="r", allow_pickle=False) for part in PARTS]
        return cls(*found)


@dataclass(slots=True)
class Counts:
    """What became of the examples of a split on their way."""

    rows: int = 0
    empty: int = 0
    truncated: int = 0
    too_long: int = 0
    unanswered: int = 0
    longest: int = 0
    tokens: int = 0
    learnt: int = 0
    examples: int = 0


class _Flat:
    """Arrays that grow: a list of Python's numbers would take nine times the memory."""

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


def encode(examples: Sequence[Example], settings: DataSettings, tokenizer: Any, counts: Counts) -> Tokens:
    """The tokens of a split; `counts` learns what was cut and what was left out."""
    flat = _Flat()
    for begin in range(0, len(examples), BATCH):
        some = examples[begin : begin + BATCH]
        for example, (ids, learnt) in zip(some, _encoded(some, settings, tokenizer), strict=True):
            _fit(flat, example.row, ids, learnt, settings, counts)
    tokens = flat.tokens()
    counts.examples, counts.tokens, counts.learnt = len(tokens), len(tokens.ids), int(tokens.learnt.sum())
    return tokens


def _encoded(examples: Sequence[Example], settings: DataSettings, tokenizer: Any) -> list[tuple[list[int], list[bool]]]:
    """Tokens and which are learnt, of every example, whatever its length."""
    beginnings = [list(accumulate(piece.text for piece in example.pieces)) for example in examples]
    texts = [text for some in beginnings for text in some]
    special = not examples[0].whole
    found = iter(_ids(tokenizer, texts, special=special))
    encoded = []
    for example, some in zip(examples, beginnings, strict=True):
        grown = [next(found) for _ in some]
        if not all(after[: len(before)] == before for before, after in pairwise(grown)):
            grown = _apart(tokenizer, example, special=special)
        ids, learnt, before = grown[-1], list[bool](), 0
        for piece, beginning in zip(example.pieces, grown, strict=True):
            learnt += [piece.learnt] * (len(beginning) - before)
            before = len(beginning)
        end = tokenizer.eos_token_id
        if special and settings.add_eos and end is not None and ids[-1:] != [end]:
            ids, learnt = [*ids, end], [*learnt, True]
        encoded.append((ids, learnt))
    return encoded


def _ids(tokenizer: Any, texts: Sequence[str], *, special: bool) -> list[list[int]]:
    """The tokens of texts, with what the tokenizer puts before every text and without what it puts behind."""
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=special, return_attention_mask=False)[
        "input_ids"
    ]
    if not special:
        return found
    behind = behind_of(tokenizer)
    return [without(ids, behind) for ids in found]


def without(ids: list[int], behind: list[int]) -> list[int]:
    """Tokens without those at their end that the tokenizer put there."""
    return ids[: len(ids) - len(behind)] if behind and ids[-len(behind) :] == behind else ids


def behind_of(tokenizer: Any) -> list[int]:
    """Special tokens that the tokenizer puts behind every text by itself."""
    bare: list[int] = tokenizer("a", add_special_tokens=False)["input_ids"]
    dressed: list[int] = tokenizer("a", add_special_tokens=True)["input_ids"]
    for begin in range(len(dressed) - len(bare) + 1):
        if dressed[begin : begin + len(bare)] == bare:
            return dressed[begin + len(bare) :]
    return []


def _apart(tokenizer: Any, example: Example, *, special: bool) -> list[list[int]]:
    """The tokens of growing beginnings, with no token across a border."""
    first, *rest = example.pieces
    grown = _ids(tokenizer, [first.text], special=special)
    for piece in rest:
        grown.append(grown[-1] + _ids(tokenizer, [piece.text], special=False)[0])
    return grown


def _fit(flat: _Flat, row: int, ids: list[int], learnt: list[bool], settings: DataSettings, counts: Counts) -> None:
    """Take an example up, cut to `max_length`. One of which nothing is left to learn is left out and counted."""
    longest = settings.max_length
    counts.longest = max(counts.longest, len(ids))
    if len(ids) > longest:
        if settings.too_long == "drop":
            counts.too_long += 1
            return
        counts.truncated += settings.too_long == "truncate"
    pieces = range(0, len(ids), longest) if settings.too_long == "split" else (0,)
    for begin in pieces:
        part = slice(begin, begin + longest)
        # The first token is never predicted, so an example needs a learnt one behind it.
        if any(learnt[part][1:]):
            flat.add(row, ids[part], learnt[part])
        elif begin == 0:
            counts.unanswered += 1
