"""Tables of columns that a script prints: a heading that begins with a counter, below it a row for each step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hptui.scripts.metrics.labelled import LabelledTable
from hptui.scripts.metrics.lines import MAX_MAPPING_CHARS, LineReader, find_mapping, plain_text
from hptui.scripts.metrics.pairs import MetricsReading, Pair, canonical_name, to_number
from hptui.scripts.metrics.part_titles import TitledParts
from hptui.scripts.metrics.parts import Banners
from hptui.scripts.metrics.splits import SPLITS, BlocksOfSplits, Split
from hptui.scripts.metrics.steps import StepCounter
from hptui.scripts.metrics.titles import TitledBlocks
from hptui.scripts.metrics.words import METRIC_WORDS

SEPARATOR = re.compile(r"\s{2,}|\t|\s*[|│┃]\s*")
RULER = re.compile(r"[-=+|:\s\u2500-\u257f]{3,}")
EPOCH_NAMES, STEP_NAMES = ("epoch", "ep", "e"), ("step", "steps", "iter", "iteration", "it", "global_step", "#")
"""Names of the first columns of a table, in lower case."""
TIME_NAMES = ("time", "dur", "duration", "eta", "elapsed", "seconds", "secs")
NO_MEASURE = {"lr", "rate", *TIME_NAMES, "sec", "s", "samples", "examples", "batch", "size", "memory", "mem", "speed"}
"""Words of names of what is of no split."""
SECTION = re.compile(r"\s*[│|┃║]\s*([^\W\d][\w .-]*/)\s*[│|┃║]\s*[│|┃║]\s*")
"""A row that begins a section of a table of two columns: the names below it are parts of `rollout/`."""
MIN_COLUMNS, MAX_COLUMNS = 2, 40
MAX_HEADING_CHARS = 500
MAX_DOCUMENT_LINES = 2000
"""Lines of a JSON document that is read as one."""


SHORT_ROW = re.compile(r"\s*[^\W\d][\w -]{0,40}(?:\s{2,}\d+(?:\.\d+)?%?)+\s*")
"""A row of a table with labels, with or without empty columns: `accuracy        0.87       160`."""
TITLE = re.compile(r"\W*([^\W\d][\w @./()-]{1,60}?)\s*(?::|=|is:?)\s*")
ALONE = re.compile(r"(?:tensor\(|\[)?([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*%?(?:, \w+=.{0,40})?[)\]]?")
"""A title of one line, `Best acc:`, and the number below it, `87.6` or `tensor(87.6, device='cpu')`."""


THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?%?")
"""A number in groups, in a row of numbers that spaces are between: `1,234.5`."""


def title_of(line: str) -> str:
    """Return the name of the number on the next line, in a line that ends in a colon; else ''."""
    match = TITLE.fullmatch(plain_text(line).strip()) if len(line) < MAX_MAPPING_CHARS else None
    return match[1] if match else ""


def heading_columns(line: str) -> list[str]:
    """Return the columns of a heading, of which the first counts epochs or steps; [] for any other line."""
    names = [name for name in SEPARATOR.split(line.strip()) if name]
    if len(names) == 1 and _names_measures_alone(names[0].split(" ")):
        names = names[0].split(" ")
    if not MIN_COLUMNS <= len(names) <= MAX_COLUMNS or names[0].lower() not in (*EPOCH_NAMES, *STEP_NAMES):
        return []
    if len(names) == MIN_COLUMNS and METRIC_WORDS.isdisjoint(canonical_name(names[1]).split("_")):
        return []  # two words of prose
    is_heading = all(to_number_of(name) is None and not re.search(r"[:=]\s*[-\d]", name) for name in names)
    return names if is_heading and len({*names}) == len(names) else []


def _names_measures_alone(words: list[str]) -> bool:
    """Return whether words with one space between are columns: `epoch train_loss val_loss time`."""
    counters = {*EPOCH_NAMES[:1], *STEP_NAMES}
    if len(words) <= MIN_COLUMNS or words[0].lower() not in counters:
        return False
    measures = [word for word in words[1:] if not METRIC_WORDS.isdisjoint(canonical_name(word).split("_"))]
    others = [word for word in words[1:] if word not in measures and word.lower() not in NO_MEASURE]
    return len(measures) >= MIN_COLUMNS and not others and all(re.fullmatch(r"[^\W\d][\w@/.-]*", w) for w in words)


def to_number_of(word: str) -> float | None:
    """Return a printed number, which may have a percent sign; None for another word."""
    word = word.replace(",", "") if THOUSANDS.fullmatch(word) else word
    try:
        return to_number(float(word.rstrip("%")))
    except ValueError:
        return None


def _names(reading: MetricsReading) -> set[str]:
    return {canonical_name(name) for name in reading.metrics}


class PrintedTableReader(LineReader):
    """Reads one output as `LineReader` does, and tables of columns in it.

    What has stood in a line of its own is not read in tables with labels, which round it: scikit-learn's report.
    """

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self._banners = Banners()
        self._blocks = BlocksOfSplits()
        self._titles = TitledBlocks()
        self._part_titles = TitledParts()
        self._labelled = LabelledTable(self._wanted)
        self._in_lines: set[str] = set()

    _columns: list[str] | None = None
    _last_row: list[float | None] | None = None
    _interrupted = False
    _section = ""
    _document: list[str] | None = None
    _title = ""

    def read_all(self, line: str) -> list[MetricsReading]:
        """Return the metrics of a line, which may be a row of a table, or the last one of a document."""
        if self._patterns:
            return super().read_all(line)
        is_over_folds = self._banners.is_over_folds(line) if len(line) < MAX_MAPPING_CHARS else False
        split = self._blocks.split_of(line)
        self._titled = titled = self._titles.split_of(line) if len(line) < MAX_MAPPING_CHARS else ""
        if len(line) < MAX_MAPPING_CHARS:
            self._part_titles.follow(line)
        readings = [self._of_part(reading) for reading in self._read_any(line)]
        if split:
            readings = [self._in_block(reading, split) for reading in readings]
        elif titled:
            readings = [self._under_title(reading, titled) for reading in readings]
        return [replace(reading, is_over_folds=True) for reading in readings] if is_over_folds else readings

    def _read_any(self, line: str) -> list[MetricsReading]:
        if self._document is not None or line.rstrip() == "{":
            return self._in_document(line)
        title, self._title = self._title, title_of(line) or (self._title if not line.strip() else "")
        if title and (number := ALONE.fullmatch(line.strip())):
            return super().read_all(f"{title}: {number[1]}")
        return self._read_line(line)

    def _in_document(self, line: str) -> list[MetricsReading]:
        """Return the metrics of a JSON document in several lines when it ends; [] before that.

        What is none is read line by line.
        """
        self._document = [*(self._document or []), line]
        is_end = line.rstrip() == "}"
        is_inside = line[:1] in (" ", "\t", "{", "}") and sum(map(len, self._document)) < MAX_MAPPING_CHARS
        if not is_end and is_inside and len(self._document) < MAX_DOCUMENT_LINES:
            return []
        lines, self._document = self._document, None
        whole = " ".join(part.strip() for part in lines)
        if is_end and find_mapping(whole) is not None:
            return super().read_all(whole)
        return [reading for part in lines for reading in self._read_line(part)]

    def _read_line(self, line: str) -> list[MetricsReading]:
        text = plain_text(line)
        if section := SECTION.fullmatch(text):
            self._section = section[1]
            return []
        if self._section and text.lstrip()[:1] in "│|┃║":
            return [self._in_section(reading) for reading in super().read_all(line)]
        self._section = ""
        if names := heading_columns(text):
            self._columns, self._last_row, self._interrupted = names, None, False
            return []
        if len(text) < MAX_HEADING_CHARS and self._labelled.begins(text):
            return []
        if (pairs := self._labelled.row(text)) is not None:
            return self._reading_at(pair for pair in pairs if canonical_name(pair.name) not in self._in_lines)
        if self._labelled.is_open and SHORT_ROW.fullmatch(text):
            readings = super().read_all(line) or self._reading_at(self._labelled.short_row(text))
            return [reading for reading in readings if self._in_lines.isdisjoint(_names(reading))]
        if self._columns is None or not text.strip() or RULER.fullmatch(text.strip()):
            return self._by_itself(line)
        values = [to_number_of(word) for word in re.split(r"[\s|│┃]+", text.strip()) if word]
        if not self._is_row(values):
            self._interrupted = True
            return self._by_itself(line)
        self._last_row, self._interrupted = values, False
        return self._row_of(dict(zip(self._columns, values, strict=True)))

    def _by_itself(self, line: str) -> list[MetricsReading]:
        """Return the metrics of a line that is no row; tables with labels do not give its objectives."""
        readings = super().read_all(line)
        self._in_lines |= {name for reading in readings for name in _names(reading) if name in self._wanted}
        return readings

    def _is_row(self, values: Sequence[float | None]) -> bool:
        """Return whether the values of a line are a row of the table under way.

        Other lines may come between its rows, such as a progress bar that is drawn below it. After them a row must have
        its numbers where the one before has them, and a later step or epoch.
        """
        known = [value is not None for value in values]
        if len(values) != len(self._columns or ()) or values[0] is None or sum(known) < 2:
            return False
        if not self._interrupted:
            return True
        if self._last_row is None:
            names = [name.lower() for name in self._columns or ()]
            return all(is_known or name in TIME_NAMES for is_known, name in zip(known, names, strict=True))
        before = self._last_row[0]
        return before is not None and values[0] > before and known == [value is not None for value in self._last_row]

    def _in_block(self, reading: MetricsReading, split: str) -> MetricsReading:
        """Return a reading with the split of its block: in the names, or next to an objective without one."""
        names = {name: name if _has_split(name) else f"{split}_{name}" for name in reading.metrics}
        of_objectives = {n for n, whole in names.items() if canonical_name(n) in self._wanted and n != whole}
        kept = {n for n in of_objectives if canonical_name(names[n]) not in self._wanted}
        names |= {name: name for name in kept}
        splits = {**reading.splits, **{name: Split(split, is_heading=True) for name in kept}}
        return replace(reading, metrics={names[n]: value for n, value in reading.metrics.items()}, splits=splits)

    def _under_title(self, reading: MetricsReading, split: str) -> MetricsReading:
        """Return a reading with the split of the title above it, next to what names none itself."""
        keys = {name: canonical_name(name) for name in reading.metrics if not _has_split(name)}
        asked = {name: f"{split}_{key}" for name, key in keys.items() if key not in self._wanted}
        named = {name: whole for name, whole in asked.items() if whole in self._wanted}
        measured = [n for n, key in keys.items() if key in self._wanted or NO_MEASURE.isdisjoint(key.split("_"))]
        splits = {name: Split(split) for name in measured if name not in named} | dict(reading.splits)
        metrics = {named.get(name, name): value for name, value in reading.metrics.items()}
        return replace(reading, metrics=metrics, splits=splits)

    def _of_part(self, reading: MetricsReading) -> MetricsReading:
        """Return a reading with the part of the evaluation in the names, if it stands below the title of one."""
        named = self._part_titles.names_of(reading.metrics)
        if not named:
            return reading
        metrics = {named.get(name, name): value for name, value in reading.metrics.items()}
        splits = {named.get(name, name): split for name, split in reading.splits.items()}
        go_on = frozenset(named.get(name, name) for name in reading.go_on)
        return replace(reading, metrics=metrics, splits=splits, go_on=go_on)

    def _in_section(self, reading: MetricsReading) -> MetricsReading:
        """Return a reading with the whole names of its metrics, where an objective has such a name."""
        whole = {name: f"{self._section}{name}" for name in reading.metrics}
        wanted = {name: text if canonical_name(text) in self._wanted else name for name, text in whole.items()}
        return replace(reading, metrics={wanted[name]: value for name, value in reading.metrics.items()})

    def _row_of(self, row: dict[str, float | None]) -> list[MetricsReading]:
        counters: dict[str, float] = {}
        pairs: list[Pair] = []
        for name, value in row.items():
            low = name.lower()
            if value is None or low in TIME_NAMES:
                continue
            if low in EPOCH_NAMES or low in STEP_NAMES:
                counters.setdefault("epoch" if low in EPOCH_NAMES else "step", value)
            else:
                pairs.append(Pair(canonical_name(name) if " " in name else name, value))
        step, epoch = counters.get("step"), counters.get("epoch")
        self.clock.take(None if step is None else StepCounter(step), None if epoch is None else StepCounter(epoch))
        return self._reading_at(pairs)


def _has_split(name: str) -> bool:
    return not set(SPLITS).isdisjoint(canonical_name(name).split("_"))
