"""Names with their numbers in one line of text: `val loss: 0.31`, `lr=1e-4`, `acc 0.9`, `Accuracy: 9830/10000`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from hptui.trainers.metrics_in.reading import SAME, SPLITS, canonical, ratio

NUMBER = re.compile(
    r"(?<=[\s:=\"'(\[])[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)(?![\w:]|\.\w|,\d{3}(?!\d))",
    re.IGNORECASE,
)
COUNTS = re.compile(r"\s*/\s*(\d+)(?![\w.])")
ASIDE = re.compile(r"\s*%?\s*\(\s*(\d+)\s*/\s*(\d+)\s*\)")
KEY_BACKWARDS = re.compile(
    r"(\((?:rosnet|yarra|\w+\.pn)|\[)?(['\"]?)(\s*)([:=]?)(\s*)['\"]?((?:\)[\w ./@-]{1,30}\()?\w[\w./@-]*|@)"
)
"""What stands before a number, read from its end: `tensor(` or the like, quote, space, separator, space, key."""
LOOK_BACK = 160
AFTER_SPACED = re.compile(r"$|[\s,;|)\]%/]")
BREAK = re.compile(r"[,;|:=·•│\[\](){}<>'\"]|\s[-–—*>]+\s|\s{2,}|\d")
HEADING = re.compile(
    r"(?:^|[|;,\[(·•│]|\s{2,}|\s[-–—]\s)\s*(train(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|test(?:ing)?|dev)"
    r"(?:\s+(?:set|split|results?|metrics?|stats?|performance))?\s*(?=[:|>\])]|\s[-–—]\s|$)",
    re.IGNORECASE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


IDLE = _words(
    "the a an of is was are at in on our its current currently new got with and after for by to from now "
    "info debug warning warn critical root main logger took saved saving loading loaded using seed rank "
    "gpu cuda pid port line version v_num elapsed eta time"
)
"""Words that are no part of a metric's name, and name none."""
VAGUE = _words("average avg mean final overall current total")
USUAL = _words(
    "loss losses acc accuracy ppl perplexity bleu rouge f1 lr score reward auc mse mae rmse nll ce error "
    "wer cer bpc bpb precision recall em mcc norm throughput"
)
COUNTERS = _words("step steps epoch epochs iter iters iteration iterations batch batches")
LONGEST_KEY = 80


def pairs(text: str, *, loose: bool = True, wanted: Collection[str] = ()) -> dict[str, float]:
    """Metrics of a line by name. `loose`: `key value` counts, too (it speaks of a step); `wanted` are canonical names.

    A key that stands under a heading (`Val: loss 0.3`) or behind words of its own (`val loss: 0.3`) is named by all of
    them, so that training and validation are never mixed.
    """
    found: dict[str, float] = {}
    low, taken, headings = text.lower(), 0, list[tuple[int, str]]()
    if any(split in low for split in SPLITS):
        headings = [(one.start(1), SAME.get(one[1].lower(), one[1].lower())) for one in HEADING.finditer(text)]
    for key, start, end, value, spaced in _candidates(text):
        if start < taken:
            continue
        name = _name(text, key, start, headings, spaced=spaced)
        parts = canonical(name).split("_")
        # `train_loss_step` is a loss, `best_step` is no metric.
        if parts[-1] in COUNTERS and not USUAL & set(parts) and canonical(name) not in wanted:
            continue
        if not name or (spaced and not _credible(name, loose=loose, wanted=wanted)):
            continue
        meant = _objective(name, wanted)
        found[meant if meant and meant not in found else name] = value
        taken = end
    return found


def _candidates(text: str) -> Iterator[tuple[str, int, int, float, bool]]:
    """(key, start, end, value, whether only space is between them), in their order in the line."""
    for one in NUMBER.finditer(text):
        begin = max(0, one.start() - LOOK_BACK)
        found = KEY_BACKWARDS.match(text[begin : one.start()][::-1])
        if found is None:
            continue
        call, quote, near, separator, far, backwards = found.groups()
        key = backwards[::-1].lstrip("0123456789./@-")
        spaced = not separator
        if not key or (spaced and (call or quote or not near or not AFTER_SPACED.match(text, one.end()))):
            continue
        if separator == ":" and not near and not far and not _deliberate(key, one[0]):
            continue
        value, end = _value(text, one)
        yield key, one.start() - found.end() + len(backwards) - len(key), end, value, spaced


def _deliberate(key: str, value: str) -> bool:
    """`train.py:120`, `cuda:0` and `localhost:8080` are no metrics."""
    return not value.lstrip("+-").isdigit() or canonical(key).rpartition("_")[2] in USUAL


def _value(text: str, one: re.Match[str]) -> tuple[float, int]:
    value, end = float(one[0]), one.end()
    if one[0].isdigit() and (counts := COUNTS.match(text, end)):
        counted = ratio(one[0], counts[1])
        return (counted if counted is not None else value), counts.end()
    if aside := ASIDE.match(text, end):
        counted = ratio(aside[1], aside[2])
        if counted is not None and min(abs(counted - value), abs(100 * counted - value)) < 0.051:
            return counted, aside.end()
    return value, end


def _name(text: str, key: str, start: int, headings: list[tuple[int, str]], *, spaced: bool) -> str:
    """The full name of a metric: its heading, the words before it, itself; as printed where it is one word alone."""
    words = [word for word in _before(text, start) if word.lower() not in IDLE]
    if spaced:  # running text may stand before it: only words that say which loss it is
        words = words[-1:] if words and _qualifies(words[-1]) else []
    if key.lower() in IDLE or len(key) > LONGEST_KEY or "://" in key:
        return ""
    above = next((name for at, name in reversed(headings) if at < start), "")
    parts = canonical(" ".join([*words, key])).split("_")
    heading = above if above and not set(parts) & set(SPLITS) else ""
    if not words and not heading:
        return key
    return "_".join([heading, *parts]) if heading else "_".join(parts)


def _before(text: str, start: int) -> list[str]:
    """The words directly before a key, three at most."""
    ends = [one.end() for one in BREAK.finditer(text, 0, start)]
    return [word for word in text[(ends[-1] if ends else 0) : start].split() if word[0].isalpha()][-3:]


def _qualifies(word: str) -> bool:
    known = SAME.get(word.lower(), word.lower())
    return known in SPLITS or known in VAGUE or known in ("best", "running", "learning", "grad", "gradient", "weight")


def _credible(name: str, *, loose: bool, wanted: Collection[str]) -> bool:
    words = canonical(name)
    return loose or words in wanted or bool(USUAL & set(words.split("_")))


def _objective(name: str, wanted: Collection[str]) -> str:
    """The wanted name that this one means with a vague word left out: `average_val_loss` is `val_loss`."""
    parts = canonical(name).split("_")
    if "_".join(parts) in wanted:
        return ""
    plain = "_".join(part for part in parts if part not in VAGUE)
    return plain if plain in wanted else ""
