"""One reading of metrics, whatever its source; canonical names; names with their numbers in one line of text.

Pairs are such as `val loss: 0.31`, `lr=1e-4`, `acc 0.9`, `Accuracy: 9830/10000`. Two spellings with one canonical name
are the same metric."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from functools import lru_cache
from typing import Any, NamedTuple

from hptui.core.dataclass import dataclass
from hptui.core.format import Proportion
from hptui.core.metric_names import larger_is_better
from hptui.scripts.metrics.counts import BARE, CountsBehind, counts_behind
from hptui.scripts.metrics.splits import IN_FILE_NAME, MENTION, SPLITS, SYNONYMS, Split, headings, split_before
from hptui.scripts.metrics.wording import POSSESSIVE, SOURCE_FILE
from hptui.scripts.metrics.words import COUNTER_WORDS, IDLE_WORDS, METRIC_WORDS, NO_METRICS, VAGUE_WORDS

WORD = re.compile(r"[^\W\d_]+[0-9]*|[0-9]+")


@dataclass(frozen=True, slots=True)
class MetricsReading:
    """Metrics at a step. `step` is None if not stated; `total` steps and `progress` (0 to 1) where they are known.

    `reading` counts how often the source was read from its beginning, because it was rewritten. `begun` is False for
    what was printed before the first step; `says_mean` tells that the line calls its values means, `is_over_folds`
    that its title does. `splits` are the data that metrics are of, where their line says it and their names do not.
    Running means that `go_on` take the place of the ones before them. `shape` is the line of an objective without its
    numbers. `settings` are shown by the line and measured by nothing.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    step: int | None = None
    total: int | None = None
    progress: float | None = None
    reading: int = 0
    begun: bool = True
    says_mean: bool = False
    is_over_folds: bool = False
    splits: Mapping[str, Split] = field(default_factory=dict)
    go_on: frozenset[str] = frozenset()
    shape: str = ""
    settings: Mapping[str, float] = field(default_factory=dict)


def canonical_name(name: str) -> str:
    """Return the canonical name: `eval/loss`, `Eval Loss` and `evaluation_loss` are `eval_loss`."""
    return _known_name(name) if len(name) <= MAX_KEY_CHARS else _canonical(name)


def _canonical(name: str) -> str:
    words = [word.lower() for word in WORD.findall(POSSESSIVE.sub("", name) if " " in name else name)]
    words = [SYNONYMS.get(word, word) for word in words]
    before = ["", *words]
    # `test set loss` is `test_loss`.
    kept = [w for w, last in zip(words, before, strict=False) if w != "set" or last not in SPLITS or w == words[-1]]
    return "_".join(kept)


_known_name = lru_cache(maxsize=4096)(_canonical)  # a script prints few names, again and again


def to_number(value: Any) -> float | None:
    """Return a value of a structured source as a number; None if it is none.

    `9830/10000` keeps its counts.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        with suppress(OverflowError):  # a whole number of more than 308 digits
            return float(value)
        return None
    if isinstance(value, str):
        return _text(value.strip())
    return to_proportion(*value) if isinstance(value, list | tuple) and len(value) == 2 else None


def _text(text: str) -> float | None:
    hits, slash, total = text.partition("/")
    if slash:
        return to_proportion(hits.strip(), total.strip())
    with suppress(ValueError):
        return float(text)
    return None


def to_proportion(hits: Any, total: Any) -> Proportion | None:
    """Return `hits` of `total` as a number that keeps its counts.

    None unless both are whole numbers and `total` is positive.
    """
    try:
        k, n = int(hits), int(total)
        return Proportion(k, n) if n > 0 and k == float(hits) and n == float(total) else None
    except (TypeError, ValueError, OverflowError):
        return None


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested mappings by dotted path."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def to_step(value: Any) -> int | None:
    """Return a step as an integer; None for any other value."""
    numeric = to_number(value)
    if numeric is None or not math.isfinite(numeric) or numeric != int(numeric):
        return None
    return int(numeric)


STEP_KEYS = ("step", "global_step", "steps", "iter", "iteration", "iterations", "trainer/global_step",
             "train/global_step")  # fmt: skip
EPOCH_KEYS = ("epoch", "epochs")


def reading_of_record(values: Mapping[str, Any], step_key: str = "") -> MetricsReading:
    """Return the reading of a structured record, such as a line of JSON.

    Its step is at `step_at`, else at one of the usual keys.
    """
    numbers = {name: numeric for name, value in flatten(values) if (numeric := to_number(value)) is not None}
    names = {name.lower(): name for name in numbers}
    candidates = [step_key] if step_key else [names[name] for name in (*STEP_KEYS, *EPOCH_KEYS) if name in names]
    step, used = None, ""
    for name in candidates:
        if name in numbers and (step := to_step(numbers[name])) is not None:
            used = name
            break
    step_names = {used, *(names[name] for name in STEP_KEYS if name in names)}
    return MetricsReading({name: value for name, value in numbers.items() if name not in step_names}, step)


UNIT = r"(?:[mck]m|px|dB|k?Hz|m?eV|deg|°|nats?|bits?)(?![\w.:/])"
"""Units that stand at their number without a space, `119.15mm`; none that multiplies, `1.2k`, and none of time."""
NUMBER_TEXT = (
    r"[-+]?(?!\d+,\d|[1-9]\d{0,2}(?:\.\d{3})+,\d)(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)"
    rf"(?:(?![\w:]|\.\w|,\d{{3}}(?!\d))|(?={UNIT}))"
)
NUMBER = re.compile(rf"(?<=[\s:=\"'(\[]){NUMBER_TEXT}", re.IGNORECASE)


class Pair(NamedTuple):
    """A name with its value in a line, and the split that the line says for an objective.

    `mean` is a number in parentheses behind the value, `behind` a pair of them; with `goes_on` the value continues the
    one before it.
    """

    name: str
    value: float
    split: Split | None = None
    mean: float | None = None
    goes_on: bool = False
    behind: CountsBehind | None = None


KEY_BACKWARDS = re.compile(
    r"(\((?:rosnet|yarra|\w+\.pn)|\[)?(['\"]?)(\s*)([:=]?)(\s*)['\"]?((?:\)[\w ./@+-]{1,30}\(\s?)?\w[\w./@+-]*|@)"
)
"""The text before a number, backwards: `tensor(` or the like, quote, space, separator, space, key."""
MEAN_BEHIND = re.compile(r"\s{0,3}%?\s{0,2}\(\s*(?:avg|mean)?[\s.:=]*([-+]?\d+\.?\d*(?:[eE][-+]?\d+)?)\s*%?\s*\)")
"""What may be the mean of a value, behind it: ` (0.48)`."""
GOES_ON = re.compile(r"\s*(?:[=:|]\s*|\s)[-+]?\.?\d")
"""A value behind a number that belongs to a name."""
ANOTHER = re.compile(r"\s*,\s*[-+]?\.?\d|\s+[-+]?\.?\d[\d.eE+\s-]{0,400}\]")
"""The next value of a list, or of an array as numpy shows it."""
MAX_KEY_DISTANCE = 160
"""Characters before a number that are searched for its key."""
AFTER_SPACED = re.compile(rf"$|(?!\)\s*[:=])[\s,;|)\]%/]|{UNIT}")  # not in `reward (last 50): 3`
BREAK = re.compile(r"[,;|:=·•│\[\](){}<>'\"]|[!?]\s|\s[-–—*>]+\s|\s{2,}|(?<!\w)\d[\w.]*")
NOT_FINITE = re.compile(r"[-+]?(?:nan|inf(?:inity)?)", re.IGNORECASE)


MAX_KEY_CHARS = 80


def find_pairs(text: str, *, loose: bool = True, wanted: Collection[str] = ()) -> list[Pair]:
    """Return the metrics of a line, in their order; a name may come several times.

    `wanted` are canonical names. `loose`: `key value` counts, too, as the line has a step. A key below a heading (`Val:
    loss 0.3`) or after words of its own (`val loss: 0.3`) is named by all of them: training and validation do not mix.
    """
    pairs: list[tuple[Pair, str]] = []
    taken, of_splits = 0, headings(text := POSSESSIVE.sub("", text))
    names_split = MENTION.search(text) is not None or IN_FILE_NAME.search(text) is not None
    for key, start, end, value, spaced in _candidates(text):
        if start < taken:
            continue
        name = _name(text, key, start, of_splits, spaced=spaced)
        if "=(" in text and canonical_name(name) not in wanted and canonical_name(key) in wanted:
            name = key  # `dev=(acc:0.9)` for the objective `acc`
        parts = canonical_name(name).split("_")
        # `train_loss_step` is a loss, `best_step` is no metric.
        if parts[-1] in COUNTER_WORDS and not METRIC_WORDS & set(parts) and canonical_name(name) not in wanted:
            continue
        name, split = _of_split(text, name, key, start, wanted) if names_split else (name, None)
        if not name or (spaced and not _credible(name, loose=loose, wanted=wanted)):
            continue
        pair = Pair(name, value, split, _mean_behind(text, end), behind=counts_behind(text, end))
        pairs.append((pair, _objective(name, wanted)))
        taken = end
    if not any(objective for _, objective in pairs):
        return [pair for pair, _ in pairs]
    # `average val loss` is the objective `val_loss`, unless the line has that one or another variant of it, too.
    variants: dict[str, set[str]] = {}
    for pair, objective in pairs:
        variants.setdefault(objective or canonical_name(pair.name), set()).add(canonical_name(pair.name))
    first: dict[str, str] = {}
    metrics: list[Pair] = []
    for pair, objective in pairs:
        is_objective = bool(objective) and objective not in variants[objective]
        is_objective = is_objective and first.setdefault(objective, pair.name) == pair.name
        metrics.append(pair._replace(name=objective) if is_objective else pair)
    return metrics


def _mean_behind(text: str, end: int) -> float | None:
    match = MEAN_BEHIND.match(text, end)
    return float(match[1]) if match else None


def _of_split(text: str, name: str, key: str, start: int, wanted: Collection[str]) -> tuple[str, Split | None]:
    """Return the name of a value, as an objective has it, and its split where that name does not say it."""
    whole = canonical_name(name)
    words, plain = whole.split("_"), whole.partition("_")[2]
    if not any(whole.endswith(asked) or asked.endswith(whole) for asked in wanted):
        is_measured = {*SPLITS}.isdisjoint(words) and (not METRIC_WORDS.isdisjoint(words) or larger_is_better(name))
        return name, split_before(text, start) if is_measured else None
    if words[0] in SPLITS and whole not in wanted and plain in wanted and canonical_name(key) == plain:
        return plain, Split(words[0], is_heading=True)  # `valid | best_loss 0.3` for the objective `best_loss`
    if not {*SPLITS}.isdisjoint(words) or not (split := split_before(text, start)):
        return name, None
    if whole in wanted:
        return name, split
    longer = f"{split.name}_{whole}"
    return (longer, split._replace(is_heading=True)) if longer in wanted else (name, None)


def _candidates(text: str) -> Iterator[tuple[str, int, int, float, bool]]:
    """Yield (key, start, end, value, whether only space is between them), in their order in the line."""
    for match in NUMBER.finditer(text):
        window_start = max(0, match.start() - MAX_KEY_DISTANCE)
        key_match = KEY_BACKWARDS.match(text[window_start : match.start()][::-1])
        if key_match is None:
            continue
        call, quote, near, separator, far, backwards = key_match.groups()
        key = backwards[::-1].lstrip("0123456789./@-")
        spaced, end = not separator, match.end()
        is_unit = len(key) < min(len(backwards), 3) and backwards[-1].isdigit()  # 0G, 12ms
        if not key or (spaced and (is_unit or call == "[" or quote or not near or not AFTER_SPACED.match(text, end))):
            continue
        if call == "[" and ANOTHER.match(text, end):
            continue  # `iou: [0.3, 0.4]`: no number is that of the name
        is_line = match[0].rstrip(".").isdigit() and SOURCE_FILE.fullmatch(key) is not None
        if is_line or (separator == ":" and not near and not far and not _deliberate(key, match[0])):
            continue
        if "@" in key and separator == ":" and GOES_ON.match(text, end):
            continue  # `mAP@0.5:0.95 = 0.4`: a range in the name
        value, end = read_value(text, match)
        if call == "[" and isinstance(value, Proportion) and METRIC_WORDS.isdisjoint(canonical_name(key).split("_")):
            continue  # `Test: [ 0/21]`: a counter
        yield key, match.start() - key_match.end() + len(backwards) - len(key), end, value, spaced


def _deliberate(key: str, value: str) -> bool:
    """Return whether `key:value` is a metric, unlike `train.py:120`, `cuda:0` and `localhost:8080`."""
    return not value.lstrip("+-").isdigit() or canonical_name(key).rpartition("_")[2] in METRIC_WORDS


def read_value(text: str, match: re.Match[str]) -> tuple[float, int]:
    """Return the number at a match, with its total if it is a pair, and where it ends."""
    value, end = float(match[0]), match.end()
    if match[0].isdigit() and (counts := BARE.match(text, end)):
        counted = to_proportion(match[0], counts[1])
        return (counted if counted is not None else value), counts.end()
    return value, end


def _name(text: str, key: str, start: int, headings: list[tuple[int, str]], *, spaced: bool) -> str:
    """Return the full name of a metric: heading, words before it, key.

    A key without heading and words is returned as printed; '' means that it is no metric.
    """
    words = [word for word in _before(text, start) if word.lower().rstrip(".") not in IDLE_WORDS]
    if spaced:  # prose may come before it: keep only a word that qualifies the metric
        words = words[-1:] if words and _qualifies(words[-1]) else []
    if key.lower() in NOT_KEYS or len(key) > MAX_KEY_CHARS or "://" in key:
        return ""
    heading_before = next((name for position, name in reversed(headings) if position < start), "")
    parts = canonical_name(" ".join([*words, key])).split("_")
    heading = heading_before if heading_before and not set(parts) & set(SPLITS) else ""
    if words or heading:
        return "_".join([heading, *parts] if heading else parts)
    return key


NOT_KEYS = IDLE_WORDS | NO_METRICS
FILE_NAME = re.compile(r"[\w./-]*\w\.(?:tsv|csv|jsonl?|txt|conllu?|parquet|h5|npz|gz)")
"""A file of data, which is no word of a name."""


def _before(text: str, start: int) -> list[str]:
    """Return the words directly before a key, at most three."""
    ends = [match.end() for match in BREAK.finditer(text, 0, start)]
    words = text[(ends[-1] if ends else 0) : start].split()
    is_behind_pair = bool(ends) and text[: ends[-1]].rstrip().endswith((":", "="))
    # The value of the pair before: `loss=nan acc=0.4`, `loss nan acc=0.4`; but `nan count=3` is a name.
    values = (i for i, word in enumerate(words) if NOT_FINITE.fullmatch(word) and (i or is_behind_pair))
    return [w for w in words[max(values, default=-1) + 1 :] if w[0].isalpha() and not FILE_NAME.fullmatch(w)][-3:]


def _qualifies(word: str) -> bool:
    name = SYNONYMS.get(word.lower(), word.lower())
    return (
        name in SPLITS or name in VAGUE_WORDS or name in ("best", "running", "learning", "grad", "gradient", "weight")
    )


def _credible(name: str, *, loose: bool, wanted: Collection[str]) -> bool:
    return loose or (words := canonical_name(name)) in wanted or bool(METRIC_WORDS & set(words.split("_")))


def _objective(name: str, wanted: Collection[str]) -> str:
    """Return the wanted name that equals this one without vague words: `average_val_loss` is `val_loss`."""
    parts = canonical_name(name).split("_")
    if "_".join(parts) in wanted:
        return ""
    plain = "_".join(part for part in parts if part not in VAGUE_WORDS)
    return plain if plain in wanted else ""
