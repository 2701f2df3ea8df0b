"""What a script measures, by the names that hptui's own readers find in it: what it prints, logs and writes.

The literals of its calls become sample lines, which pass through the reader of output; keys of `wandb.log` are what the
tap reports; tags of `add_scalar` stand in TensorBoard's files alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.modes import skipped_calls
from hptui.scripts.inspect.outputs.catboost_output import larger_in_catboost
from hptui.scripts.inspect.outputs.chance import OF_BATCHES_SO_FAR, OF_RUNS, chance, means_of_rewards_first
from hptui.scripts.inspect.outputs.data_of_calls import TRAINING
from hptui.scripts.inspect.outputs.directions import errors_called_scores
from hptui.scripts.inspect.outputs.folds import is_of_extreme, means_of_parts, means_of_runs
from hptui.scripts.inspect.outputs.gathered import EVENT_WRITERS, TRAINER_LIBRARIES, gathered, quality_of
from hptui.scripts.inspect.outputs.held_out_values import of_validation_data
from hptui.scripts.inspect.outputs.indistinct import without_unclear
from hptui.scripts.inspect.outputs.lightning_output import root_of_lightning
from hptui.scripts.inspect.outputs.nameless import after_own, is_of_one_part
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.printed_names import ShownValues
from hptui.scripts.inspect.outputs.ranking import (
    HELD_OUT_SPLITS,
    NO_SPLIT,
    is_any_score,
    is_minimized,
    is_quality,
    is_task_score,
    means_first,
    rank,
    ranked,
    see_held_out_data,
)
from hptui.scripts.inspect.outputs.selected import by_selection, selections, smallest_score_is_best
from hptui.scripts.inspect.outputs.trackers import unread_metrics
from hptui.scripts.inspect.outputs.trainer_output import (
    Evaluations,
    evaluations,
    scores_of_evaluations,
)
from hptui.scripts.inspect.outputs.written import WrittenFile
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument
from hptui.scripts.syntax_nodes import assigned_to

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
    is_held_out: bool = False
    """Whether the first readable one names no data, and is printed by functions that see held-out data alone."""
    of_training: set[str] = field(default_factory=set)
    """Metrics that only functions show which see training data alone."""
    indistinct: list[str] = field(default_factory=list)
    """What would be an objective, and is shown of training and of held-out data under one name."""
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
    numbers = {name: value for name, value in given.items() if isinstance(value, int) and not isinstance(value, bool)}
    samples = Samples(tree, texts, numbers=numbers, skipped=skipped)
    gathering = gathered(tree, samples, texts, values, skipped)
    shown = gathering.shown
    of_runs = means_of_runs(tree, shown.spreads, shown.sources)
    extremes = {name: direction for name in of_runs if (direction := is_of_extreme(name)) is not None}
    readable = list(dict.fromkeys([*gathering.readable, *extremes]))
    selected, modules = selections(tree), imported_modules(tree)
    chosen = by_selection([*readable, *gathering.tags, *gathering.logged, *gathering.in_files], shown.sources, selected)
    if not chosen and modules & TRAINER_LIBRARIES:
        scores = scores_of_evaluations(tree, values, skipped)
        chosen = {name: larger_is_better(name) for name in scores if is_task_score(name)}
    validated = of_validation_data(tree, chosen, shown.sources)
    means = means_of_parts(tree, shown.sources) | of_runs
    readable = means_first(ranked(readable, shown.places, chosen, validated), means, chosen)
    readable = after_own(readable, [name for name in gathering.of_libraries if is_of_one_part(tree, name)])
    scalars = (tag for tag in [*gathering.tags, *gathering.logged] if is_quality(tag) or tag in chosen)
    tagged = ranked(scalars, shown.places, chosen)
    notes_of_unclear, readable = without_unclear(tree, gathering, readable)
    notes_of_tags, tagged = without_unclear(tree, gathering, tagged)
    readable, tagged = (means_of_rewards_first(names, shown.sources, chosen) for names in (readable, tagged))
    unread = unread_metrics(tree, samples, dict.fromkeys([*readable, *tagged, *gathering.in_files]))
    firsts = [*readable[:1], *tagged[:1]] if not modules & TRAINER_LIBRARIES else []
    by_chance = {name: _chance(tree, name, shown) for name in firsts}
    directories = _event_directories(tree)
    return Measured(
        readable,
        tagged,
        directories,
        lightning=bool(gathering.logged) and not directories,
        lightning_root=root_of_lightning(tree) if gathering.logged else None,
        files=gathering.files,
        in_files=ranked(gathering.in_files, shown.places, chosen),
        maximized=_maximized(tree, shown.sources, chosen) | {name for name, is_larger in extremes.items() if is_larger},
        minimized=_minimized(tree, shown, chosen, readable if smallest_score_is_best(selected) else ())
        | {name for name, is_larger in extremes.items() if not is_larger},
        unread={name: unread[name] for name in ranked(unread)},
        chance={name: of for name, of in by_chance.items() if of} | dict.fromkeys(of_runs, OF_RUNS),
        of_runs=of_runs,
        is_held_out=bool(readable) and _is_held_out(readable[0], shown),
        of_training={name for name, data in shown.plain.items() if data == {TRAINING}},
        indistinct=ranked(filter(is_quality, gathering.indistinct), shown.places, chosen),
        notes=[*_notes(tree, values, skipped), *(notes_of_unclear or notes_of_tags)],
    )


def _chance(tree: ast.Module, name: str, shown: ShownValues) -> str:
    """Return what single values of a metric are of; those of a progress bar are of a part of a pass."""
    of = chance(tree, name, shown.sources, shown.places.get(name, ()), shown.calls.get(name, ()))
    return of or (OF_BATCHES_SO_FAR if name in shown.in_bars else "")


def _is_held_out(name: str, shown: ShownValues) -> bool:
    return rank(name)[0] == NO_SPLIT and see_held_out_data(shown.places.get(name, set()))


def _maximized(tree: ast.Module, sources: Mapping[str, str], chosen: Mapping[str, bool]) -> set[str]:
    """Return the metrics of which the larger is better though their names may not say so."""
    by_source = {
        name for name, source in sources.items() if not is_quality(name) and larger_is_better(quality_of(source))
    }
    by_choice = {name for name, is_larger in chosen.items() if is_larger and not is_minimized(name)}
    return larger_in_catboost(tree) | by_source | by_choice


def _minimized(
    tree: ast.Module, shown: ShownValues, chosen: Mapping[str, bool], smallest_is_best: Iterable[str]
) -> set[str]:
    """Return the scores that are better when smaller; of `smallest_is_best` a script keeps the smallest."""
    by_choice = {name for name, is_larger in chosen.items() if not is_larger and is_any_score(name)}
    kept = {name for name in smallest_is_best if is_any_score(name)}
    return by_choice | kept | shown.errors | errors_called_scores(tree, shown.sources)


def _event_directories(tree: ast.Module) -> list[ast.expr]:
    """Return the directories that writers of TensorBoard's event files are given, as they were made."""
    writers = [call for name, call in calls(tree) if name.rsplit(".", 1)[-1] in EVENT_WRITERS]
    given = [argument for call in writers if (argument := _directory(call)) is not None]
    assigned = assigned_to(tree)
    made = [assigned.get(dotted_name(node), []) for node in given]
    return [
        value[0] if len(value) == 1 and isinstance(value[0], ast.expr) else node
        for node, value in zip(given, made, strict=True)
    ]


def _notes(tree: ast.Module, values: GivenValues, skipped: set[int]) -> Iterator[str]:
    """Yield what a script leaves out of what it could measure."""
    is_known = bool(imported_modules(tree) & TRAINER_LIBRARIES)
    if is_known and evaluations(tree, values, skipped) is Evaluations.ARE_NOT_ASKED_FOR:
        yield (
            "the script has data to evaluate with, but its Trainer never evaluates: it would with"
            ' eval_strategy="epoch" in its TrainingArguments'
        )


def _directory(call: ast.Call) -> ast.expr | None:
    names = ("log_dir", "logdir", "save_dir")
    return call.args[0] if call.args else next((node for name in names if (node := keyword_argument(call, name))), None)


def best_rank(metrics: Measured) -> tuple[int, ...]:
    """Return the key of the likeliest objective among all metrics, wherever they are."""
    firsts = [names[0] for names in (metrics.readable, metrics.tagged, metrics.in_files) if names]
    return min(map(rank, firsts), default=(len(HELD_OUT_SPLITS),))
