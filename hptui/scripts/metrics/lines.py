"""Metrics in what a script prints: dict lines, `key=value`, `key: value`, `key value`, with steps and epochs.

A line is read in this order: colours and progress bars are removed (their counters are kept), a dict or JSON object is
read as one, then steps and epochs are recognised and removed, and the remainder is searched for pairs. Counters that
restart with every epoch are joined into one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hptui.scripts.metrics.bars import BAR, KERAS, REMOVED, is_counter, strip_bars
from hptui.scripts.metrics.counts_of_output import CountsOfOutput
from hptui.scripts.metrics.enumerations import paired
from hptui.scripts.metrics.literals import literal_patterns, take_literals
from hptui.scripts.metrics.meters import Meters
from hptui.scripts.metrics.pairs import (
    MetricsReading,
    Pair,
    canonical_name,
    find_pairs,
    flatten,
    reading_of_record,
    to_number,
)
from hptui.scripts.metrics.parts import says_mean, shape_of
from hptui.scripts.metrics.printed_settings import counted_in, set_in, shows_settings
from hptui.scripts.metrics.spellings import Spellings
from hptui.scripts.metrics.split_fields import gets_split, split_of_fields, splits_beside
from hptui.scripts.metrics.splits import SPLITS, Split
from hptui.scripts.metrics.steps import StepClock, StepCounter
from hptui.scripts.metrics.wording import last_split, named_by_field, reworded, unwrapped, with_entries
from hptui.scripts.metrics.words import METRIC_WORDS

MAX_LINE_CHARS = 8192
"""Characters of a line that are read."""

ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
VALUE_SIGNS = re.compile(r"\d|nan|inf", re.IGNORECASE)
PAIR_SIGNS = re.compile(r"[:=]|\b(?:epoch|step|iter)", re.IGNORECASE)
STEP = re.compile(
    r"(?<![\w./-])(?:(?:global[_ ]?step|step|iter|iteration|it|batch|update)\b|(?:step|iter)(?=\d))"
    r"['\"]?\s*[:=#]?\s*[\[(]?\s*"
    r"(\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?![\d.]*[.eE]\d)(?:\s*(?:/|of)\s*(\d{1,3}(?:,\d{3})+(?![\d,])|\d+))?"
    r"\s*[\])]?",
    re.IGNORECASE,
)
EPOCH = re.compile(
    r"(?<![\w./-])(?:(?:epoch|ep)\b|epoch(?=\d))['\"]?\s*[:=#]?\s*[\[(]?\s*(\d+(?:\.\d+)?)(?:\s*(?:/|of)\s*(\d+))?\s*[\])]?",
    re.IGNORECASE,
)
NOT_CURRENT = re.compile(
    r"\b(?:max(?:imum)?|total|num(?:ber)?|n|warm-?up|every|per|save|saved|log|logging|best|decay|remaining|last)[\s_-]+(?:of\s+)?$",
    re.IGNORECASE,
)
"""Words before a counter that is not the current step."""
COUNTER = re.compile(r"(?:\[|(?<![\d%])(?<![\d%]\s)\()\s*(\d+)\s*/\s*(\d+)\s*(?:\(\s*[\d.]+\s*%\s*\))?\s*[\])]")
ROW = re.compile(
    r"^\s*[│|┃║]\s*([^\W\d][\w/ .@()+-]*?)\s*[│|┃║]"
    r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)\s*%?\s*[│|┃║]\s*$",
    re.IGNORECASE,
)
"""A row of a table of two columns, as Lightning and rich draw it."""
MAX_WORDS_CHARS = 60
"""Characters before a table of metrics that may name their split."""
COUNTER_NAMES = ("epoch", "step", "global_step", "iter", "iteration")


MAX_MAPPING_CHARS = 1 << 16
"""Characters of a line that is read as a dict or JSON object."""
WARNING = re.compile(
    r"\.py:\d+: \w*Warning: |^\[LightGBM\] \[Warning\]|failed \(exitcode: -?\d+\) local_rank: \d+"
    r"|(?:rank|exitcode)\s+: -?\d+ \((?:local_rank|pid): \d+\)"
)
"""A warning of Python or LightGBM, or torchrun's report of a rank that failed: no metrics."""


class LineReader:
    """Reads one output, line by line. If there are `patterns`, nothing else is searched for.

    `settings` are names of parameters: a script that prints its settings reports no metrics by it.
    """

    def __init__(
        self,
        objectives: Sequence[str] = (),
        patterns: Sequence[re.Pattern[str]] = (),
        settings: Collection[str] = (),
    ) -> None:
        self._patterns = patterns
        self._wanted = frozenset(canonical_name(name) for name in objectives)
        self._spelled = {name.lower(): name for name in objectives}
        names = {canonical_name(part) for name in settings for part in (name, name.rpartition(".")[2])}
        self._settings = names - self._wanted
        self._literals = literal_patterns(objectives)
        self.clock = StepClock()
        self._warned = False
        self._spellings = Spellings()
        self._meters = Meters()
        self._counts = CountsOfOutput(self._wanted)
        means = [r"[\W_]*".join(canonical_name(name).split("_")) for name in objectives if says_mean(name)]
        self._own_means = re.compile("|".join(means), re.IGNORECASE) if means else None

    _titled = ""
    """The split that the title above a line says."""

    def may_hold_objective(self, line: str) -> bool:
        """Return whether a line may hold an objective: used where there are too many lines to read them all."""
        low = line[:MAX_MAPPING_CHARS].lower()
        return bool(self._patterns) or any(words.rpartition("_")[2] in low for words in self._wanted)

    def read(self, line: str) -> MetricsReading | None:
        """Return the metrics of a line, each with its first value; None if it has none."""
        return next(iter(self.read_all(line)), None)

    def read_all(self, line: str) -> list[MetricsReading]:
        """Return the metrics of a line: several readings if a name comes several times."""
        text = plain_text(line[:MAX_MAPPING_CHARS])
        if self._patterns:
            return self._by_pattern(_cut(text))
        if "(" in text or "<tf." in text:
            text = unwrapped(text)
        if "{" not in text:
            text = self._spellings.plain(text, is_asked=self.may_hold_objective(text))
        is_mean = says_mean(self._own_means.sub(" ", text) if self._own_means else text)
        shape = shape_of(text) if self._wanted and self.may_hold_objective(text) else ""
        asks_for_split = not self._wanted.isdisjoint(SPLITS)  # `test` of `accuracy train: 0.9 test: 0.8`
        if not asks_for_split:
            is_written = any(pattern.search(text) for pattern in self._literals.values())
            text = reworded(text if is_written else paired(text), self._literals.values())
        readings = self._read_reworded(text)
        return [replace(r, says_mean=is_mean, shape=shape) for r in readings] if is_mean or shape else readings

    def _read_reworded(self, text: str) -> list[MetricsReading]:
        bar = BAR.search(text) if "%|" in text else None
        if bar and ("{" in (rest := text[bar.end() :]) or ROW.match(rest)):  # printed behind a bar that stands
            return [*self._read_text(text[: bar.end()]), *self._read_text(rest)]
        return self._read_text(text)

    def _read_text(self, text: str) -> list[MetricsReading]:
        if not VALUE_SIGNS.search(text):
            return []
        if "{" in text and (values := find_mapping(text)) is not None:
            before, after = text[: text.find("{")], text[text.rfind("}") + 1 :]
            shown = before[-MAX_WORDS_CHARS:]  # `Best params: {…}`
            settings = set_in(reading_of_record(values).metrics, self._wanted) if shows_settings(shown) else {}
            values = {name: value for name, value in values.items() if name not in settings}
            beside = self._pairs(_cut(before + REMOVED + after)) if VALUE_SIGNS.search(before + after) else []
            readings = _together(beside, self._record(*self._of_split(values, before)))
            return [*readings, MetricsReading(begun=False, settings=settings)] if settings else readings
        text = _cut(text)
        follows_warning, self._warned = self._warned, bool(WARNING.search(text))
        if self._warned or (follows_warning and text.startswith("  ")):  # the source of the warning follows it
            return []
        if row := ROW.match(text):
            return self._row(row[1], float(row[2]))
        if not PAIR_SIGNS.search(text) and not BAR.search(text) and not KERAS.search(text):
            words = canonical_name(text)
            if not any(objective in words for objective in self._objectives_here()):
                return []
        return self._pairs(text)

    def _objectives_here(self) -> Iterator[str]:
        """Yield the objectives as a line may call them: below a title of a test `test_acc` is `acc`."""
        yield from self._wanted
        start = f"{self._titled}_"
        yield from (name.removeprefix(start) for name in self._wanted if self._titled and name.startswith(start))

    def _of_split(self, values: Mapping[str, Any], before: str) -> tuple[Mapping[str, Any], str]:
        """Return a table with the split of the words before it in its names, and that split: `[val] {…}`.

        A name stays as it is where it is that of an objective, names a split itself, or belongs to no metric.
        """
        split = "" if split_of_fields(values) else canonical_name(last_split(before[-MAX_WORDS_CHARS:]))
        named = {name: f"{split}_{name}" for name in values if split and gets_split(name, split, self._wanted)}
        return {named.get(name, name): value for name, value in values.items()}, split

    def _record(self, values: Mapping[str, Any], split: str = "") -> list[MetricsReading]:
        values = with_entries(values)
        if of_field := split_of_fields(values):
            values = {name: value for name, value in flatten(values) if not isinstance(value, str)}
            values = {f"{of_field}_{n}" if gets_split(n, of_field, self._wanted) else n: v for n, v in values.items()}
        reading = reading_of_record(values := named_by_field(values))
        names = {name.lower(): name for name, _ in flatten(values)}
        epoch = to_number(dict(flatten(values)).get(names.get("epoch", "")))
        explicit = reading.step is not None and any(name in names for name in COUNTER_NAMES if name != "epoch")
        self.clock.take(None, StepCounter(epoch) if epoch else None)
        if explicit and reading.step is not None:
            self.clock.step = reading.step  # in JSON the step is that of the whole training, not of an epoch
            self.clock.begun = True
        metrics = {name: value for name, value in reading.metrics.items() if name.lower() not in COUNTER_NAMES}
        measured = metrics if explicit or epoch is not None else self._measured(metrics)
        splits = splits_beside(measured, of_field) if of_field else self._splits_below(split, measured)
        return self._reading_at(Pair(name, value, splits.get(name)) for name, value in measured.items())

    def _splits_below(self, split: str, names: Iterable[str]) -> dict[str, Split]:
        """Return the splits of objectives in a table behind words that name one."""
        words = {name: canonical_name(name) for name in names if split}
        return {
            name: Split(split, is_heading=True)
            for name, whole in words.items()
            if whole in self._wanted and {*SPLITS}.isdisjoint(whole.split("_"))
        }

    def _row(self, name: str, value: float) -> list[MetricsReading]:
        name = canonical_name(name) if " " in name else name
        if name.lower() in COUNTER_NAMES:
            if name.lower() != "epoch" and value >= 0 and value.is_integer():
                self.clock.take(StepCounter(value), None)
            return []
        return self._reading_at(Pair(*item) for item in self._measured({name: value}).items())

    def _measured(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        """Return the metrics of a line without a step: settings count only together with something measured."""
        others = {name: value for name, value in metrics.items() if canonical_name(name) not in self._settings}
        measured = any(
            canonical_name(name) in self._wanted or METRIC_WORDS & set(canonical_name(name).split("_"))
            for name in others
        )
        return metrics if measured else others

    def _pairs(self, text: str) -> list[MetricsReading]:
        literal: list[Pair] = []
        text, ordinal = self.clock.take_ordinal(text)
        if self._literals:
            text, literal = take_literals(text, self._literals)
        text, bar = strip_bars(text, self._wanted)
        of_settings, step, epoch, counter = shows_settings(text), None, None, None
        if not of_settings:
            text, step = _take_counter(STEP, text)
            text, epoch = _take_counter(EPOCH, text)
        if step is None and epoch is not None:
            text, counter = _take_counter(COUNTER, text)
        step = ordinal if step is None and epoch is None and bar is None else step
        counted = step or counter or bar
        self.clock.take(counted, epoch)
        others = find_pairs(text, loose=counted is not None or epoch is not None, wanted=self._wanted)
        pairs = [*literal, *(pair for pair in others if pair.name.lower() not in COUNTER_NAMES)]
        if bar is not None:
            pairs = [pair._replace(name=self._name_in_bar(pair.name)) for pair in pairs]
        pairs = self._counts.counted(pairs, counted, epoch)
        pairs = self._meters.means(pairs, text, self.clock.step, is_counted=counted is not None)
        values = {pair.name: pair.value for pair in pairs}
        kept = values if counted or epoch else self._measured(values)
        set_ = set_in(kept, self._wanted) if of_settings else counted_in(kept, self._wanted)
        keeps_settings = of_settings or not self.clock.begun
        readings = self._reading_at(pair for pair in pairs if pair.name in kept and pair.name not in set_)
        return [*readings, MetricsReading(begun=False, settings=set_)] if keeps_settings and set_ else readings

    def _name_in_bar(self, name: str) -> str:
        """Return the name of a value in a progress bar: another one where its spelling is not the objective's.

        Scripts that print `loss` and `Loss` show that of a batch in the bar, and that of the epoch in the line.
        """
        return f"bar_{name}" if self._spelled.get(name.lower(), name) != name else name

    def _by_pattern(self, text: str) -> list[MetricsReading]:
        readings: list[MetricsReading] = []
        waiting: list[Pair] = []
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                groups = {name: value for name, value in match.groupdict().items() if value is not None}
                if "name" in groups and "value" in groups:
                    groups[groups.pop("name")] = groups.pop("value")
                counts = "step" in groups and "total" not in self._wanted  # else a `total` is a metric as any other
                total = to_number(groups.pop("total", None)) if counts else None
                step, epoch = to_number(groups.pop("step", None)), to_number(groups.pop("epoch", None))
                if step is not None or epoch is not None:
                    readings, waiting = [*readings, *self._reading_at(waiting)], []
                self.clock.take(
                    None if step is None else StepCounter(step, int(total) if total else None),
                    None if epoch is None else StepCounter(epoch),
                )
                numbers = {name: to_number(value.rstrip("%,;")) for name, value in groups.items()}
                waiting += [Pair(name, value) for name, value in numbers.items() if value is not None]
        return [*readings, *self._reading_at(waiting)]

    def _reading_at(self, pairs: Iterable[Pair]) -> list[MetricsReading]:
        """Return the readings of names with their values: another one wherever a name comes again."""
        groups: list[dict[str, Pair]] = []
        for pair in pairs:
            if not groups or pair.name in groups[-1]:
                groups.append({})
            groups[-1][pair.name] = pair
        return [
            MetricsReading(
                {name: pair.value for name, pair in group.items()},
                self.clock.step_of(f"{pair.split.name} {name}" if pair.split else name for name, pair in group.items()),
                self.clock.total,
                begun=self.clock.begun,
                splits={name: pair.split for name, pair in group.items() if pair.split is not None},
                go_on=frozenset(name for name, pair in group.items() if pair.goes_on),
            )
            for group in groups
        ]


def _together(beside: list[MetricsReading], readings: list[MetricsReading]) -> list[MetricsReading]:
    """Return the readings of a table and of the text next to it: as one, where no name comes twice."""
    if len(beside) != 1 or len(readings) != 1 or not beside[0].metrics.keys().isdisjoint(readings[0].metrics):
        return [*beside, *readings]
    (first,), (second,) = beside, readings
    metrics, splits = {**first.metrics, **second.metrics}, {**first.splits, **second.splits}
    return [replace(second, metrics=metrics, splits=splits)]


def _cut(text: str) -> str:
    """Return the part of a line that is read; it ends at a space, so that no number is cut."""
    return text if len(text) <= MAX_LINE_CHARS else text[: max(0, text.rfind(" ", 0, MAX_LINE_CHARS))]


def plain_text(line: str) -> str:
    """Return a line without colours, cursor movements and other control characters."""
    return ESCAPES.sub("", line).replace("\t", "  ") if not line.isprintable() else line


def _take_counter(pattern: re.Pattern[str], text: str) -> tuple[str, StepCounter | None]:
    match = pattern.search(text)
    if match is None or not is_counter(match) or NOT_CURRENT.search(text, 0, match.start()):
        return text, None
    value, total = float(match[1].replace(",", "")), match[2]
    count = StepCounter(value, int(total.replace(",", "")) if total else None)
    return text[: match.start()] + REMOVED + text[match.end() :], count


def find_mapping(text: str) -> Mapping[str, Any] | None:
    """Return the dict or JSON object that a line is, or ends in; None if there is none."""
    start, end = text.find("{"), text.rfind("}")
    if end <= start:
        return None
    body = text[start : end + 1]
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(body)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        return value if isinstance(value, dict) and all(isinstance(key, str) for key in value) else None
    return None


def split_lines(data: str) -> Iterator[str]:
    """Yield lines, and the states of a progress bar that is drawn over itself."""
    for line in data.split("\n"):
        yield from (part for part in line.split("\r") if part)
