"""Which questions a trial answered right, as the trainer records it in a trial's facts and reports compare it."""

from __future__ import annotations

from collections.abc import Sequence

QUESTIONS_FACT = "generation_questions"
"""Fact: a digest of the questions (row and reference). Trials with the same one answered the same questions."""
RIGHT_FACT = "generation_right"
"""Fact: by metric, which of the questions were answered right, as `encode_right` writes it."""


def encode_right(right: Sequence[bool]) -> str:
    """Return answers as `200:9f3…`: their number, and one bit for each in a hexadecimal number."""
    bits = "".join("1" if one_right else "0" for one_right in right)
    return f"{len(bits)}:{int(bits, 2):x}" if bits else "0:"


def decode_right(text: object) -> tuple[bool, ...] | None:
    """Return the answers behind such a text; None if it is none."""
    if not isinstance(text, str):
        return None
    count, colon, digits = text.partition(":")
    try:
        n, value = int(count), int(digits or "0", 16)
    except ValueError:
        return None
    if not colon or n < 0 or value < 0 or value.bit_length() > n:
        return None
    return tuple(bit == "1" for bit in f"{value:0{n}b}") if n else ()
