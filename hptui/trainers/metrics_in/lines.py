"""Metrics in what a script prints: dict lines, `key=value`, `key: value`, `key value`, with steps and epochs.

A line is taken apart in this order: colours and progress bars are stripped (their counters are kept), a dict or JSON
object is read as one, then steps and epochs are recognised and taken out, and what is left is searched for pairs.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hptui.trainers.metrics_in.pairs import USUAL, pairs
from hptui.trainers.metrics_in.reading import Reading, canonical, flat, number, record
from hptui.trainers.metrics_in.steps import Clock, Count

LONGEST = 8192
"""Characters of a line that are looked at."""

ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
VALUES = re.compile(r"\d|nan|inf", re.IGNORECASE)
WORTH = re.compile(r"[:=]|\b(?:epoch|step|iter)", re.IGNORECASE)
BAR = re.compile(r"\d+%\|[^|\n]*\|\s*(\d+)/(\d+)\s*(?:\[([^\]\n]*)\])?")
KERAS = re.compile(r"^\s*(\d+)/(\d+)\s+(?:\[[=>.\-\s]*\]|[━╸╺─]+|(?=- |\d+s ))")
DRAWN = re.compile(r"[━╸╺─█▏▎▍▌▋▊▉░▒▓]+(?:\s*\d+%)?")
PACE = re.compile(
    r"(?<![\w.])(?:ETA:?\s*)?\d+(?:\.\d+)?\s*(?:ms|us|µs|s|it|steps?|samples?)?/(?:step|epoch|sample|it|s|iter|batch)\b|(?<![\w.])\d+s(?=\s)"
)
STEP = re.compile(
    r"(?<![\w./-])(?:global[_ ]?step|step|iter|iteration|it|batch|update)\b['\"]?\s*[:=#]?\s*[\[(]?\s*"
    r"(\d+)(?![\d.]*[.eE]\d)(?:\s*(?:/|of)\s*(\d+))?\s*[\])]?",
    re.IGNORECASE,
)
EPOCH = re.compile(
    r"(?<![\w./-])(?:epoch|ep)\b['\"]?\s*[:=#]?\s*[\[(]?\s*(\d+(?:\.\d+)?)(?:\s*(?:/|of)\s*(\d+))?\s*[\])]?",
    re.IGNORECASE,
)
NOT_NOW = re.compile(
    r"\b(?:max(?:imum)?|total|num(?:ber)?|n|warm-?up|every|per|save|saved|log|logging|best|decay|remaining|last)[\s_-]+(?:of\s+)?$",
    re.IGNORECASE,
)
"""Before a counter: it says something else than where the training is."""
COUNTER = re.compile(r"[\[(]\s*(\d+)\s*/\s*(\d+)\s*(?:\(\s*[\d.]+\s*%\s*\))?\s*[\])]")
ROW = re.compile(
    r"^\s*[│|┃║]\s*([A-Za-z][\w/ .@-]*?)\s*[│|┃║]"
    r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)\s*%?\s*[│|┃║]\s*$",
    re.IGNORECASE,
)
"""A row of a table of two columns, such as Lightning and rich draw them."""
ASIDE = ("epoch", "step", "global_step", "iter", "iteration")
CUT = " | "
"""Stands where something was taken out, so that what was apart stays apart."""


class LineReader:
    """Reads one output, line by line. `patterns`, if any, are all that is looked for.

    `settings` are names of parameters: a script that prints its settings says no metrics by it.
    """

    def __init__(
        self,
        objectives: Sequence[str] = (),
        patterns: Sequence[re.Pattern[str]] = (),
        settings: Collection[str] = (),
    ) -> None:
        self._patterns = patterns
        self._wanted = frozenset(canonical(name) for name in objectives)
        names = {canonical(part) for name in settings for part in (name, name.rpartition(".")[2])}
        self._settings = names - self._wanted
        self._clock = Clock()

    def matters(self, line: str) -> bool:
        """Whether a line may hold what the study is about: asked where there are too many lines to read them all."""
        low = line[:LONGEST].lower()
        return any(words.rpartition("_")[2] in low for words in self._wanted)

    def read(self, line: str) -> Reading | None:
        """The metrics of a line; None when it has none."""
        text = plain(line[:LONGEST])
        if self._patterns:
            return self._by_pattern(text)
        if not VALUES.search(text):
            return None
        if "{" in text and (found := mapping(text)) is not None:
            return self._record(found)
        if row := ROW.match(text):
            return self._row(row[1], float(row[2]))
        if not WORTH.search(text) and not BAR.search(text) and not KERAS.search(text):
            words = canonical(text)
            if not any(wanted in words for wanted in self._wanted):
                return None
        return self._pairs(text)

    def _record(self, values: Mapping[str, Any]) -> Reading | None:
        found = record(values)
        names = {name.lower(): name for name, _ in flat(values)}
        epoch = number(dict(flat(values)).get(names.get("epoch", "")))
        explicit = found.step is not None and any(name in names for name in ASIDE if name != "epoch")
        self._clock.tick(None, Count(epoch) if epoch else None)
        if explicit and found.step is not None:
            self._clock.step = found.step  # a program that writes JSON says which step of the whole training it is
        metrics = {name: value for name, value in found.metrics.items() if name.lower() not in ASIDE}
        return self._at(metrics if explicit or epoch is not None else self._measured(metrics))

    def _row(self, name: str, value: float) -> Reading | None:
        name = canonical(name) if " " in name else name
        if name.lower() in ASIDE:
            if name.lower() != "epoch" and value >= 0 and value.is_integer():
                self._clock.tick(Count(value), None)
            return None
        return self._at(self._measured({name: value}))

    def _measured(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """The metrics of a line without a step: settings belong to them only beside something that is measured."""
        rest = {name: value for name, value in metrics.items() if canonical(name) not in self._settings}
        measured = any(canonical(name) in self._wanted or USUAL & set(canonical(name).split("_")) for name in rest)
        return dict(metrics) if measured else rest

    def _pairs(self, text: str) -> Reading | None:
        text, bar = strip_bars(text)
        text, step = _take(STEP, text)
        text, epoch = _take(EPOCH, text)
        counter = None
        if step is None and epoch is not None:
            text, counter = _take(COUNTER, text)
        counted = step or counter or bar
        self._clock.tick(counted, epoch)
        found = pairs(text, loose=counted is not None or epoch is not None, wanted=self._wanted)
        metrics = {name: value for name, value in found.items() if name.lower() not in ASIDE}
        return self._at(metrics if counted or epoch else self._measured(metrics))

    def _by_pattern(self, text: str) -> Reading | None:
        metrics: dict[str, float] = {}
        for pattern in self._patterns:
            for found in pattern.finditer(text):
                groups = {name: value for name, value in found.groupdict().items() if value is not None}
                if "name" in groups and "value" in groups:
                    groups[groups.pop("name")] = groups.pop("value")
                of = number(groups.pop("total", None))
                step, epoch = number(groups.pop("step", None)), number(groups.pop("epoch", None))
                self._clock.tick(
                    None if step is None else Count(step, int(of) if of else None),
                    None if epoch is None else Count(epoch),
                )
                numbers = {name: number(value.rstrip("%,;")) for name, value in groups.items()}
                metrics |= {name: value for name, value in numbers.items() if value is not None}
        return self._at(metrics)

    def _at(self, metrics: Mapping[str, float]) -> Reading | None:
        if not metrics:
            return None
        return Reading(metrics, self._clock.now(metrics), self._clock.total)


def plain(line: str) -> str:
    """A line without colours, movements of the cursor and other control characters."""
    return ESCAPES.sub("", line).replace("\t", "  ") if not line.isprintable() else line


def strip_bars(text: str) -> tuple[str, Count | None]:
    """A line without its progress bar, and what the bar counted. What a bar says behind its pace is kept."""
    count = None
    if found := BAR.search(text):
        count = Count(int(found[1]), int(found[2]))
        said = [part for part in (found[3] or "").split(",") if "=" in part]
        label = text[: found.start()].rstrip().rstrip(":")
        # `Epoch 3: 45%|…` labels the bar; `Train loss 0.5: 45%|…` is one that says metrics.
        text = CUT.join([label, *said, text[found.end() :]])
    elif found := KERAS.match(text):
        count = Count(int(found[1]), int(found[2]))
        text = CUT + text[found.end() :]
    return PACE.sub(CUT, DRAWN.sub(CUT, text)), count


def _take(pattern: re.Pattern[str], text: str) -> tuple[str, Count | None]:
    found = pattern.search(text)
    if found is None or NOT_NOW.search(text, 0, found.start()):
        return text, None
    at = float(found[1])
    count = Count(at, int(found[2]) if found[2] else None)
    return text[: found.start()] + CUT + text[found.end() :], count


def mapping(text: str) -> Mapping[str, Any] | None:
    """The dict or JSON object that a line is, or ends in; None when there is none."""
    start, end = text.find("{"), text.rfind("}")
    if end <= start:
        return None
    body = text[start : end + 1]
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(body)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, dict) and all(isinstance(key, str) for key in found) else None
    return None


def split(data: str) -> Iterator[str]:
    """Lines, and the states of a progress bar that is drawn over itself."""
    for line in data.split("\n"):
        yield from (part for part in line.split("\r") if part)
