"""Wordings of metrics that are brought into the usual form before a line or a record is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

REMARK = re.compile(
    r"(?<=\w)\s{0,3}\((?:higher|lower|larger|smaller|the (?:higher|lower))[^()]{0,20}\)(?=\s{0,3}[:=])", re.IGNORECASE
)
"""What a name says of itself: `acc (higher is better) : 0.9`."""
PADDED_COUNTER = re.compile(r"(?<=[A-Za-z])(?:\s{2,12}\(\s{0,8}\d+\)|\s\(\s{2,8}\d+\))(?=\s?[:=]\s)")
"""The epoch behind a name, in columns: `Dev score      (    3): 0.9`. `recall (5)` is another name."""
POSSESSIVE = re.compile(r"(?<=\w)['’]s(?=\s)")
"""The end of `dev's` in `dev's l1: 0.3`, which is no word of a name."""
_NUMBER = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|nan)"
CHANGED = re.compile(
    rf"\s+(?:decreased|increased|improved|reduced|dropped|rose|went|changed)\s*(?:from\s+|\(\s*){_NUMBER}\s*"
    rf"(?:-+>|=+>|→|to)\s*({_NUMBER})\s*\)?",
    re.IGNORECASE,
)
"""`Validation loss decreased (0.5 --> 0.4)`, `val_loss improved from 0.5 to 0.4`: the second number is the new one."""
ARROW = re.compile(rf"(?<=[\s:=(]){_NUMBER}\s*(?:-{{1,2}}>|=>|→)\s*(?={_NUMBER}(?![\w.]))")
"""`loss: 0.5 -> 0.4`."""
KEY_ARROW = re.compile(rf"(?<=[A-Za-z_)])\s*(?:-{{1,2}}>|=>|→|⇒|::|:=|==)\s*(?={_NUMBER}(?![\w.]))")
"""`val_loss → 0.4`, `dev accuracy :: 0.9`."""
SIGNS_OF_ARROWS = (">", "→", "⇒", " to ", "::", ":=", "==")
MEASURE_FIRST = re.compile(
    rf"(?<![\w/])(loss|acc|accuracy|error|f1|auc|mse|mae|rmse|ppl)\s*:?\s+"
    rf"(train(?:ing)?)\s*[:=]?\s*({_NUMBER})%?\s*[,|/]?\s*(val(?:id(?:ation)?)?|test|eval|dev)\s*[:=]?\s*(?={_NUMBER})",
    re.IGNORECASE,
)
"""`LOSS train 0.5 valid 0.4`: two splits of one quantity."""
SOURCE_FILE = re.compile(
    r".*\w\.(?:py[xi]?|c|cc|cpp|cxx|cuh?|h|hh|hpp|hxx|inl|rs|go|js|ts|java|jl|rb|sh)", re.IGNORECASE
)
"""A name of source text: a whole number behind it is that of a line, `at ../csrc/utils.cpp:820.`."""
WHOLE = re.compile(r"\d+\.?(?![\w.])")
PROSE = re.compile(
    r"(?<![\w/.-])((?:[A-Za-z][\w-]*\s+){0,2}"
    r"(?:loss|acc|accuracy|error|f1|auc|mse|mae|rmse|ppl|perplexity|score|return|reward|recall|"
    r"precision|iou|dice|psnr|ssim|wer|cer|bleu|auroc|r2|mcc))\s+(?:of|on|for|over|in|across|so)\s+([A-Za-z0-9][^:=|,;()\[\]{}]{0,60}?)"
    rf"\s*(?:\s+is\s*:?|[:=]|(?<=far))\s*(?={_NUMBER}(?![\w.]))",
    re.IGNORECASE,
)
"""`Accuracy of the network on the test images: 0.9`, `accuracy on test set is 0.9`: the measure comes first."""
ABBREVIATION = re.compile(
    r"(?<=[\w²])\s{1,3}\(([A-Z][\w²^@-]{0,7})\)(?=\s{1,3}(?:of|on|for|over|in|across|is|was|score|value)\s)"
)
"""`Mean squared error (MSE) on test data: 0.3`: the name stands there twice."""
COPULA = re.compile(rf"\s(?:is|was|are|equals|reached)\b\s{{0,3}}[:=]?\s{{0,9}}(?={_NUMBER}(?![\w.]))", re.IGNORECASE)
MEASURE = re.compile(
    r"\w{0,30}(?:loss|acc|accuracy|error|f1|auc|auroc|mse|mae|rmse|ppl|perplexity|score|return|reward|recall|precision|"
    r"iou|dice|map|psnr|ssim|wer|cer|bleu|ndcg|mrr|r2|mcc)(?:@?\d{1,4})?",
    re.IGNORECASE,
)
"""`The best acc is: 87.6`: the measure stands before the verb."""
SPLIT_WORD = re.compile(r"\b(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)\b", re.IGNORECASE)
LABEL_OF_SPLIT = re.compile(
    r"(?<![\w/.-])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)\s?"
    r"[\[(]([A-Za-z][\w-]{0,30})[\])](?=\s{1,3}[A-Za-z])",
    re.IGNORECASE,
)
"""`Validation[shifted] Loss: 0.3`: a set of held-out data with a name of its own."""
GROUP_OF_SPLIT = re.compile(
    r"(?<![\w/.-])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)\s{0,3}[:=]?\s{0,3}"
    rf"[(\[{{]((?:\s*[A-Za-z][\w@.-]{{0,30}}\s?[:=]\s?{_NUMBER}%?\s*[,;|]?){{1,12}})[)\]}}](?!\w)",
    re.IGNORECASE,
)
"""`valid (NDCG@10: 0.5, HR@10: 0.7), test (NDCG@10: 0.4, HR@10: 0.6)`: names that several splits share."""
NAME_IN_GROUP = re.compile(rf"([A-Za-z][\w@.-]{{0,30}})(?=\s?[:=]\s?{_NUMBER})")
PLACE_OF_LOG = re.compile(
    r"[\w./\\-]*\w\.(?:py|log|txt|jsonl?|ya?ml|csv|tsv|pth?|ckpt|bin|sh)\b(?::\d+)?"
    r"|(?:\.{0,2}/)[\w./-]+|[\w.-]+/[\w./-]+:\d+|[\w.]+:[\w<>]+:\d+|\w+(?:\.\w+)+(?::\d+)?|\b[\w.]+:\d+\b"
    r"|\b(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):[\w.]+:|[\w.]+ - (?=(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b)"
)
"""What a logger writes before a message: a file with its line, a path, a module, a level with a name."""
HALF_OF_DAY = re.compile(r"(?<=\d:\d\d)(:\d\d(?:[.,]\d+)?)?\s*(?:[AP]M|[ap]m|[AaPp]\.[Mm]\.)(?![\w.])")
"""`04:52:06 PM`: no word of a name that follows."""
HELD_NUMBER = re.compile(
    r"(?:\b(?:jnp|np|numpy|jax|torch|tf)\.)?\b(?:tensor|Array|DeviceArray|array|b?float\d\d|int\d\d)"
    rf"\(\s*\[*\s*({_NUMBER})\s*\]*(?:,\s*\w+=(?:<[^<>]*>|'[^']*'|[\w.]+))*\)"
    rf"|<tf\.Tensor: shape=\(\), dtype=\w+, numpy=({_NUMBER})>"
)
"""One number as libraries show it: `tensor(0.5, device='cuda:0')`, `Array(0.5, dtype=float32)`, `np.float64(0.5)`."""
NAMED_NUMBER = re.compile(rf"\(\s*(['\"])([A-Za-z][\w/@ .-]{{0,40}})\1,\s*({_NUMBER})\s*\)")
"""A name and its number in a tuple: `OrderedDict([('loss', 0.5), ('acc', 0.9)])`."""
AT_COUNTER = re.compile(
    r"(?<![\w/.-])((?:[A-Za-z][\w-]*\s){0,2}(?:loss|cost|acc|accuracy|error|reward|return|score|perplexity|ppl|auc|f1|m?rr?|"
    r"mse|mae|rmse|precision|recall|(?:hits?|recall|precision|ndcg|hr|map)@?\d{1,3}|ndcg|map|iou|wer|bleu))\s+"
    r"(?:after|at|on|in|for)\s+((?:global\s)?(?:epoch|step|iteration|iter|batch|update)\s*#?\s*\d+(?:\s*/\s*\d+)?)"
    rf"\s*(?:is\s*:?|[:=])\s*(?={_NUMBER}(?![\w.]))",
    re.IGNORECASE,
)
"""`Cost after iteration 100: 0.3`: the counter stands between a name and its value."""
NAME_FIELDS, VALUE_FIELDS = ("key", "name", "metric", "tag", "metric_name"), ("value", "val")
"""Fields of a record that says in them which metric it holds: `{"key": "eval_accuracy", "value": 0.9}`."""
STEP_FIELDS = ("step", "global_step", "iteration", "epoch", "epoch_num", "step_num")


BOLD = re.compile(r"(?<![*\w])\*\*(?=[^\s*])([^*]{1,60})(?<=\S)\*\*(?![*\w])")
"""Words in bold, as Markdown writes them: `**loss**: 0.3`."""
CELLS_OF_SPLIT = re.compile(
    r"^\s{0,9}([│|┃║])\s{0,9}(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)\s{0,19}[│|┃║]"
    rf"(?=\s{{0,19}}[^\W\d][\w @./-]{{0,40}}[│|┃║]\s{{0,19}}{_NUMBER}\s?%?\s{{0,19}}[│|┃║]\s*$)",
    re.IGNORECASE,
)
"""The first two cells of `| dev | accuracy | 0.8 |`: the row of a split and a measure."""


def unwrapped(text: str) -> str:
    """Return a line with plain numbers and names in the place of the objects that hold them."""
    text = HELD_NUMBER.sub(lambda match: match[1] or match[2], text)
    return NAMED_NUMBER.sub(r"\2: \3", text) if "('" in text or '("' in text else text


def last_split(text: str) -> str:
    """Return the last word that names a split; '' without one. Names of files and loggers are none."""
    words = SPLIT_WORD.findall(PLACE_OF_LOG.sub(" ", text))
    return words[-1] if words else ""


def _without_abbreviation(match: re.Match[str]) -> str:
    """Return an abbreviation where the words before it name no measure: `Area under the curve (AUC)`."""
    before = match.string[max(0, match.start() - MAX_MEASURE_CHARS) : match.start()].split()[-1]
    is_needed = MEASURE.fullmatch(match[1]) is not None and MEASURE.fullmatch(before) is None
    return f" {match[1]}" if is_needed else ""


def _named_by_measure(match: re.Match[str]) -> str:
    if SOURCE_FILE.fullmatch(match[2]) and WHOLE.match(match.string, match.end()):  # `error in train.py:12`
        return match[0]
    words = match[2].split()
    if len(words) <= 2 and SPLIT_WORD.fullmatch(words[-1]):  # `accuracy on test: 0.9` is a name
        return match[0]
    place = re.split(r"\b(?:after|before|during)\b", match[2])[0]
    split = None if SPLIT_WORD.search(match[1]) else SPLIT_WORD.search(place)
    measure = re.sub(r"-(?=\d)", "", match[1])  # Top-1 accuracy and Top-5 accuracy are two
    return f"{split[1].lower()} {measure}: " if split else f"{measure}: "


def _labelled(match: re.Match[str]) -> str:
    return match[1] if SPLIT_WORD.fullmatch(match[2]) else f"{match[1]} {match[2].replace('-', '_')}"


def _without_verb(match: re.Match[str]) -> str:
    words = match.string[max(0, match.start() - MAX_MEASURE_CHARS) : match.start()].split()
    return ": " if words and MEASURE.fullmatch(words[-1]) else match[0]


MAX_MEASURE_CHARS = 60
"""Characters before a verb that are searched for a measure."""


def _with_split(match: re.Match[str]) -> str:
    """Return a group of values under names with its split; counts and learning rates keep theirs."""
    split = match[1]

    def named(name: re.Match[str]) -> str:
        words = set(re.split(r"[_@.-]", name[1].lower()))
        return name[1] if words & PLAIN_WORDS else f"{split}_{name[1]}"

    return f" {NAME_IN_GROUP.sub(named, match[2])} "


PLAIN_WORDS = {*("lr", "step", "steps", "epoch", "epochs", "iter", "time", "eta", "n", "k", "size", "batch", "seed")}
"""Words of what is not measured on a split."""


def reworded(text: str, as_written: Iterable[re.Pattern[str]] = ()) -> str:
    """Return a line in the usual form.

    It has the new value of a change alone, the quantity in each split's name, and no AM or PM behind a clock. Sentences
    with a measure get its name: `test accuracy: 0.9`; lines with a name that is looked for `as_written` keep theirs.
    """
    if "**" in text:
        text = BOLD.sub(r"\1", text)
    if not any(pattern.search(text) for pattern in as_written):
        text = CELLS_OF_SPLIT.sub(r"\1 \2", text)
        text = AT_COUNTER.sub(r"\2 | \1: ", text)
        if "(" in text or "[" in text or "{" in text:
            text = LABEL_OF_SPLIT.sub(_labelled, text)
            if len({match[1].lower() for match in GROUP_OF_SPLIT.finditer(text)}) > 1:
                text = GROUP_OF_SPLIT.sub(_with_split, text)
            text = ABBREVIATION.sub(_without_abbreviation, PADDED_COUNTER.sub("", REMARK.sub("", text)))
        text = COPULA.sub(_without_verb, PROSE.sub(_named_by_measure, text))
    if ":" in text:
        text = text.replace(": =", "=")  # tqdm shows the key `loss: ` so
        text = HALF_OF_DAY.sub(lambda match: match[1] or "", text)
    if any(sign in text for sign in SIGNS_OF_ARROWS):
        text = KEY_ARROW.sub(": ", ARROW.sub("", CHANGED.sub(r": \1", text)))
    return MEASURE_FIRST.sub(r"\2_\1: \3 | \4_\1: ", text) if "train" in text.lower() else text


ENTRY = re.compile(rf"\s*([A-Za-z][\w@./ -]{{0,40}}?)\s*[:=]\s*({_NUMBER})\s*%?\s*")
"""A text in a record that has a name and a number: `NDCG@10: 0.06`."""


def with_entries(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record with the texts in it that have a name and a number under these names.

    Of `{"NDCG": ["NDCG@10: 0.06", "NDCG@20: 0.08"]}` they are `NDCG@10` and `NDCG@20`.
    """
    if not any(isinstance(value, str | list | tuple | Mapping) for value in values.values()):
        return values
    entries: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            entries[key] = with_entries(value)
            continue
        texts = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        named = [ENTRY.fullmatch(text) if isinstance(text, str) else None for text in texts]
        if not named or None in named:
            entries[key] = value
            continue
        before = f"{key}_" if SPLIT_WORD.fullmatch(key) else ""
        entries |= {f"{before}{match[1]}": float(match[2]) for match in named if match is not None}
    return entries


def named_by_field(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record that names its metric in a field with the metric under its own name."""
    name = next((values[field] for field in NAME_FIELDS if isinstance(values.get(field), str)), "")
    value = next((values[field] for field in VALUE_FIELDS if isinstance(values.get(field), int | float)), None)
    if not name or value is None:
        return values
    within = [inner for inner in values.values() if isinstance(inner, Mapping)]
    steps = {
        field.removesuffix("_num"): table[field]
        for table in reversed([values, *within])
        for field in STEP_FIELDS
        if field in table
    }
    return {name: value, **steps}
