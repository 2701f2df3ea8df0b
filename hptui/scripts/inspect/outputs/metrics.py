"""What a script measures, by the names that hptui's own readers find in it: what it prints, logs and writes.

The literals of its calls become sample lines, which pass through the reader of output; keys of `wandb.log` are what the
tap reports; tags of `add_scalar` stand in TensorBoard's files alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.modes import skipped_calls
from hptui.scripts.inspect.outputs.catboost_output import larger_in_catboost
from hptui.scripts.inspect.outputs.chance import OF_RUNS, chance, means_of_rewards_first
from hptui.scripts.inspect.outputs.directions import errors_called_scores
from hptui.scripts.inspect.outputs.evaluated_keys import UNKNOWN_KEY
from hptui.scripts.inspect.outputs.folds import is_of_extreme, means_of_parts, means_of_runs
from hptui.scripts.inspect.outputs.held_out_values import of_validation_data
from hptui.scripts.inspect.outputs.ignite_output import handler_metrics, shown_by_ignite
from hptui.scripts.inspect.outputs.library_output import library_metrics, reported_metrics
from hptui.scripts.inspect.outputs.lightning_output import logged_by_lightning, root_of_lightning
from hptui.scripts.inspect.outputs.nameless import after_own, is_of_one_part
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.printed_names import printed_names
from hptui.scripts.inspect.outputs.ranking import (
    HELD_OUT_GROUPS,
    HELD_OUT_SPLITS,
    is_any_score,
    is_minimized,
    is_quality,
    is_task_score,
    means_first,
    rank,
    ranked,
    words_of,
)
from hptui.scripts.inspect.outputs.sample_texts import FRACTION
from hptui.scripts.inspect.outputs.selected import by_selection, selections, smallest_score_is_best
from hptui.scripts.inspect.outputs.trackers import unread_metrics
from hptui.scripts.inspect.outputs.trainer_output import (
    Evaluations,
    evaluations,
    scores_of_evaluations,
    trainer_metrics,
)
from hptui.scripts.inspect.outputs.written import WrittenFile, text_files, written_files
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument
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
    chance: dict[str, str] = field(default_factory=dict)
    """The likeliest objectives whose single values are chance, with what each value is of."""
    unread: dict[str, str] = field(default_factory=dict)
    """Metrics that go to a tracker alone, which nothing reads, with its name; the likeliest objective first."""
    of_runs: set[str] = field(default_factory=set)
    """Means over several trainings, which are printed at the end."""
    notes: list[str] = field(default_factory=list)
    """What the user should know of how the script measures."""


def measured(tree: ast.Module, defaults: Mapping[str, Any] | None = None) -> Measured:
    """Return what a script measures; `defaults` are those of its options."""
    given = defaults or {}
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    values = GivenValues(tree, given)
    zero = {name for name, value in given.items() if value == 0 and not isinstance(value, bool)}
    skipped = skipped_calls(
        tree, {name for name, value in given.items() if value is None or value is False or value == ""}, zero
    )
    samples = Samples(tree, texts, skipped=skipped)
    sources: dict[str, str] = {}
    places: dict[str, set[str]] = {}
    errors: set[str] = set()
    names = dict.fromkeys(_reported(tree, samples, values, skipped))
    names |= dict.fromkeys(printed_names(samples, tree, sources, places, errors, spreads := set[str]()))
    of_libraries = _names_of_libraries(tree, samples, values, names)
    names |= dict.fromkeys(of_libraries)
    tags = _tags_of_scalars(tree, samples, skipped)
    directories = _event_directories(tree)
    shown, logged = logged_by_lightning(tree, samples, values)
    readable = [name for name in [*names, *shown] if name in of_libraries or _says_quality(name, sources)]
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
    readable, tags, in_files, logged = ([name for name in names if _is_known(name)] for names in every)
    known = [*readable, *tags, *in_files]
    if not any(is_quality(name) and rank(name)[0] <= HELD_OUT_GROUPS for name in known):
        # `eval_rm=0.3`: of held-out data, whatever it is
        readable += [name for name in [*names, *shown] if _is_of_held_out_data(name) and _is_known(name)]
        in_files = [name for name in in_files if is_quality(name) or _is_of_held_out_data(name)]
    else:
        in_files = [name for name in in_files if is_quality(name)]
    of_runs = means_of_runs(tree, spreads, sources)
    means = means_of_parts(tree, sources) | of_runs
    extremes = {name: direction for name in of_runs if (direction := is_of_extreme(name)) is not None}
    readable += [name for name in extremes if name not in readable]
    selected = selections(tree)
    chosen = by_selection([*readable, *tags, *logged, *in_files], sources, selected)
    modules = imported_modules(tree)
    if not chosen and modules & TRAINER_LIBRARIES:
        scores = scores_of_evaluations(tree, values, skipped)
        chosen = {name: larger_is_better(name) for name in scores if is_task_score(name)}
    larger = larger_in_catboost(tree) | {name for name, is_larger in extremes.items() if is_larger}
    larger |= {
        name for name, source in sources.items() if not is_quality(name) and larger_is_better(_quality_of(source))
    }
    validated = of_validation_data(tree, chosen, sources)
    readable = means_first(ranked(readable, places, chosen, validated), means, chosen)
    readable = after_own(readable, [name for name in of_libraries if is_of_one_part(tree, name)])
    tagged = ranked((tag for tag in [*tags, *logged] if is_quality(tag) or tag in chosen), places, chosen)
    readable, tagged = (means_of_rewards_first(names, sources, chosen) for names in (readable, tagged))
    unread = unread_metrics(tree, samples, dict.fromkeys([*readable, *tagged, *in_files]))
    firsts = [*readable[:1], *tagged[:1]] if not modules & TRAINER_LIBRARIES else []
    return Measured(
        readable,
        tagged,
        directories,
        lightning=bool(logged) and not directories,
        lightning_root=root_of_lightning(tree) if logged else None,
        files=files,
        in_files=ranked(in_files, places, chosen),
        maximized=larger | {name for name, is_larger in chosen.items() if is_larger and not is_minimized(name)},
        minimized={name for name, is_larger in chosen.items() if not is_larger and is_any_score(name)}
        | {name for name in readable if is_any_score(name) and smallest_score_is_best(selected)}
        | errors
        | {name for name, is_larger in extremes.items() if not is_larger}
        | errors_called_scores(tree, sources),
        unread={name: unread[name] for name in ranked(unread)},
        chance={name: of for name in firsts if (of := chance(tree, name, sources, places.get(name, ())))}
        | dict.fromkeys(of_runs, OF_RUNS),
        of_runs=of_runs,
        notes=[*_notes(tree, values, skipped)],
    )


def _names_of_libraries(tree: ast.Module, samples: Samples, values: GivenValues, printed: Iterable[str]) -> list[str]:
    """Return the metrics that libraries print, and what a script reports that nothing `printed` is."""
    names = [*library_metrics(tree, values), *shown_by_ignite(tree, samples)]
    names += [name for logger in READ_LOGGERS for name in handler_metrics(tree, samples, logger)]
    known = {canonical_name(name) for name in (*printed, *names)}
    return [*names, *(name for name in reported_metrics(tree) if canonical_name(name) not in known)]


READ_LOGGERS = ("WandBLogger", "MLflowLogger")
"""Loggers of ignite whose values the tap reads."""


def _tags_of_scalars(tree: ast.Module, samples: Samples, skipped: Collection[int]) -> list[str]:
    """Return the tags that a script writes to TensorBoard's event files."""
    scalars = [call for name, call in calls(tree) if name.endswith(".add_scalar") and id(call) not in skipped]
    tags = [tag for call in scalars for tag in _tags(call, samples)]
    return [*tags, *handler_metrics(tree, samples, "TensorboardLogger")]


def _says_quality(name: str, sources: Mapping[str, str]) -> bool:
    """Return whether a printed name, or the expression behind it, says how good a model is."""
    return is_quality(name) or bool(_quality_of(sources.get(name, "")) and _may_be_quality(name, sources))


def _event_directories(tree: ast.Module) -> list[ast.expr]:
    """Return the directories that writers of TensorBoard's event files are given."""
    writers = [call for name, call in calls(tree) if name.rsplit(".", 1)[-1] in EVENT_WRITERS]
    return [argument for call in writers if (argument := _directory(call)) is not None]


def _notes(tree: ast.Module, values: GivenValues, skipped: set[int]) -> Iterator[str]:
    """Yield what a script leaves out of what it could measure."""
    is_known = bool(imported_modules(tree) & TRAINER_LIBRARIES)
    if is_known and evaluations(tree, values, skipped) is Evaluations.ARE_NOT_ASKED_FOR:
        yield (
            "the script has data to evaluate with, but its Trainer never evaluates: it would with"
            ' eval_strategy="epoch" in its TrainingArguments'
        )


STAND_IN = FRACTION
"""What stands in a name for a part that the source does not show."""
NO_MEASURE = re.compile(
    r"every|freq|interval|steps?|epochs?|episodes?|iters?|size|samples?|batch\w*|time|secs?|num|n|count|prompts?|ratio|split|frac\w*|"
    r"years?|months?|days?|dates?|periods?|start|end|id|ids|idx|index|fold|seed|mode|name|loader|labels?|class|classes|"
    r"len\w*|metrics?|results?|outputs?|predictions?|preds?|reports?|stats|logs?|summary|following|inds?|indices|rows?|records?|points?|users?|images?|frames?|items?|tokens?|kl|runtime|per|second|path|dir|file|set|data|dataset|examples?|speed|lr|accumulation"
)
"""Words of what belongs to an evaluation and measures nothing by itself."""


def _is_known(name: str) -> bool:
    """Return whether the source shows all of a name."""
    return STAND_IN not in name and UNKNOWN_KEY not in name


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


def _reported(tree: ast.Module, samples: Samples, values: GivenValues, skipped: set[int]) -> list[str]:
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
            names += samples.keys_of(call, lambda call: call.args[0] if call.args else None)
        elif owner in MLFLOW_OWNERS and last in ("log_metric", "log_metrics"):
            is_single = last == "log_metric"
            names += samples.keys_of(call, _named_by_key if is_single else _table_of_metrics)
        elif last == "write_scalars" and "clu" in modules:  # its writers print what they write
            names += samples.keys_of(call, lambda call: call.args[1] if len(call.args) > 1 else None)
        elif last == "report" and owner in ("hptui", ""):
            names += [word.arg for word in call.keywords if word.arg] if "hptui" in modules else []
    if modules & TRAINER_LIBRARIES:
        names += [*scores_of_evaluations(tree, values, skipped), *trainer_metrics(tree, values, skipped)]
    return names


EVENT_WRITERS = ("SummaryWriter", "TensorBoardLogger", "TensorboardLogger", "create_file_writer")
"""What writes TensorBoard's files, with the directory as an argument."""
TRAINER_LIBRARIES = {"transformers", "trl", "sentence_transformers", "setfit", "unsloth"}
"""Libraries with the Trainer of transformers, or one that derives from it."""
MLFLOW_OWNERS = ("mlflow", "mlflow.tracking.fluent")
"""What metrics are logged with, in a script that uses MLflow."""


def _tags(call: ast.Call, samples: Samples) -> list[str]:
    return samples.keys_of(call, _named_by_key)


def _named_by_key(call: ast.Call) -> ast.expr | None:
    """Return the table of what a call logs under one name: `add_scalar("Loss/train", loss)`."""
    named = keyword_argument(call, "tag") or keyword_argument(call, "key")
    node = call.args[0] if call.args else named
    return ast.Dict([node], [ast.Constant(0)]) if node is not None else None


def _table_of_metrics(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else keyword_argument(call, "metrics")


def _directory(call: ast.Call) -> ast.expr | None:
    names = ("log_dir", "logdir", "save_dir")
    return call.args[0] if call.args else next((node for name in names if (node := keyword_argument(call, name))), None)


def best_rank(metrics: Measured) -> tuple[int, ...]:
    """Return the key of the likeliest objective among all metrics, wherever they are."""
    firsts = [names[0] for names in (metrics.readable, metrics.tagged, metrics.in_files) if names]
    return min(map(rank, firsts), default=(len(HELD_OUT_SPLITS),))
