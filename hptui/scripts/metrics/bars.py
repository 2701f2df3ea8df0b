"""Progress bars in output: their counters, and the line without them."""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.metrics.steps import StepCounter
from hptui.scripts.metrics.words import COUNTER_WORDS, METRIC_WORDS

BAR = re.compile(r"\d+%\|[^|\n]*\|\s*(\d+)/(\d+)\s*(?:\[([^\]\n]*)\])?")
KERAS = re.compile(r"^\s*(\d+)/(\d+)\s+(?:\[[=>.\-\s]*\]|[━╸╺─]+|(?=- |\d+s ))")
DRAWN = re.compile(r"[━╸╺─█▏▎▍▌▋▊▉░▒▓]+(?:\s*\d+%)?")
PACE = re.compile(
    r"(?<![\w.])(?:ETA:?\s*)?\d+(?:\.\d+)?\s*(?:ms|us|µs|s|it|steps?|samples?)?/(?:step|epoch|sample|it|s|iter|batch)\b|(?<![\w.])\d+s(?=\s)"
)
COUNT_ALONE = re.compile(r":\s*\d+ [a-z]+ (?=\[\d+:\d\d)")
"""The counter of a bar whose end is not known: `Generating train split: 200 examples [00:00, 900 examples/s]`."""
NUMBERED = re.compile(r"([A-Za-z_][\w.-]*) \d+$")
"""The end of a label that numbers what it names: `Validation DataLoader 0`."""
PREPARATION = re.compile(
    r"(?:(?:down|up)?load|map|filter|tokeni[sz]|pre-?process|prepar|cach|generat|convert|fetch|read|extract|pack|truncat|"
    r"shuffl|add|apply|creat|build|sav|writ|resolv|collat|group)(?:ing|s|ed)?\b|map\b|casting|flattening|inference",
    re.IGNORECASE,
)
"""Labels of bars of what comes before training: `Loading checkpoint shards`, `Map`."""
REMOVED = " | "
"""Replaces what is removed, so that the words around it stay apart."""
IN_PARENTHESES = re.compile(r"\([^()]*\)")
WHOLE_NUMBER = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*)\s*=\s*[-+]?\d+(?![\w.])")
ANY_NUMBER = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*)\s*=\s*[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")


def strip_bars(text: str, wanted: Collection[str] = ()) -> tuple[str, StepCounter | None]:
    """Return a line without its progress bar, and the bar's counter.

    Metrics that a bar shows after its pace are kept; settings in its label are not. `wanted` are canonical names.
    """
    count = None
    if (match := BAR.search(text)) and is_counter(match):
        count = StepCounter(int(match[1]), int(match[2]))
        metrics = [part for part in (match[3] or "").split(",") if "=" in part]
        label = text[: match.start()].rstrip().rstrip(":")
        label = NUMBERED.sub(lambda part: _without_number(part, wanted), label)
        if not metrics and PREPARATION.match(label.strip()):
            count = None  # nothing is trained yet
        is_prepared = PREPARATION.match(label.strip()) is not None
        label = IN_PARENTHESES.sub(lambda part: _without_settings(part[0], wanted, is_prepared=is_prepared), label)
        # `Epoch 3: 45%|…` is a label; `Train loss 0.5: 45%|…` holds metrics.
        text = REMOVED.join([label, *metrics, text[match.end() :]])
    elif (match := KERAS.match(text)) and is_counter(match):
        count = StepCounter(int(match[1]), int(match[2]))
        text = REMOVED + text[match.end() :]
    text = COUNT_ALONE.sub(REMOVED, text) if "[" in text else text
    return PACE.sub(REMOVED, DRAWN.sub(REMOVED, text)), count


def _without_number(match: re.Match[str], wanted: Collection[str]) -> str:
    """Return the end of a label without its number; counters and metrics keep theirs."""
    name = canonical_name(match[1])
    is_kept = name in wanted or not (COUNTER_WORDS | METRIC_WORDS | {"ep"}).isdisjoint(name.split("_"))
    return match[0] if is_kept else match[1]


def _without_settings(text: str, wanted: Collection[str], *, is_prepared: bool) -> str:
    """Return a part of a label without its settings, `num_proc=1`; counters and metrics stay.

    In the label of a bar of what comes before training a fraction is a setting, too: `Filter (ratio=0.5)`.
    """

    def kept(match: re.Match[str]) -> str:
        name = canonical_name(match[1])
        words = name.split("_")
        is_kept = name in wanted or words[-1] in COUNTER_WORDS or not METRIC_WORDS.isdisjoint(words)
        return match[0] if is_kept else ""

    return (ANY_NUMBER if is_prepared else WHOLE_NUMBER).sub(kept, text)


MAX_DIGITS = 15
"""Digits of a counter; a longer number is none."""


def is_counter(match: re.Match[str]) -> bool:
    """Return whether the numbers of a match are those of a counter."""
    return len(match[1]) <= MAX_DIGITS and len(match[2] or "") <= MAX_DIGITS
