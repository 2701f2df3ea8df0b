"""Names of objectives that are looked for as they are written: with spaces or signs, or a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from hptui.scripts.metrics.counts import counts_behind
from hptui.scripts.metrics.pairs import ANOTHER, NUMBER, NUMBER_TEXT, Pair, canonical_name, read_value
from hptui.scripts.metrics.splits import SPLITS, split_before

PLAIN_NAME = re.compile(r"[A-Za-z_][\w./@-]*")
"""A name that is found like any other; others are looked for as they are written."""


def literal_pattern(name: str) -> re.Pattern[str]:
    """Return the pattern of a name exactly as it is written, with its number as the group `number`."""
    words = r"\s+".join(re.escape(word) for word in name.split())
    start = rf"(?<![\w/.+(-]){words}['\"]?"
    return re.compile(rf"{start}(?:\s*[:=│|]{{1,2}}\s*['\"(\[]?|\s+)(?P<number>{NUMBER_TEXT})", re.IGNORECASE)


LONG_NAME_WORDS = 3  # from which a name is also looked for as a sentence: `accuracy_of_the_network`


def literal_patterns(names: Collection[str]) -> dict[str, re.Pattern[str]]:
    """Return the patterns of the names that are looked for as they are written."""
    long = {name: name.replace("_", " ") for name in names if _is_sentence(name)}
    return {
        name: literal_pattern(long.get(name, name)) for name in names if name in long or not PLAIN_NAME.fullmatch(name)
    }


def _is_sentence(name: str) -> bool:
    return PLAIN_NAME.fullmatch(name) is not None and name.count("_") + 1 >= LONG_NAME_WORDS


def take_literals(text: str, patterns: Mapping[str, re.Pattern[str]]) -> tuple[str, list[Pair]]:
    """Return the values of names that are looked for as they are written, and the line without them."""
    values: list[tuple[int, Pair]] = []
    line = text
    for name, pattern in patterns.items():
        while match := pattern.search(text):
            number = NUMBER.match(text, match.start("number"))
            if number is None:
                break
            value, end = read_value(text, number)
            is_named = not {*SPLITS}.isdisjoint(canonical_name(name).split("_"))
            is_of_list = text[match.start("number") - 1] == "[" and ANOTHER.match(text, number.end()) is not None
            split = None if is_named else split_before(line, match.start())
            behind = counts_behind(text, end)
            pair, end = Pair(name, value, split, behind=behind), behind.end if behind else end
            values += [] if is_of_list else [(match.start(), pair)]
            text = text[: match.start()] + " | " + " " * (end - match.start() - 3) + text[end:]
    return text, [pair for _, pair in sorted(values, key=lambda value: value[0])]
