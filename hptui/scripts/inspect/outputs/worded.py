"""Lines with a word between a name and its value, `Accuracy: SVC 93.4%`, with the patterns that read them."""

from __future__ import annotations

import re

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.outputs.nameless import NUMBER
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.ranking import is_quality
from hptui.scripts.inspect.outputs.sample_texts import FRACTION, TEXT, WHOLE
from hptui.scripts.metrics.pairs import canonical_name

WORDED = re.compile(
    r"(?P<before>.*?(?P<name>[A-Za-z][\w -]{0,30})\s?[:=]\s?(?P<word>[A-Za-z][\w.-]{0,30})\s+)"
    rf"(?:{FRACTION}\d*|[\d.]+)%?\.?\s*"
)
"""A name, a sign, a word and a value at the end of a line."""


@dataclass(frozen=True, slots=True)
class WordedLine:
    """A line with a word between a name and its value: the name of the metric, and the pattern that reads it."""

    name: str
    pattern: str


def worded_lines(samples: Samples) -> list[WordedLine]:
    """Return such lines of a script; none where two of them could not be distinguished."""
    lines: dict[str, WordedLine] = {}
    for line in samples.lines():
        match = WORDED.fullmatch(line)
        if match is None or TEXT in match["before"] or not is_quality(match["name"]):
            continue
        before = re.escape(match["before"].strip()).replace(re.escape(WHOLE), r"\d+")
        measure = match["name"].rpartition(WHOLE)[2]  # `Epoch 3 F1`
        name = re.sub(r"\W", "_", canonical_name(f"{measure} {match['word']}"))
        made = WordedLine(name, rf"{before}\s+(?P<{name}>{NUMBER})%?")
        if lines.setdefault(name, made) != made:
            return []
    return list(lines.values())
