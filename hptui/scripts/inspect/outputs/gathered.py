"""The names of what a script measures, by where they arrive: in its output, in the tap, in files.

They are gathered here; `metrics.py` ranks them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.outputs.data_of_calls import calls_in_passes
from hptui.scripts.inspect.outputs.evaluated_keys import UNKNOWN_KEY
from hptui.scripts.inspect.outputs.ignite_output import handler_metrics, shown_by_ignite
from hptui.scripts.inspect.outputs.library_output import library_metrics, reported_metrics
from hptui.scripts.inspect.outputs.lightning_output import logged_by_lightning
from hptui.scripts.inspect.outputs.logged_data import LoggedData
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.printed_names import ShownValues, printed_names
from hptui.scripts.inspect.outputs.ranking import HELD_OUT_GROUPS, HELD_OUT_SPLITS, is_quality, rank, words_of
from hptui.scripts.inspect.outputs.sample_texts import FRACTION, WHOLE
from hptui.scripts.inspect.outputs.trainer_output import scores_of_evaluations, trainer_metrics
from hptui.scripts.inspect.outputs.written import WrittenFile, text_files, written_files
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.syntax_nodes import nodes_of


@dataclass
class Gathered:
    """What a script measures before any of it is ranked, by where it arrives."""

    readable: list[str]
    tags: list[str]
    logged: list[str]
    in_files: list[str]
    files: list[WrittenFile]
    of_libraries: list[str]
    shown: ShownValues
    """What lines say of them."""
    indistinct: set[str]
    """What is shown or logged of training and of held-out data under one name."""
    of_runs: list[str]
    """Names of which only a run shows a number, with a mark in its place: `ndcg@…`."""


def gathered(
    tree: ast.Module, samples: Samples, texts: Mapping[str, str], values: GivenValues, skipped: set[int]
) -> Gathered:
    """Return what a script measures; calls that are `skipped` do not run by default."""
    lines, of_files, data = ShownValues(), ShownValues(), LoggedData(tree)
    reported = dict.fromkeys(_reported(tree, samples, values, skipped, data))
    names = reported | dict.fromkeys(printed_names(samples, tree, lines))
    of_libraries = _names_of_libraries(tree, samples, values, names)
    names |= dict.fromkeys(of_libraries)
    tags = _tags_of_scalars(tree, samples, skipped, data)
    shown, logged = logged_by_lightning(tree, samples, values, data)
    readable = [name for name in [*names, *shown] if name in of_libraries or _says_quality(name, lines.sources)]
    if not readable and not tags and not logged:  # `valid=0.31` alone: a number of held-out data
        readable = [name for name in lines.sources if canonical_name(name) in HELD_OUT_SPLITS]
    in_text = printed_names(Samples(tree, texts, of_files=True), tree, of_files)
    in_text = [name for name in in_text if is_quality(name) and name not in of_files.indistinct()]
    files = [*written_files(tree, samples), *text_files(tree, in_text)]
    lines.add(of_files)
    in_files = [name for file in files for name in file.names]
    every = (readable, tags, logged, in_files)
    readable, tags, logged, in_files = ([name for name in some if _is_known(name)] for some in every)
    of_runs = [STAND_IN.sub("…", name) for some in every for name in some if is_quality(name) and not _is_known(name)]
    of_both = (lines.indistinct() - reported.keys()) | data.indistinct()
    result = Gathered(readable, tags, logged, in_files, files, of_libraries, lines, of_both, of_runs)
    return _with_numbers_of_held_out_data(result, [*names, *shown])


def _with_numbers_of_held_out_data(gathering: Gathered, names: Iterable[str]) -> Gathered:
    """Return what was gathered, with any number of held-out data where nothing says what it measures.

    `eval_rm=0.3` is one of the `names` then.
    """
    known = [*gathering.readable, *gathering.tags, *gathering.in_files]
    if any(is_quality(name) and rank(name)[0] <= HELD_OUT_GROUPS for name in known):
        return replace(gathering, in_files=[name for name in gathering.in_files if is_quality(name)])
    more = [name for name in names if _is_of_held_out_data(name) and _is_known(name)]
    in_files = [name for name in gathering.in_files if is_quality(name) or _is_of_held_out_data(name)]
    return replace(gathering, readable=[*gathering.readable, *more], in_files=in_files)


def _is_known(name: str) -> bool:
    """Return whether the source shows all of a name."""
    return STAND_IN.search(name) is None and UNKNOWN_KEY not in name


STAND_IN = re.compile(rf"{re.escape(FRACTION)}\d*|{WHOLE}")
"""What stands in a name for a part that the source does not show."""


def _is_of_held_out_data(name: str) -> bool:
    words = words_of(name)
    return len(words) > 1 and words[0] in HELD_OUT_SPLITS and not any(map(NO_MEASURE.fullmatch, words[1:]))


NO_MEASURE = re.compile(
    r"every|freq|interval|steps?|epochs?|episodes?|iters?|size|samples?|batch\w*|time|secs?|num|n|count|prompts?|ratio|split|frac\w*|"
    r"years?|months?|days?|dates?|periods?|start|end|id|ids|idx|index|fold|seed|mode|name|loader|labels?|class|classes|"
    r"len\w*|metrics?|results?|outputs?|predictions?|preds?|reports?|stats|logs?|summary|following|inds?|indices|rows?|records?|points?|users?|images?|frames?|items?|tokens?|kl|runtime|per|second|path|dir|file|set|data|dataset|examples?|speed|lr|accumulation"
)
"""Words of what belongs to an evaluation and measures nothing by itself."""


def _says_quality(name: str, sources: Mapping[str, str]) -> bool:
    """Return whether a printed name, or the expression behind it, says how good a model is."""
    return is_quality(name) or bool(quality_of(sources.get(name, "")) and _may_be_quality(name, sources))


def _may_be_quality(name: str, sources: Mapping[str, str]) -> bool:
    return not _is_abbreviated(name, sources) and not COUNTED.fullmatch(words_of(name)[-1])


COUNTED = re.compile(r"images?|samples?|examples?|batches|frames?|items?|time|steps?|epochs?|set")
"""What an accuracy is one of: `accuracy on the 160 test images: 93.1%`."""


def _is_abbreviated(name: str, sources: Mapping[str, str]) -> bool:
    """Return whether a name only looks like a split: `val={value_loss}` is no loss of validation."""
    words = words_of(sources.get(name, ""))
    return canonical_name(name) in HELD_OUT_SPLITS and "value" in words


def quality_of(source: str) -> str:
    """Return the first name of a metric in an expression; '' if it has none."""
    return next((name for name in re.findall(r"[A-Za-z_]\w+", source) if is_quality(name)), "")


def _names_of_libraries(tree: ast.Module, samples: Samples, values: GivenValues, printed: Iterable[str]) -> list[str]:
    """Return the metrics that libraries print, and what a script reports that nothing `printed` is."""
    names = [*library_metrics(tree, values), *shown_by_ignite(tree, samples)]
    names += [name for logger in READ_LOGGERS for name in handler_metrics(tree, samples, logger)]
    known = {canonical_name(name) for name in (*printed, *names)}
    return [*names, *(name for name in reported_metrics(tree) if canonical_name(name) not in known)]


READ_LOGGERS = ("WandBLogger", "MLflowLogger")
"""Loggers of ignite whose values the tap reads."""


def _reported(
    tree: ast.Module, samples: Samples, values: GivenValues, skipped: set[int], data: LoggedData
) -> list[str]:
    """Return the names that the tap and `hptui.report` report in full precision.

    Calls that are `skipped` do not run by default; `data` gets the others with their names.
    """
    modules, names = imported_modules(tree), list[str]()
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
        own = list[str]()
        if last == "log" and logs_to_wandb and (owner in ("wandb", "wandb.run", "run", "self.run") or owner in runs):
            own = samples.keys_of(call, lambda call: call.args[0] if call.args else None)
        elif owner in MLFLOW_OWNERS and last in ("log_metric", "log_metrics"):
            is_single = last == "log_metric"
            own = samples.keys_of(call, _named_by_key if is_single else _table_of_metrics)
        elif last == "write_scalars" and "clu" in modules:  # its writers print what they write
            own = samples.keys_of(call, lambda call: call.args[1] if len(call.args) > 1 else None)
        elif last == "report" and owner in ("hptui", "") and "hptui" in modules:
            own = [word.arg for word in call.keywords if word.arg]
        data.add(call, own)
        names += own
    if modules & TRAINER_LIBRARIES:
        names += [*scores_of_evaluations(tree, values, skipped), *trainer_metrics(tree, values, skipped)]
    return names


TRAINER_LIBRARIES = {"transformers", "trl", "sentence_transformers", "setfit", "unsloth"}
"""Libraries with the Trainer of transformers, or one that derives from it."""


MLFLOW_OWNERS = ("mlflow", "mlflow.tracking.fluent")
"""What metrics are logged with, in a script that uses MLflow."""


def _tags_of_scalars(tree: ast.Module, samples: Samples, skipped: Collection[int], data: LoggedData) -> list[str]:
    """Return the tags that a script writes to TensorBoard's files, without those of single batches.

    `data` gets them with their calls.
    """
    writers = [call for name, call in calls(tree) if name.rpartition(".")[2] in EVENT_WRITERS]
    if writers and all(id(call) in skipped for call in writers):  # without a writer nothing is written
        return handler_metrics(tree, samples, "TensorboardLogger")
    left_out = {*skipped, *calls_in_passes(tree)}
    scalars = [call for name, call in calls(tree) if name.endswith(".add_scalar") and id(call) not in left_out]
    tags = list[str]()
    for call in scalars:
        own = samples.keys_of(call, _named_by_key)
        data.add(call, own)
        tags += own
    return [*tags, *handler_metrics(tree, samples, "TensorboardLogger")]


EVENT_WRITERS = ("SummaryWriter", "TensorBoardLogger", "TensorboardLogger", "create_file_writer")
"""What writes TensorBoard's files, with the directory as an argument."""


def _named_by_key(call: ast.Call) -> ast.expr | None:
    """Return the table of what a call logs under one name: `add_scalar("Loss/train", loss)`."""
    named = keyword_argument(call, "tag") or keyword_argument(call, "key")
    node = call.args[0] if call.args else named
    return ast.Dict([node], [ast.Constant(0)]) if node is not None else None


def _table_of_metrics(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else keyword_argument(call, "metrics")
