"""Removal of terminal control sequences: `sanitize` makes text from outside safe for a terminal."""

from __future__ import annotations

import re

ESCAPE_SEQUENCE = re.compile(
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, terminated or not
    r"|\x1b[PX^_].*?(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # CSI
    r"|\x1b[ -/]*[0-~]?"  # every other escape
    r"|\x9b[0-?]*[ -/]*[@-~]?"  # the same introducers in 8 bits
    r"|\x9d[^\x07\x9c]*(?:\x07|\x9c)?"
    r"|[\x90\x98\x9e\x9f].*?(?:\x9c|$)",
    re.DOTALL,
)
"""Escape sequences of 7-bit and 8-bit terminals, complete or cut off."""
CONTROL_CHARACTER = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Characters that may not reach a terminal: controls but newline, bidirectional marks, surrogates."""
REPLACEMENT = "\ufffd"
ELLIPSIS = "…"


def sanitize(text: object, *, lines: bool = False, limit: int = 20_000) -> str:
    """Return `str(text)` without anything that a terminal would interpret.

    Newlines become `⏎` unless `lines`; a tab becomes four spaces. More than `limit` characters are cut off, with an
    ellipsis.
    """
    plain = str(text)
    if len(plain) > limit:
        plain = plain[: limit - 1] + ELLIPSIS
    if plain.isascii() and plain.isprintable():
        return plain
    plain = ESCAPE_SEQUENCE.sub("", plain.replace("\r\n", "\n")).replace("\t", "    ")
    if not lines:
        plain = plain.replace("\n", "⏎")
    return CONTROL_CHARACTER.sub(REPLACEMENT, plain)
