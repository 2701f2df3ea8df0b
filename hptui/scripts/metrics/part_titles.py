"""Titles of the parts of an evaluation: `***** ORG results *****` below `***** Eval results *****`.

What was measured of all data before them, and is printed again below them, is of one part each time: `org_f1`."""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.scripts.metrics.bars import BAR
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.metrics.titles import (
    BANNER,
    DATA,
    LOG_PREFIX,
    MAX_BLOCK_LINES,
    OF_RESULTS,
    TRAINING_GOES_ON,
    WORDS_OF_TITLES,
    title_text,
)

WORDS_OF_WHOLES = re.compile(
    r"(?:all|overall|total|whole|micro|macro|avg|average|mean|evaluation|cv|oof|folds?|runs?|seeds?|rounds?|steps?)",
    re.IGNORECASE,
)
"""Words of titles of what is no part of the data before it, besides those of any title."""
RULER = re.compile(r"[*=#~_-]{2,}$")
"""The end of a title whose first ruler was taken for that of a logger."""
MAX_PART_WORDS = 3


def part_of_title(line: str) -> str | None:
    """Return the part that a title of results names, '' where it names none; None for any other line."""
    text = title_text(line, OF_RESULTS)
    if not text:
        return None
    is_title = BANNER.fullmatch(text) is not None or text[-1] == ":" or RULER.search(text) is not None
    words = [word for word in re.split(r"[\W_]+", text) if word] if is_title else []
    if not any(map(OF_RESULTS.match, words)):
        return None
    own = [w for w in words if not WORDS_OF_TITLES.fullmatch(w) and not WORDS_OF_WHOLES.fullmatch(w)]
    own = [word for word in own if not DATA.fullmatch(word)]
    return "_".join(own) if len(own) <= MAX_PART_WORDS else None


class TitledParts:
    """Follows the titles of wholes and of their parts in one output."""

    def __init__(self) -> None:
        self._whole: set[str] | None = None
        """What was printed below the title of a whole; None without one."""
        self._part = ""
        self._lines = 0

    def follow(self, line: str) -> None:
        """Take the next line, which may be a title, or end what stands below one."""
        title = part_of_title(line)
        self._lines += 1
        if title == "":
            self._whole, self._part, self._lines = set(), "", 0
        elif title is not None:
            self._part, self._lines = title if self._whole else "", 0
        elif self._whole is not None and (self._lines > MAX_BLOCK_LINES or _goes_on(line)):
            self._whole, self._part = None, ""

    def names_of(self, names: Collection[str]) -> dict[str, str]:
        """Return the whole names of what is of a part, by those that its line has."""
        keys = {name: canonical_name(name) for name in names}
        if not self._part:
            if self._whole is not None:
                self._whole.update(keys.values())
            return {}
        return {name: f"{canonical_name(self._part)}_{key}" for name, key in keys.items() if key in (self._whole or ())}


def _goes_on(line: str) -> bool:
    return not BAR.search(line) and TRAINING_GOES_ON.search(LOG_PREFIX.sub("", line)) is not None
