"""Which data a printed value is of, where its own name does not say it: training, validation or test.

A line such as `validation loss: 0.3 accuracy: 0.9` says it for its second value, a heading such as `valid |` for all
that follow. An objective `accuracy` that lines of several splits have is that of held-out data."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from hptui.core.dataclass import dataclass

SYNONYMS = {
    "training": "train",
    "valid": "val",
    "validation": "val",
    "vali": "val",
    "evaluation": "eval",
    "testing": "test",
}
SPLITS = ("train", "val", "eval", "test", "dev")
HEADING = re.compile(
    r"(?:^|[|;,\[(·•│]|\s{2,}|\s[-–—]\s|[*=#~-]{2,})\s*(?:final\s+)?"
    r"(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev)"
    r"(?:\s+(?:set|split|results?|metrics?|stats?|performance))?\s*"
    r"(?=[:|>\])@]|=\s*[(\[{]|[*=#~-]{2,}|(?<=ion),|(?<=ing),|\s[-–—]\s|$)",
    re.IGNORECASE,
)
QUALIFIER_END = re.compile(r"\)\s*[:=]?\s*[-+.\d]")
"""Behind a word in parentheses: it belongs to the name before it, `loss (val): 0.3`, and is no heading."""
MENTION = re.compile(
    r"(?<![A-Za-z./-])(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev)(?![A-Za-z]|\.\w)",
    re.IGNORECASE,
)
"""A word of a line that names a split, also within a name: `val_loss`."""
RANKS = {"train": 1, "test": 2, "eval": 3, "dev": 3, "val": 3}
"""Which split counts for an objective that names none: the highest that is printed."""


class Split(NamedTuple):
    """The split of a value. `is_heading`: a heading says it, so that the whole name has it, too: `val_loss`."""

    name: str
    is_heading: bool = False


def headings(text: str) -> list[tuple[int, str]]:
    """Return the headings of a line that name a split, with their places."""
    if not any(split in text.lower() for split in SPLITS):
        return []
    return [
        (match.start(1), split_name(match[1]))
        for match in HEADING.finditer(text)
        if not QUALIFIER_END.match(text, match.end())
    ]


def split_name(word: str) -> str:
    """Return the usual name of a split: `val` for `Validation`."""
    return SYNONYMS.get(word.lower(), word.lower())


def split_before(text: str, position: int) -> Split | None:
    """Return the split that a line names last before a position; None if it names none."""
    mentions = list(MENTION.finditer(text, 0, position))
    if not mentions:
        return _split_beside(text)
    is_heading = mentions[-1].start() in [start for start, _ in headings(text)]
    return Split(split_name(mentions[-1][1]), is_heading)


BEHIND = re.compile(
    r"(?:[(\[|]|\b(?:on|for|over|in)\b(?:\s+the)?)\s*"
    r"(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev)(?:\s+(?:set|split|data))?\s*[\])]?\W{0,3}$",
    re.IGNORECASE,
)
"""The end of a line with the split of its values: `accuracy: 0.9 (test)`, `accuracy 0.9 on test set`."""
IN_FILE_NAME = re.compile(
    r"(?:^|[\s/'\"_-])(train(?:ing)?|val(?:id(?:ation)?)?|eval|test(?:ing)?|dev)\.(?:tsv|csv|jsonl?|txt|conllu?|parquet|h5|pt|npz|gz)"
    r"(?=[\s:,'\")\]])",
    re.IGNORECASE,
)
"""A file with the data of one split: `dev.tsv: accuracy = 0.8`."""


def _split_beside(text: str) -> Split | None:
    """Return the one split that the end of a line names, or a file in it.

    None where it names several or none.
    """
    behind, mentions = BEHIND.search(text), list(MENTION.finditer(text))
    if behind is not None and len(mentions) == 1:
        return Split(split_name(behind[1]))
    files = {split_name(match[1]) for match in IN_FILE_NAME.finditer(text)} if "." in text else set()
    return Split(files.pop()) if len(files) == 1 and not mentions else None


BLOCK_TITLE = re.compile(
    r"(?:^|[\s\W])(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev)\s+"
    r"(?:(?:set|split)\s+)?(?:metrics|results|statistics|stats|scores)\s*:\s*",
    re.IGNORECASE,
)
"""The end of a line with the split of the lines below it that stand further in: `Epoch[1] - Test metrics:`."""


class BlocksOfSplits:
    """Follows the titles of blocks of indented lines in an output; a title may itself be indented."""

    def __init__(self) -> None:
        self._split = ""
        self._indent = 0

    def split_of(self, line: str) -> str:
        """Return the split of the block in which a line stands; '' of none."""
        text = line.expandtabs().rstrip()
        if not text:
            return ""
        indent = len(text) - len(text.lstrip())
        title = BLOCK_TITLE.search(text)
        if title is not None and title.end() == len(text):
            self._split, self._indent = split_name(title[1]), indent
            return ""
        if indent <= self._indent:
            self._split, self._indent = "", indent
        return self._split


class SplitVerdict(Enum):
    """What to do with a value: it counts, counts instead of those before it, or is of another split."""

    COUNTS = "counts"
    REPLACES = "replaces"
    IS_ASIDE = "is aside"


@dataclass
class SplitOfObjective:
    """The splits under which one objective has been printed, its own name having none."""

    best: int = 0
    is_plain: bool = False
    """It was printed where nothing names a split."""
    is_headed: bool = False
    """What counts so far stands below headings."""

    def take(self, split: Split | None) -> SplitVerdict:
        """Return what to do with the next value, whose line says that it is of `split`.

        What is printed exactly as the objective is called is never replaced, and replaces what has a longer name.
        """
        if split is None:
            verdict = SplitVerdict.REPLACES if self.is_headed and not self.is_plain else SplitVerdict.COUNTS
            self.is_plain, self.is_headed = True, False
            return verdict
        rank = RANKS.get(split.name, 0)
        if rank < self.best or (split.is_heading and self.is_plain):
            return SplitVerdict.IS_ASIDE
        verdict = SplitVerdict.REPLACES if 0 < self.best < rank and not self.is_plain else SplitVerdict.COUNTS
        self.best, self.is_headed = rank, split.is_heading
        return verdict
