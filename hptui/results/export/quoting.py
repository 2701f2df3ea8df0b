"""Texts from outside inside a file that another program reads: quoted, commented, and nothing in them obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from hptui.model.clean import clean

UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
SURROGATE = re.compile("[\ud800-\udfff]")


def comment(lines: Sequence[str]) -> str:
    """`# ` before every line; a text that came from outside cannot end the comment."""
    return "".join(f"# {clean(line)}\n" for line in lines)


def escaped(text: str) -> str:
    """JSON, YAML or TOML whose quoted texts show nothing that a screen would not."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def quoted(text: str) -> str:
    """A text in double quotes, as JSON, YAML and TOML all read it."""
    return escaped(json.dumps(SURROGATE.sub("\ufffd", text), ensure_ascii=False))
