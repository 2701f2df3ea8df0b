"""Names of metrics in what a script prints, as the reader of output has them, and of which data their lines are."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import field
from itertools import pairwise
from typing import NamedTuple

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.outputs.data_of_calls import BOTH, DataOfCalls, data_of_words
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.ranking import HELD_OUT_SPLITS, is_any_score, is_quality, words_of
from hptui.scripts.inspect.outputs.sample_texts import TEXT
from hptui.scripts.inspect.outputs.shown import meters
from hptui.scripts.metrics.columns import ALONE, heading_columns, title_of
from hptui.scripts.metrics.lines import STEP, LineReader
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.metrics.titles import TitledBlocks
from hptui.scripts.metrics.words import IDLE_WORDS

ERROR_UNIT = re.compile(r"\d*\s*\(?(?:RMSE|MSE|MAE|MAPE|error)\b")
"""What stands behind a score that is an error."""


SPREAD = re.compile(r"%?\s{0,3}\(?\s{0,2}(?:±|\+\s?/?\s?-|\(?std|\\pm)")
"""What stands between a mean and how far the values are spread."""


@dataclass
class ShownValues:
    """What lines say of the metrics in them, by the names of these."""

    sources: dict[str, str] = field(default_factory=dict)
    """The expressions of the values."""
    places: dict[str, set[str]] = field(default_factory=dict)
    """The functions that print them."""
    errors: set[str] = field(default_factory=set)
    """Scores that are printed with the unit of an error."""
    spreads: set[str] = field(default_factory=set)
    """What is printed with how far it is spread: `acc: 81.2 ± 0.4`."""
    in_bars: set[str] = field(default_factory=set)
    """What stands in progress bars alone, or in lines of single batches: it is of the batches so far."""
    calls: dict[str, list[ast.Call]] = field(default_factory=dict)
    """The calls that print them."""
    plain: dict[str, set[str]] = field(default_factory=dict)
    """The data of the lines that do not say of which data they are."""

    def add(self, other: ShownValues) -> None:
        """Add the expressions, the places and the units of lines that are shown elsewhere."""
        self.sources |= other.sources
        for name, functions in other.places.items():
            self.places.setdefault(name, set()).update(functions)
        self.errors |= other.errors

    def indistinct(self) -> set[str]:
        """Return the metrics that lines show of training and of held-out data without a difference."""
        return {name for name, data in self.plain.items() if data >= BOTH}


def printed_names(samples: Samples, tree: ast.Module, shown: ShownValues) -> list[str]:
    """Return the names that the reader of output finds, and finds again when they are the objective.

    Those that stand only in a progress bar come last: they are of one batch. `shown` gets what lines say of them.
    """
    sources, places = shown.sources, shown.places
    names, in_bars, in_lines = dict[str, None](), set[str](), set[str]()
    titles = [title for title in meters(tree) if is_quality(title)]
    names |= dict.fromkeys(title for title in titles if _as_read(title, f"{title} 0.5") == title)
    held_out: dict[str, list[HeldOutLine]] = {}
    data = DataOfCalls(tree)
    title, blocks = "", dict[str, TitledBlocks]()
    for text in samples.lines():
        below = blocks.setdefault(samples.function, TitledBlocks()).split_of(text)
        below = "" if samples.in_bar else below
        title, line = title_of(text), f"{title}: {text}" if title and ALONE.fullmatch(text.strip()) else text
        names |= dict.fromkeys(name for name in heading_columns(line) if is_quality(name))
        reading = LineReader().read(line)
        metrics = reading.metrics if reading is not None else {}
        # `loss 0.4` alone is read only as an objective, so the words of the line are tried as such.
        names_in_line = {name: _as_printed(name, value, line) for name, value in metrics.items()}
        candidates = list(names_in_line.values()) if reading is not None else _words_as_names(line)
        for read_as, value in metrics.items():
            name = names_in_line[read_as]
            shown.errors |= {name} if is_any_score(name) and ERROR_UNIT.match(line.partition(str(value))[2]) else set()
            if value in samples.sources:
                sources[name] = samples.sources[value]
            if SPREAD.match(line.partition(str(value))[2]):
                shown.spreads.add(name)
        read_again = [_read_as(candidate, line) for candidate in candidates]
        named = [(_without_label(name.strip(" :=")), split) for name, split, _ in read_again]
        expressions = {
            n: samples.sources.get(value, "") for (n, _), (_, _, value) in zip(named, read_again, strict=True)
        }
        read: list[str] = []
        for name, own_split in named if reading is not None else _without_ends(named):
            split = own_split or below
            if name:
                read.append(name)
                sources.setdefault(name, expressions[name])
                of_held_out = [HeldOutLine(samples.in_bar, own_split, line)] if own_split in HELD_OUT_SPLITS else []
                held_out.setdefault(name, []).extend(of_held_out)
                place = OF_EVALUATION if split in HELD_OUT_SPLITS else samples.function
                places.setdefault(name, set()).add(IN_TRAINING if _is_of_training(line) else place)
                if samples.call is not None:
                    shown.calls.setdefault(name, []).append(samples.call)
                    if not own_split and not data_of_words([name]):
                        of_value = data_of_words([sources[name]])
                        of_title = data_of_words([below])
                        shown.plain.setdefault(name, set()).update(of_title or of_value or data.of(samples.call))
        names |= dict.fromkeys(read)
        # Of the words of `avg_loss 0.4` the longest name is the one that is shown.
        (in_bars if samples.in_bar else in_lines).update(read if reading is not None else read[:1])
    has_split = any(word in HELD_OUT_SPLITS for name in in_lines if is_quality(name) for word in words_of(name))
    longer = [] if has_split else _names_with_splits(held_out, shown)
    of_batches = in_bars - {*in_lines, *longer}
    shown.in_bars |= of_batches
    known = {_without_split(name) for name in longer}
    names = {name: None for name in names if name not in of_batches or _without_split(name) not in known}
    return sorted(dict.fromkeys([*longer, *names]), key=lambda name: name in of_batches)


def _without_split(name: str) -> str:
    return "_".join(word for word in words_of(name) if word not in HELD_OUT_SPLITS)


def _without_ends(named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return names with their splits without what is the end of a whole name: `auc` of `test_auc`.

    Other lines may print a value of other data under that end alone.
    """
    wholes = [name.partition("_") for name, _ in named]
    ends = {canonical_name(end) for first, _, end in wholes if first in HELD_OUT_SPLITS}
    return [(name, split) for name, split in named if canonical_name(name) not in ends]


def _without_label(name: str) -> str:
    """Return a name without a set of held-out data that only runs tell: `val_text_loss` is `val_loss`."""
    first, _, rest = name.partition(f"_{TEXT}_")
    return f"{first}_{rest}" if rest and first in HELD_OUT_SPLITS else name


class HeldOutLine(NamedTuple):
    """A line of held-out data: whether it stands in a bar, the split that it says, and its text."""

    in_bar: bool
    split: str
    text: str

    @property
    def order(self) -> tuple[bool, bool, int]:
        """The order of the lines of one name: of all data before those with a step: `Eval step: 3, loss=0.5`."""
        return self.in_bar, STEP.search(self.text) is not None, HELD_OUT_SPLITS.index(self.split)


def _names_with_splits(held_out: Mapping[str, list[HeldOutLine]], shown: ShownValues) -> list[str]:
    """Return names with the split that lines say, `val_loss`, where other lines have the same name, too."""
    longer: list[str] = []
    for name, lines in held_out.items():
        if not lines or shown.places[name] <= {OF_EVALUATION}:
            continue
        line = min(lines, key=lambda line: line.order)
        whole = f"{line.split}_{canonical_name(name)}"
        if _as_read(whole, line.text):
            longer.append(whole)
            shown.places.setdefault(whole, set()).add(OF_EVALUATION)
            shown.sources.setdefault(whole, shown.sources.get(name, ""))
            shown.in_bars |= {whole} if line.in_bar else set()
    return longer


IN_TRAINING, OF_EVALUATION = "train_step", "evaluate"
"""Functions that stand for lines of training steps and of held-out data, wherever they are printed."""
SIGN_OF_TRAINING = re.compile(r"(?<![A-Za-z])(?:lr|learning[_ ]rate|iter(?:ation)?s?|it/s)(?![A-Za-z])", re.IGNORECASE)


def _is_of_training(line: str) -> bool:
    """Return whether a line is one of training steps: it has a learning rate, and names no held-out data."""
    is_step = SIGN_OF_TRAINING.search(line) is not None
    return is_step and not any(word in HELD_OUT_SPLITS for word in words_of(line))


def _words_as_names(line: str) -> list[str]:
    """Return the words and pairs of words of a line that name a metric."""
    words = [word for word in words_of(line) if not word.isdigit()]
    names = [*(f"{first}_{second}" for first, second in pairwise(words)), *words]
    if whole := OF_WHOLE.match(line.strip()):
        names = [whole[1], *names]
    names += [name for name in PRINTED_WORD.findall(line) if canonical_name(name) not in names]
    return [name for name in names if is_quality(name)]


def _as_printed(name: str, value: float, line: str) -> str:
    """Return the name of a metric with the words between, which the reader leaves out: `EER on VoxCeleb1`."""
    before = line.partition(str(value))[0].rstrip(" :=")
    label = re.split(r"[,;|:=()\[\]]|\s{2,}", before)[-1].strip()
    words = [word for word in label.split() if word.lower() not in IDLE_WORDS]
    is_same = canonical_name(" ".join(words)) == canonical_name(name) != canonical_name(label)
    is_whole = bool(words) and label.startswith(words[0]) and label.endswith(words[-1])
    return label if is_same and is_whole and _as_read(label, line) == label else name


OF_WHOLE = re.compile(r"((?:full|overall|oof|cv|mean|average)(?:\s[A-Za-z][\w@-]*){1,3})\s+(?=[-+]?\d)", re.IGNORECASE)
"""What is measured over all parts, without a sign before its value: `Full AUC score 0.79`."""
PRINTED_WORD = re.compile(r"[A-Za-z_][\w/.@-]*")
"""A word as it is printed: `wmape_lgb_p50`, `Acc@1`."""


def _as_read(name: str, line: str) -> str:
    """Return the name under which a metric is read where it is the objective; '' if it is not."""
    return _read_as(name, line)[0]


def _read_as(name: str, line: str) -> tuple[str, str, float]:
    """Return the name under which an objective is read, the split that its line says, and its value.

    The texts are '' where there is none.
    """
    reading = LineReader((name,)).read(line)
    if reading is None:
        return "", "", math.nan
    names = reading.metrics
    own = name if name in names else next((n for n in names if canonical_name(n) == canonical_name(name)), "")
    split = reading.splits.get(own)
    return own, split.name if split is not None else "", names.get(own, math.nan)
