"""Quoting and commenting of untrusted texts in files that another program reads."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from hptui.model.clean import sanitize

INVISIBLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
"""Control, bidirectional and invisible characters, and surrogates: escaped in every export."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""Lone surrogates, which cannot be encoded as UTF-8."""


def comment_lines(lines: Sequence[str]) -> str:
    """Return lines as `# ` comments; a line break within a text cannot end its comment."""
    return "".join(f"# {sanitize(line)}\n" for line in lines)


def escape_invisible(text: str) -> str:
    """Return JSON, YAML or TOML with invisible characters in its quoted texts escaped."""
    return INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def quote_text(text: str) -> str:
    """Return a text in double quotes that JSON, YAML and TOML read alike."""
    return escape_invisible(json.dumps(SURROGATE.sub("\ufffd", text), ensure_ascii=False))
