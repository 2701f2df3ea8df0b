"""What a script measures, by the names that hptui's own readers find in it: what it prints, logs and writes.

The literals of its calls become sample lines, which pass through the reader of output; keys of `wandb.log` are what the
tap reports; tags of `add_scalar` stand in TensorBoard's files alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect.catboost_output import larger_in_catboost
from hptui.scripts.inspect.folds import means_of_parts
from hptui.scripts.inspect.library_output import handler_metrics, library_metrics, trainer_metrics
from hptui.scripts.inspect.modes import skipped_calls
from hptui.scripts.inspect.printed import Samples
from hptui.scripts.inspect.printed_names import printed_names
from hptui.scripts.inspect.ranking import (
    HELD_OUT_GROUPS,
    HELD_OUT_SPLITS,
    is_any_score,
    is_loss,
    is_quality,
    means_first,
    rank,
    ranked,
    words_of,
)
from hptui.scripts.inspect.sample_texts import FRACTION
from hptui.scripts.inspect.selected import by_selection, selections, smallest_score_is_best
from hptui.scripts.inspect.shown import functions_of_calls
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.inspect.written import WrittenFile, text_files, written_files
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.syntax_nodes import nodes_of

METRIC_NAME = re.compile(
    r"(?:[A-Za-z]+[/_ .-])*"
    r"(?:loss|acc|accuracy|ppl|perplexity|bleu|rouge[\w]*|f1|reward|mse|mae|score|error)",
    re.IGNORECASE,
)


@dataclass
class Measured:
    """The metrics of a script: `readable` as it runs, `tagged` in TensorBoard's files; the likeliest objective first.

    `directories` are the arguments that say where these files are, as expressions. With `lightning` they are where
    its loggers write by default. `files` are those that the script itself writes, `in_files` the metrics in them.
    """

    readable: list[str] = field(default_factory=list)
    tagged: list[str] = field(default_factory=list)
    directories: list[ast.expr] = field(default_factory=list)
    lightning: bool = False
    lightning_root: ast.expr | None = None
    """The directory that its Trainer is given, below which these loggers write."""
    files: list[WrittenFile] = field(default_factory=list)
    in_files: list[str] = field(default_factory=list)
    maximized: set[str] = field(default_factory=set)
    """Metrics whose names do not say that larger is better, but whose expressions do: `Val: {val_acc}`."""
    minimized: set[str] = field(default_factory=set)
    """Scores that are errors: of which a smaller one is kept, or that are printed so: `Test Score: 0.3 RMSE`."""


def measured(tree: ast.Module, texts: Mapping[str, str] | None = None, off: Iterable[str] = ()) -> Measured:
    """Return what a script measures.

    `texts` are the defaults of its options that are texts, `off` the options that are off by default.
    """
    skipped = skipped_calls(tree, set(off))
    samples = Samples(tree, texts, skipped=skipped)
    names: dict[str, None] = {}
    names |= dict.fromkeys(_reported(tree, samples, skipped))
    sources: dict[str, str] = {}
    places: dict[str, set[str]] = {}
    errors: set[str] = set()
    names |= dict.fromkeys(printed_names(samples, tree, sources, places, errors))
    of_libraries = [*library_metrics(tree), *handler_metrics(tree, samples, "WandBLogger")]
    names |= dict.fromkeys(of_libraries)
    scalars = [call for name, call in calls(tree) if name.endswith(".add_scalar") and id(call) not in skipped]
    tags = [tag for call in scalars for tag in _tags(call, samples)]
    tags += handler_metrics(tree, samples, "TensorboardLogger")
    directories = [
        argument
        for name, call in calls(tree)
        if name.rsplit(".", 1)[-1] in EVENT_WRITERS and (argument := _directory(call)) is not None
    ]
    shown, logged = _logged_by_lightning(tree, samples)
    readable = [
        name
        for name in [*names, *shown]
        if name in of_libraries
        or is_quality(name)
        or (_quality_of(sources.get(name, "")) and _may_be_quality(name, sources))
    ]
    if not readable and not tags and not logged:  # `valid=0.31` alone: a number of held-out data
        readable = [name for name in sources if canonical_name(name) in HELD_OUT_SPLITS]
    in_text = [
        name
        for name in printed_names(Samples(tree, texts, of_files=True), tree, sources, places, errors)
        if is_quality(name)
    ]
    files = [*written_files(tree, samples), *text_files(tree, in_text)]
    in_files = [name for file in files for name in file.names]
    every = (readable, tags, in_files, logged)
    readable, tags, in_files, logged = ([name for name in names if STAND_IN not in name] for names in every)
    known = [*readable, *tags, *in_files]
    if not any(is_quality(name) and rank(name)[0] <= HELD_OUT_GROUPS for name in known):
        # `eval_rm=0.3`: of held-out data, whatever it is
        readable += [name for name in names if _is_of_held_out_data(name) and STAND_IN not in name]
        in_files = [name for name in in_files if is_quality(name) or _is_of_held_out_data(name)]
    else:
        in_files = [name for name in in_files if is_quality(name)]
    means = means_of_parts(tree, sources)
    selected = selections(tree)
    chosen = by_selection([*readable, *tags, *logged, *in_files], sources, selected)
    larger = larger_in_catboost(tree) | {
        name for name, source in sources.items() if not is_quality(name) and larger_is_better(_quality_of(source))
    }
    return Measured(
        means_first(ranked(readable, places, chosen), means, chosen),
        ranked((tag for tag in [*tags, *logged] if is_quality(tag) or tag in chosen), places, chosen),
        directories,
        lightning=bool(logged) and not directories,
        lightning_root=_root_of_lightning(tree) if logged else None,
        files=files,
        in_files=ranked(in_files, places, chosen),
        maximized=larger | {name for name, is_larger in chosen.items() if is_larger and not is_loss(name)},
        minimized={name for name, is_larger in chosen.items() if not is_larger and is_any_score(name)}
        | {name for name in readable if is_any_score(name) and smallest_score_is_best(selected)}
        | errors,
    )


STAND_IN = FRACTION
"""What stands in a name for a part that the source does not show."""
NO_MEASURE = re.compile(
    r"every|freq|interval|steps?|epochs?|episodes?|iters?|size|samples?|batch\w*|time|secs?|num|n|count|prompts?|ratio|split|frac\w*|"
    r"years?|months?|days?|dates?|periods?|start|end|id|ids|idx|index|fold|seed|mode|name|loader|labels?|class|classes|"
    r"len\w*|following|inds?|indices|rows?|records?|points?|users?|images?|frames?|items?|tokens?|kl|runtime|per|second|path|dir|file|set|data|dataset|examples?|speed|lr|accumulation"
)
"""Words of what belongs to an evaluation and measures nothing by itself."""


def _is_of_held_out_data(name: str) -> bool:
    words = words_of(name)
    return len(words) > 1 and words[0] in HELD_OUT_SPLITS and not any(map(NO_MEASURE.fullmatch, words[1:]))


def _may_be_quality(name: str, sources: Mapping[str, str]) -> bool:
    return not _is_abbreviated(name, sources) and not COUNTED.fullmatch(words_of(name)[-1])


COUNTED = re.compile(r"images?|samples?|examples?|batches|frames?|items?|time|steps?|epochs?|set")
"""What an accuracy is one of: `accuracy on the 160 test images: 93.1%`."""


def _is_abbreviated(name: str, sources: Mapping[str, str]) -> bool:
    """Return whether a name only looks like a split: `val={value_loss}` is no loss of validation."""
    words = words_of(sources.get(name, ""))
    return canonical_name(name) in HELD_OUT_SPLITS and "value" in words


def _quality_of(source: str) -> str:
    """Return the first name of a metric in an expression; '' if it has none."""
    return next((name for name in re.findall(r"[A-Za-z_]\w+", source) if is_quality(name)), "")


LIGHTNING_MODULES = {"lightning", "pytorch_lightning"}


def _logged_by_lightning(tree: ast.Module, samples: Samples) -> tuple[list[str], list[str]]:
    """Return the names that Lightning shows in its progress bar, and those in the files of its loggers."""
    if not imported_modules(tree) & LIGHTNING_MODULES:
        return [], []
    shown, logged = list[str](), list[str]()
    in_tables = _shown_in_tables(tree)
    for name, call in calls(tree):
        if name in ("self.log", "self.log_dict", "pl_module.log") and call.args:
            first = call.args[0]
            keys = samples.keys(first if name.endswith("dict") else ast.Dict([first], [ast.Constant(0)]))
            in_bar = literal_value(keyword_argument(call, "prog_bar")) is True
            (shown if in_bar or id(call) in in_tables else logged).extend(keys)
    return shown, logged


def _shown_in_tables(tree: ast.Module) -> set[int]:
    """Return the calls in the steps of whose values Lightning prints a table: of `trainer.test(…)`."""
    methods = {name.rpartition(".")[2] for name, _ in calls(tree) if "trainer" in name.lower()}
    steps = {"test": "test", "validate": "validation"}
    parts = [part for method, part in steps.items() if method in methods]
    return {
        call for call, name in functions_of_calls(tree) if any(name.removeprefix("on_").startswith(p) for p in parts)
    }


def _root_of_lightning(tree: ast.Module) -> ast.expr | None:
    given = (keyword_argument(call, "default_root_dir") for name, call in calls(tree) if name.endswith("Trainer"))
    return next((node for node in given if node is not None), None)


def _reported(tree: ast.Module, samples: Samples, skipped: set[int]) -> list[str]:
    """Return the names that the tap and `hptui.report` report in full precision.

    Calls that are `skipped` do not run by default.
    """
    modules, names = imported_modules(tree), []
    logs_to_wandb = "wandb" in modules
    runs = {
        dotted_name(node.targets[0])
        for node in nodes_of(tree, ast.Assign)
        if isinstance(node.value, ast.Call) and dotted_name(node.value.func) == "wandb.init"
    }
    for name, call in calls(tree):
        owner, _, last = name.rpartition(".")
        if id(call) in skipped:
            continue
        if last == "log" and logs_to_wandb and (owner in ("wandb", "wandb.run", "run", "self.run") or owner in runs):
            names += samples.keys(call.args[0]) if call.args else []
        elif owner in MLFLOW_OWNERS and last in ("log_metric", "log_metrics"):
            first = call.args[0] if call.args else keyword_argument(call, "key" if last == "log_metric" else "metrics")
            table = ast.Dict([first], [ast.Constant(0)]) if last == "log_metric" and first is not None else first
            names += samples.keys(table)
        elif last == "report" and owner in ("hptui", ""):
            names += [word.arg for word in call.keywords if word.arg] if "hptui" in modules else []
    names += trainer_metrics(tree) if modules & TRAINER_LIBRARIES else []
    return names


EVENT_WRITERS = ("SummaryWriter", "TensorBoardLogger", "TensorboardLogger", "create_file_writer")
"""What writes TensorBoard's files, with the directory as an argument."""
TRAINER_LIBRARIES = {"transformers", "trl", "sentence_transformers", "setfit", "unsloth"}
"""Libraries with the Trainer of transformers, or one that derives from it."""
MLFLOW_OWNERS = ("mlflow", "mlflow.tracking.fluent")
"""What metrics are logged with, in a script that uses MLflow."""


def _tags(call: ast.Call, samples: Samples) -> list[str]:
    node = call.args[0] if call.args else keyword_argument(call, "tag")
    return samples.keys(ast.Dict([node], [ast.Constant(0)])) if node is not None else []


def _directory(call: ast.Call) -> ast.expr | None:
    names = ("log_dir", "logdir", "save_dir")
    return call.args[0] if call.args else next((node for name in names if (node := keyword_argument(call, name))), None)


def best_rank(metrics: Measured) -> tuple[int, ...]:
    """Return the key of the likeliest objective among all metrics, wherever they are."""
    firsts = [names[0] for names in (metrics.readable, metrics.tagged, metrics.in_files) if names]
    return min(map(rank, firsts), default=(len(HELD_OUT_SPLITS),))
