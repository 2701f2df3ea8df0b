"""Titles that name the data of the lines below them: `***** Running test *****`, `Dev:`, `Evaluating on test set`.

They hold for lines that name no data themselves, until training goes on, and not for progress bars: that of another
pass ends the block. Unlike a heading such a title keeps apart only what stands below different titles: lines before the
first one may be of the same data."""

from __future__ import annotations

import re

from hptui.scripts.metrics.bars import BAR
from hptui.scripts.metrics.splits import split_name
from hptui.scripts.metrics.wording import PLACE_OF_LOG

MAX_TITLE_CHARS, MAX_BLOCK_LINES = 100, 60
"""Characters of a title, and lines below it that it holds for."""
DATA = re.compile(
    r"(?<![A-Za-z])(train(?:ing)?|val(?:id(?:ation|ating)?)?|eval(?:uat(?:ion|ing|e))?|dev(?:elopment)?|test(?:ing|s)?)"
    r"(?![A-Za-z])",
    re.IGNORECASE,
)
LONGER = {"validating": "val", "evaluating": "eval", "evaluate": "eval", "development": "dev", "tests": "test"}
"""Forms of the words of splits that stand in titles alone."""
LOG_PREFIX = re.compile(
    r"^(?:[\s\[\](|,:>-]*(?:\d[\d:.,/T+-]*Z?|DEBUG|INFO|WARNING|ERROR|root|__main__|main|I|rank\s?\d+)(?![\w])[\])]?)+"
    r"[\s|:>-]*",
    re.IGNORECASE,
)
"""What a logger writes before a message: time, level, name."""
BANNER = re.compile(r"[*=#~_>-]{2,}\s*([^*=#~>]{3,60}?)\s*:?\s*(?:[*=#~_<-]{2,}|$)|#+\s+([^#]{3,60})#*")
WORDS_OF_TITLES = re.compile(
    r"(?:final|best|results?|metrics?|scores?|performances?|statistics|stats|report|summary|on|for|the|of|set|split|data|"
    r"dataset|after|at|in|model|epoch|loop|phase|now|start(?:ing|ed)?|begin(?:ning)?|run(?:ning)?|perform(?:ing)?|do(?:ing)?|"
    r"current|full|held|out|\d+|and|with|checkpoint)",
    re.IGNORECASE,
)
"""Words of a title besides those of data."""
DOING = re.compile(
    r"(?:now\s+)?(?:start(?:ing|ed)?|begin(?:ning)?|running|evaluating|testing|validating|performing|computing|scoring|"
    r"predicting|doing|(?:run|evaluate)(?=\s+(?:on|the|dev|test|val\w*|eval\w*)\b(?!\.)))\b",
    re.IGNORECASE,
)
"""How a line begins that says what the script does now: `Evaluating on data/dev.json`."""
VALUE = re.compile(r"[:=]\s*[-+]?\.?\d|\d\.\d")
FRACTION = re.compile(r"\d\.\d|[:=]\s*(?:\.\d|nan\b)")
"""A sign of a result, unlike the number of examples."""
TRAINING_GOES_ON = re.compile(
    r"(?<![A-Za-z])(?:epoch|step|iter(?:ation)?|global[_ ]step|round)\b\W{0,4}\d|"
    r"(?<![A-Za-z])train(?:ing)?(?![A-Za-z])|"
    r"\[\s*\d+\s*/\s*\d+\s*\]|^\s*[\[(]?\d+[\])]?\s*[:,|]",
    re.IGNORECASE,
)
"""Lines after which what follows may be of other data than the title says."""


def title_text(line: str, word: re.Pattern[str]) -> str:
    """Return a line without what a logger writes before it; '' of what is no title.

    A title has a `word`, no value, and few characters.
    """
    if len(line) > 2 * MAX_TITLE_CHARS or not word.search(line):
        return ""
    text = LOG_PREFIX.sub("", line.strip())
    return text if len(text) <= MAX_TITLE_CHARS and not VALUE.search(text) and not BAR.search(text) else ""


def split_of_title(line: str) -> str | None:
    """Return the split of the lines below a title, `train` too; None for any other line."""
    text = title_text(line, DATA)
    if not text:
        return None
    banner = BANNER.fullmatch(text)
    inner = (banner[1] or banner[2] or "").strip() if banner else text
    is_doing = DOING.match(inner) is not None and len(inner.split()) <= MAX_WORDS
    is_title = banner is not None or inner.endswith(":") or is_doing or len(inner.split()) <= MAX_WORDS_ALONE
    if not is_title or not (is_doing or _is_of_titles(inner)):
        return None
    words = [LONGER.get(word.lower(), split_name(word)) for word in DATA.findall(inner)]
    named = [word for word in words if word != "eval"]
    return (named or words)[-1] if len({*named}) <= 1 or is_doing else None


MAX_WORDS, MAX_WORDS_ALONE = 8, 6
"""Words of a line that says what is done, and of one that is but a title."""


def _is_of_titles(text: str) -> bool:
    words = [word for word in re.split(r"[^\w]+", PLACE_OF_LOG.sub(" ", DATA.sub(" ", text))) if word]
    return all(WORDS_OF_TITLES.fullmatch(word) for word in words)


OF_RESULTS = re.compile(r"result|metric|score|report|performance|statistic", re.IGNORECASE)
"""Words of a title below the one that says what is evaluated."""


class TitledBlocks:
    """Follows the titles in one output."""

    def __init__(self) -> None:
        self._split = ""
        self._lines = 0
        self._is_of_results = False
        self._has_values = self._has_bar = False
        """Whether values, and the bar of the evaluation itself, have come below the title."""

    def split_of(self, line: str) -> str:
        """Return the split of held-out data that the title above a line says.

        It is '' where there is none, and of progress bars.
        """
        if self._split:
            self._lines += 1
            if self._lines > MAX_BLOCK_LINES:
                self._split = ""
            bar = BAR.search(line)
            if bar is not None and not line[bar.end() :].strip():
                self._take_bar(bar, line[: bar.start()])
                return ""
        title = split_of_title(line)
        if title == "eval" and self._split and OF_RESULTS.search(line):
            self._is_of_results = True
            return ""  # `***** Eval results *****` below `***** Running evaluation on test *****`
        if title is not None:
            self._split, self._lines = "" if title == "train" else title, 0
            self._is_of_results, self._has_values, self._has_bar = OF_RESULTS.search(line) is not None, False, False
            return ""
        if self._split and not BAR.search(line) and TRAINING_GOES_ON.search(line):
            self._split = ""
        self._has_values = self._has_values or FRACTION.search(line) is not None
        return self._split

    def _take_bar(self, bar: re.Match[str], label: str) -> None:
        """End the block at a bar of something else: the evaluation has but one, before its values."""
        begins = bar[1] == "0"
        is_other = self._is_of_results or self._has_values or self._has_bar or not _may_evaluate(label)
        if (begins and is_other) or (self._has_values and not self._has_bar):
            self._split = ""
        self._has_bar = self._has_bar or begins


def _may_evaluate(label: str) -> bool:
    """Return whether a bar with such a label may be that of an evaluation."""
    return DATA.search(re.sub(r"(?i)train\w*", "", label)) is not None or TRAINING_GOES_ON.search(label) is None
