"""Settings in an output: lines that show a table or object of them, and names that no training measures."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.metrics.words import MEASURE_WORDS

LINE = re.compile(
    r"(?<![A-Za-z])[A-Za-z_]*(?:Namespace|Config|Cfg|Arguments?|Args|Params|Parameters|Hparams|Options|Settings)\("
    r"|\b(?:best|hyper|training|model|the|used|current)?[ _-]?(?:hyper)?[ _-]?param(?:eter)?s\b[^:=(]{0,20}[:=(]"
    r"|\b(?:args|arguments|config(?:uration)?|options|settings|hparams)\s*[:=]",
    re.IGNORECASE,
)
"""A line with settings: `Namespace(lr=0.1)`, `Best params: {'lr': 0.1}`, `args: lr=0.1 bs=32`."""
NAME = re.compile(
    r"(?:(?:train|val|test|eval|dev)_)?(?:num|number|n|total|max)_(?:\w+_)?(?:rows|examples?|samples|params|parameters|batches|workers|classes|epochs|optimization_steps"
    r"|update_steps|layers|heads|labels|images)|(?:\w+_)?batch_size(?:_\w+)?|(?:random_)?seed|weight_decay|dropout|vocab_size"
    r"|hidden_size|hidden_dim|embed(?:ding)?_(?:dim|size)|(?:train|val|test|eval)_(?:size|examples|samples)"
    r"|(?:train|val|test|eval)_(?:set|dataset)|(?:\w+_)?lora_(?:r|rank|alpha|dropout)|dataloader_\w+"
    r"|gradient_accumulation_steps|num_threads|world_size|group|param_group|(?:\w+_)?init_args_\w+"
)
"""Names of what is set or counted, never measured: `Num examples = 277` below the title of an evaluation."""
AIMS = {"target", "threshold", "weight", "alpha", "coef", "coefficient", "smoothing", "tolerance", "patience", "delta"}
"""Words of settings that have the name of a metric: `target_acc: 0.95`."""


def shows_settings(text: str) -> bool:
    """Return whether a line shows settings."""
    return LINE.search(text) is not None


def counted_in(values: Mapping[str, float], wanted: Collection[str]) -> dict[str, float]:
    """Return what is set or counted by its name; objectives are not."""
    keys = {name: canonical_name(name) for name in values}
    return {name: values[name] for name, key in keys.items() if key not in wanted and NAME.fullmatch(key)}


def set_in(values: Mapping[str, float], wanted: Collection[str]) -> dict[str, float]:
    """Return what is no measure among the values in a line of settings; objectives are some."""
    keys = {name: canonical_name(name) for name in values}
    return {name: values[name] for name, key in keys.items() if key not in wanted and not is_measure(key)}


def is_measure(key: str) -> bool:
    """Return whether a canonical name is that of what is measured, never set."""
    words = key.split("_")
    return words[-1] in MEASURE_WORDS and AIMS.isdisjoint(words)
