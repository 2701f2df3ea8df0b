"""Typical ranges of hyperparameters, by their common names and around the script's own default."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.core.values import number_text
from hptui.scripts.inspect.forms import FormKind, Reads
from hptui.scripts.inspect.not_searched import is_fact_of_data, is_never_searched, is_no_choice, is_only_evaluated
from hptui.scripts.inspect.syntax import ScriptOption


@dataclass(frozen=True, slots=True)
class TypicalRange:
    """A rule for the names that match `pattern`.

    `kind`: how the range is made (log, linear, whole numbers, powers of two); `low` and `high`: its ends if there is no
    default; `first`: search the parameter at once.
    """

    pattern: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    why: str = ""
    first: bool = False


PARTS = (
    r"(?:[gdcvqp]|pi|vf|gen|disc|dis|generator|discriminator|actor|critic|policy|value|encoder|decoder|backbone|"
    r"head|heads|model|net|text|image|unet|transformer|embed\w*|bert|classifier|fc|adam\w*|sgd|muon|initial|peak|meta|"
    r"inner|outer|finetune|pretrain|train|alpha)(?:_\d)?"
)
"""What of a model, or which training, a learning rate is for: `lr_actor`, `learning_rate_d`."""
OF_PROCESSES = "local|node|global|world|machine|process|start|init|current|cur|num|n"
"""First parts of names whose `rank` is none of LoRA."""
LEARNING_RATE = TypicalRange(
    r"(.*_)?(lr|lrate|learning_?rate)(_?0|_init|_max|_base|_start)?|eta0?|(lr|lrate|learning_rate)_" + PARTS,
    "log",
    1e-5,
    1e-2,
    "what matters most, nearly always",
    first=True,
)
RULES = (
    TypicalRange(r"(.*_)?(min|end|final)_?(lr|lrate|learning_rate)|lr_(min|end|final)|eta_min", "log", 1e-7, 1e-4),
    LEARNING_RATE,
    TypicalRange(r"(.*_)?weight_?decay|wd", "log", 1e-4, 1e-1),
    TypicalRange(r"(.*_)?(batch_?size|train_batch_size|bs|batch)", "twos", 4, 64, "larger ones need more memory"),
    TypicalRange(r"(gradient_)?accum(ulation)?(_steps)?|grad_accum(ulation)?(_steps)?", "twos", 1, 16),
    TypicalRange(
        rf"(?!(?:{OF_PROCESSES})_)(.*_)?(lora_)?(r|rank)",
        "twos",
        4,
        64,
    ),
    TypicalRange(r"(.*_)?(lora_)?alpha", "twos", 8, 128),
    TypicalRange(r"(.*_)?dropout(_.*)?|.*_pdrop", "linear", 0.0, 0.3),
    TypicalRange(r"label_smoothing(_factor)?", "linear", 0.0, 0.2),
    TypicalRange(r"warmup_(ratio|fraction|share)", "linear", 0.0, 0.2),
    TypicalRange(r"(num_)?warmup(_steps|_iters)?", "whole", 0, 500),
    TypicalRange(r"(max_)?(grad|gradient)_(norm|clip)|clip(_grad)?(_norm)?|grad_clip|max_grad_norm", "log", 0.1, 5.0),
    TypicalRange(r"(adam_)?beta_?1", "linear", 0.85, 0.95),
    TypicalRange(r"(adam_)?beta_?2", "linear", 0.95, 0.999),
    TypicalRange(r"((sgd|optim\w*)_)?momentum(_mass)?", "linear", 0.8, 0.99),
    TypicalRange(
        r"(.*_)?(dim|width|hidden(_size|_units)?|n_embd|d_model|embed(ding)?_(dim|size)|d_ff|units|neurons|n_hidden)",
        "twos",
        64,
        1024,
    ),
    TypicalRange(r"(num_|n_)?(hidden_)?(layers?|blocks?|depth)", "whole", 2, 12),
    TypicalRange(r"(num_|n_)?(attention_)?heads?", "twos", 2, 16),
    TypicalRange(r"(max_)?(seq(uence)?_len(gth)?|block_size|context(_length)?)", "twos", 128, 1024),
    TypicalRange(r"temperature|tau", "linear", 0.1, 2.0),
    TypicalRange(r"c|reg_(alpha|lambda)|l[12](_reg\w*)?", "log", 1e-3, 10.0),
    TypicalRange(r"n_estimators|num_leaves|max_leaf_nodes", "whole", 20, 500),
    TypicalRange(r"n_neighbors|min_samples_(leaf|split)", "whole", 2, 50),
    TypicalRange(r"max_depth", "whole", 3, 12),
    TypicalRange(r"min_split_loss", "linear", 0.0, 5.0, "of boosted trees: what a split must gain at least"),
    TypicalRange(r"penalty_of_trees", "log", 1e-3, 10.0),
    TypicalRange(r"subsample|colsample\w*", "linear", 0.5, 1.0),
    TypicalRange(
        r"(lr_?)?gamma|lr_decay|decay|discount(_factor)?|(gae|td)_?lam(bda)?|polyak|(.*_)?ema(_decay|_rate|_momentum)?",
        "linear",
        0.8,
        0.999,
    ),
)


def typical_range(option: ScriptOption) -> tuple[Value, str, bool] | None:
    """Return an entry for `[space]`, the reason, and whether to search it at once.

    None: the parameter is not searched.
    """
    name, rule = _last_name(option), rule_of(option)
    if is_only_evaluated(name) or (is_fact_of_data(name) and option.type != "bool"):
        return None
    if _is_read_as_text(option):
        return None
    if option.choices and len(option.choices) > 1:
        if {*option.choices} == {0, 1} and is_never_searched(name, "bool"):
            return None
        return None if is_no_choice(name) else ({"choices": list(option.choices)}, "", False)
    if rule is None and (is_never_searched(name, option.type) or is_never_searched(option.role, option.type)):
        return None
    if option.type == "bool":
        return {"choices": [False, True]}, "", False
    if option.type not in ("int", "float", "any") or isinstance(option.default, str | list):
        return None
    if rule is None:
        return _around(option)
    return _range(rule, option), rule.why, rule.first


def _is_read_as_text(option: ScriptOption) -> bool:
    """Return whether a number arrives as a text where it is given: `add_argument("-d", default=512)`."""
    is_number = isinstance(option.default, int | float) and not isinstance(option.default, bool)
    form = option.form
    return is_number and form is not None and form.kind is FormKind.VALUE and form.reads is Reads.TEXT


def range_of_length(option: ScriptOption) -> tuple[Value, str, bool] | None:
    """Return an entry for `[space]` for how long a script trains, where nothing else can be searched."""
    is_length = LENGTHS.fullmatch(_last_name(option)) is not None
    entry = _around(option) if is_length else None
    return (entry[0], "nothing else of the script has a usual range", True) if entry else None


def rule_of(option: ScriptOption) -> TypicalRange | None:
    """Return the rule for a parameter, by its name or as a learning rate by its help; None without one."""
    name = _last_name(option)
    rule = _rule_named(name) if option.type != "bool" else None  # cos_lr turns a schedule on
    is_open = rule is None or name == "alpha"  # of LoRA, or of an optimizer
    if is_open and STEP_SIZE.fullmatch(name) and isinstance(option.default, float) and option.default < 1:
        return LEARNING_RATE
    if name == "gamma" and isinstance(option.default, int | float) and (option.default > 1 or option.default == 0):
        return None if option.role != "min_split_loss" else _rule_named(option.role)
    if name in OF_TREES and option.role == OF_TREES[name]:
        return _rule_named(option.role)
    if is_open and option.role and option.type in ("int", "float", "any"):
        return _rule_named(option.role)
    if rule is not None and name.endswith("rank") and option.default in (0, -1):
        return None  # of a process
    if rule is not None and name.startswith("eta") and not option.default:
        return None  # of a sampler of diffusion models: boosted trees give theirs a value
    is_rate = option.type in ("float", "any") and HELP_OF_LEARNING_RATE.match(option.help)
    return LEARNING_RATE if is_open and is_rate else rule


OF_TREES = {"gamma": "min_split_loss", "alpha": "penalty_of_trees", "lambda": "penalty_of_trees"}
"""What names with usual ranges mean where boosted trees are trained: `gamma` is no decay there."""
STEP_SIZE = re.compile(r"(?:.*_)?step_?size")
"""Names of what is a learning rate where it is a part of 1, and a number of epochs where it is whole."""


def _last_name(option: ScriptOption) -> str:
    return underscored(option.name.rsplit(".", 1)[-1])


def underscored(name: str) -> str:
    """Return a name in lower case, with `_` where another word begins: `batchSize` is `batch_size`."""
    return WORD_BEGINS.sub("_", name).lower()


WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]+$)")


def _rule_named(name: str) -> TypicalRange | None:
    return next((rule for rule in RULES if re.fullmatch(rule.pattern, name)), None)


HELP_OF_LEARNING_RATE = re.compile(
    r"(?:(?:set|use|the|an?|initial|starting|start|base|peak|max(?:imum)?|default|optimi[sz]er(?:'s)?|adam\w*|sgd)\s+)*"
    r"learning[ -]rates?\b"
    r"(?![^.,;(]*(?:decay|schedul|warm|factor|multipl|polic|gamma|drop|range|reduc|anneal|step|exp|cosine|linear|patience|mult))",
    re.IGNORECASE,
)
"""How the help of an option begins that is a learning rate, whatever it is called."""


def has_rule(name: str) -> bool:
    """Return whether a name is that of a hyperparameter."""
    return _rule_named(underscored(name)) is not None


LENGTHS = re.compile(
    r"(?:.*_)?(?:epochs?|iters?|iterations|episodes|timesteps|(?:train|training|max|num|n|total)_?(?:steps|batches)|patience|n?rounds?)(?:_num|_count)?"
    r"|num_?epoch|n_?epoch|numepochs?|nepochs?|maxepochs?|epoch_?num|step_size|optimizer|activation|scheduler|hidden\w*|"
    r"max_features|m(?:in|ax)_df|ngram_range|n_components|n_clusters|kernel|solver|penalty|criterion|hidden_layer_sizes|l1_ratio|"
    r"min_child_weight|reg_\w+|(?:num_|n_)?(?:filters|kernels|channels)|kernel_size|smoothing|epsilon|eps(?:ilon)?_\w+|max_?len(?:gth)?"
)
"""Names of how long a script trains, and of what else people tune that has no usual range."""


def is_tuned(name: str) -> bool:
    """Return whether people tune what has this name: a hyperparameter, or how long a script trains."""
    return has_rule(name) or LENGTHS.fullmatch(underscored(name)) is not None


def is_searched_at_once(name: str) -> bool:
    """Return whether a name is that of a hyperparameter that is tuned before others: a learning rate."""
    rule = _rule_named(underscored(name.rpartition(".")[2]))
    return rule is not None and rule.first


def is_learning_rate(option: ScriptOption) -> bool:
    """Return whether an option is tuned before others, by its name, its help or its use."""
    rule = rule_of(option)
    return rule is not None and rule.first


def suggested_first(options: Sequence[ScriptOption]) -> ScriptOption | None:
    """Return the parameter to search at once: a learning rate, else one with a rule.

    Without one: what people tune, then any. None if no parameter has a range.
    """

    def place(option: ScriptOption) -> tuple[bool, bool, bool, bool, bool, bool]:
        rule = rule_of(option)
        is_of_all = PLAIN_RATE.fullmatch(_last_name(option)) is not None
        is_number = option.type in ("int", "float") and option.default is not None
        is_usual = rule is not None or LENGTHS.fullmatch(_last_name(option)) is not None
        is_rate = rule is not None and rule.first
        return not is_rate, is_rate and not is_of_all, rule is None, not is_usual, not is_number, option.type == "bool"

    return min(options, key=place, default=None)


PLAIN_RATE = re.compile(r"(?:base|initial|init|peak|max|start)?_?(?:lr|learning_?rate)(?:_?0|_init|_max|_base|_start)?")
"""Names of the learning rate of a whole model: that of a part, `bert_lr`, may have no effect by default."""


def _around(option: ScriptOption) -> tuple[Value, str, bool] | None:
    """Return half to twice the default, for a parameter without a rule."""
    value = option.default
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0 or not math.isfinite(value):
        return None
    if isinstance(value, int):
        return (f"{max(1, value // 2)}..{value * 2} int", "around the default", False) if value > 1 else None
    most = value * 2
    if 0.5 <= value < 1.0:  # a share, a momentum or a decay: 0.9 is none of what may be 1.8
        most = max((1.0 + value) / 2, value)
    if value <= 1.0 and AT_MOST_1.fullmatch(option.name.rpartition(".")[2]):
        most = min(value * 2, 1.0)
    return f"{_decimal(two_digits(value / 2))}..{_decimal(two_digits(most))}", "around the default", False


AT_MOST_1 = re.compile(
    r"(?:.*_)?(?:p|prob\w*|quantile|ratio|frac\w*|share|percent\w*|utili[sz]ation|keep|confidence|start_e)(?:_.*)?",
    re.I,
)
"""Names of what is at most 1."""


def _range(rule: TypicalRange, option: ScriptOption) -> Value:
    """Return the entry of `[space]` for a rule; its type is that of the option or of its default."""
    default = option.default if isinstance(option.default, int | float) and option.default > 0 else None
    is_float = option.type == "float" or isinstance(option.default, float)
    is_int = option.type == "int" or (isinstance(option.default, int) and not is_float)
    is_part = is_float and default is not None and default <= 1  # alpha = 1e-4 of a penalty is none of LoRA
    # A gamma far below those of a decay is one of a kernel.
    is_small = rule.kind == "linear" and default is not None and default < rule.low / 2
    match "log" if (rule.kind == "twos" and is_part) or is_small else rule.kind:
        case "log":
            low, high = (default / 10, default * 10) if default else (rule.low, rule.high)
            if rule.first and default is not None and default < 1:
                high = min(high, 1.0)  # no step is longer than what it goes along
            if is_int and rule.pattern not in OF_TREES.values():
                return f"{max(1, int(low))}..{max(2, int(high))} int log"
            return f"{_decimal(two_digits(low))}..{_decimal(two_digits(high))} log"
        case "twos":
            centre = default or math.sqrt(rule.low * rule.high)
            power = max(0, round(math.log2(centre)))
            values: list[Value] = [2**n for n in range(max(0, power - 2), max(power + 2, 3))]
            if default and default not in values:
                values = sorted([*values, default])  # type: ignore[type-var]  # numbers, all of them
            return {"choices": [float(value) for value in values] if is_float else values}  # type: ignore[arg-type]
        case "whole" if not is_float:
            low, high = (max(rule.low, default // 2), default * 2) if default and default > 1 else (rule.low, rule.high)
            low = min(low, default) if default else low
            return f"{int(low)}..{int(high)} int"
        case "whole":
            return f"0.0..{_decimal(two_digits((default or rule.high) * 2))}"
    low = min(rule.low, default) if default is not None else rule.low
    return f"{_decimal(low)}..{_decimal(max(rule.high, default or 0))}"


def _decimal(value: float) -> str:
    """Return a number as text with a point or exponent, so that the range is one of floats."""
    text = number_text(value)
    return text if "." in text or "e" in text else f"{text}.0"


def two_digits(value: float) -> float:
    """Round to two significant digits."""
    return float(f"{value:.2g}")
