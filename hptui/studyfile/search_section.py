"""Reads `[search]`: sampler, pruner, stop rules, and when the study ends."""

from __future__ import annotations

from collections.abc import Collection

from hptui.core.errors import Problems, StudyError, Unsupported, did_you_mean
from hptui.core.expressions import Expression
from hptui.core.key_types import TEXT, WHOLE, ListType
from hptui.core.metric_names import identifier
from hptui.core.study import PrunerSpec, Search, StoppingConditions, StopRule
from hptui.core.trial import Value
from hptui.core.values import show
from hptui.studyfile.schema import missing_key_error
from hptui.studyfile.space_entries import parse_condition
from hptui.studyfile.table import TableReader, require_number, require_range
from hptui.studyfile.validate_search import SAMPLERS

PRUNERS = ("none", "median", "percentile", "asha", "hyperband", "patient", "threshold", "bands")
"""Allowed values of `[search] pruner`."""
WRAPPABLE_PRUNERS = ("none", "median", "percentile", "asha", "hyperband")
"""Pruners that `patient` can wrap."""
COMMON_PRUNER_KEYS = ("kind", "warmup", "startup", "on")
"""Keys of every kind of pruner."""

PRUNER_KEYS = {
    "percentile": ("percentile",),
    "asha": ("eta",),
    "hyperband": ("eta",),
    "patient": ("patience", "min_delta", "wraps"),
    "threshold": ("low", "high"),
    "bands": ("bands", "eta", "strict"),
}
"""Keys of one kind of pruner only."""


def read_search(value: Value, default_sampler: str, metrics: Collection[str] = ()) -> Search:
    """Return `[search]`, without its constraints, which belong to the space.

    `metrics` are those that the file names.
    """
    problems = Problems()
    read = problems.read
    table = TableReader.of({} if value is None else value, "search", problems=problems)
    limits: tuple[int | None, StoppingConditions] = read(lambda: _until(table), (None, StoppingConditions()))
    rules: list[StopRule] = []
    for n, item in enumerate(table.items("stop")):
        with problems.collect():
            rules.append(_rule(item, f"search.stop[{n}]", metrics))
    outcome: list[Expression] = []
    for n, text in enumerate(table.texts("outcome")):
        with problems.collect():
            outcome.append(_metric_condition(text, f"search.outcome[{n}]", metrics))
    spec = Search(
        sampler=read(lambda: read_choice(table, "sampler", default_sampler, SAMPLERS), default_sampler),
        trials=limits[0],
        **table.fields("seed", "baseline", "evaluate_base"),
        pruner=read(lambda: read_pruner(table), PrunerSpec()),
        until=limits[1],
        stop=tuple(rules),
        outcome=tuple(outcome),
        **table.fields("warm_start"),
    )
    problems.raise_all()
    return spec


def read_warm_start(value: Value, where: str) -> tuple[str, ...]:
    """Return the studies of `warm_start`, a name or directory, or a list of these."""
    studies: tuple[str, ...] = (value,) if isinstance(value, str) else ListType(TEXT).read(value, where)
    if "" in studies:
        raise StudyError("is no study", where=where, value="", hint="give its name or its directory")
    return tuple(dict.fromkeys(studies))


def read_choice(table: TableReader, key: str, default: str, choices: tuple[str, ...]) -> str:
    """Return one of the known words. Raises: StudyError that names the nearest one."""
    word = table.text(key) if table.has(key) else default
    if word in choices:
        return word
    if word == "wilcoxon" and choices in (PRUNERS, WRAPPABLE_PRUNERS):
        text = "'wilcoxon' compares trials fold by fold or example by example, and no trainer reports such values"
        raise Unsupported(f"{table.location(key)}: {text}", hint="median, percentile and asha compare curves")
    text = "pruner" if key == "kind" else key
    raise StudyError(
        f"unknown {text} {word!r}", where=table.location(key), value=word, hint=did_you_mean(word, choices)
    )


def _until(search: TableReader) -> tuple[int | None, StoppingConditions]:
    """Return the limit on trials, which may stand in `until` as well, and the remaining `until`."""
    table = TableReader.of(search.table("until"), "search.until")
    for key in ("hours", "no_improvement"):
        if table.data.get(key) == 0:
            raise StudyError("must be more than 0, got 0", where=table.location(key), value=0)
    if search.has("trials") and table.has("trials"):
        raise StudyError("stands in [search] as well", where=table.location("trials"), hint="keep search.trials")
    target = table.get("target")
    limit = (search if search.has("trials") else table).get("trials")
    return limit, StoppingConditions(target=target, **table.fields("hours", "no_improvement"))


# -- stop rules and outcomes


def _rule(value: Value, where: str, metrics: Collection[str]) -> StopRule:
    """Return the stop rule of `{ when = "eval_loss > 0.7", after = 0.1 }`."""
    if isinstance(value, str):
        hint = f"write {{ when = {show(value)}, after = 0.1 }}"
        raise StudyError(f"must be a table, got text: {show(value)}", where=where, value=value, hint=hint)
    table = TableReader.of(value, "search.stop", where)
    after = table.get("after")
    when = _metric_condition(table.get("when"), table.location("when"), metrics)
    return StopRule(when, float(after))


def _metric_condition(source: str, where: str, metrics: Collection[str]) -> Expression:
    """Return a condition on metrics.

    `eval/loss` would be read as a division: it is written `eval_loss`.
    """
    for metric in metrics:
        if metric in source and identifier(metric) != metric:
            hint = f"in a condition the metric is called {identifier(metric)}"
            raise StudyError(f"{metric!r} is no name", where=where, value=source, hint=hint)
    return parse_condition(source, where, None)


# -- the pruner


def pruner_keys(spec: PrunerSpec) -> tuple[str, ...]:
    """Return the keys that a pruner of this kind has, including those of the wrapped one."""
    return (
        *COMMON_PRUNER_KEYS,
        *PRUNER_KEYS.get(spec.kind, ()),
        *(PRUNER_KEYS.get(spec.wraps, ()) if spec.kind == "patient" else ()),
    )


def read_pruner(search: TableReader) -> PrunerSpec:
    """Return the pruner of `[search]` or of a stage: `pruner = "median"`, or a table with its settings."""
    if isinstance(search.data.get("pruner"), str):
        kind = read_choice(search, "pruner", "none", PRUNERS)
        return _read_pruner_settings(TableReader({"kind": kind}, search.location("pruner")), kind)
    table = TableReader.of(search.table("pruner"), "search.pruner", search.location("pruner"))
    if table.data and not table.has("kind"):
        raise missing_key_error("kind", table.where, f"one of {', '.join(PRUNERS)}")
    return _read_pruner_settings(table, read_choice(table, "kind", "none", PRUNERS))


def _read_pruner_settings(table: TableReader, kind: str) -> PrunerSpec:
    defaults = PrunerSpec()
    wraps = read_choice(table, "wraps", defaults.wraps, WRAPPABLE_PRUNERS)
    spec = PrunerSpec(
        kind=kind,
        warmup=_warmup(table, defaults.warmup, halving="asha" in (kind, wraps) or "hyperband" in (kind, wraps)),
        startup=table.integer("startup", defaults.startup, 1),
        percentile=_percentile(table, defaults.percentile),
        eta=_eta(table, defaults.eta, whole=kind != "bands"),
        patience=_patience(table, defaults.patience),
        min_delta=float(table.number("min_delta", defaults.min_delta, 0)),
        wraps=wraps,
        low=_bound(table, "low"),
        high=_bound(table, "high"),
        on=table.text("on"),
        bands=_bands(table),
        strict=table.flag("strict", True),
    )
    _check_pruner_keys(table, spec)
    return spec


def _check_pruner_keys(table: TableReader, spec: PrunerSpec) -> None:
    """Raise for keys of other kinds, and for missing or contradictory bounds."""
    allowed = {*pruner_keys(spec), *(("factor",) if "eta" in pruner_keys(spec) else ())}
    for key in table.data:
        if table.has(key) and key not in allowed:
            kinds = [kind for kind, keys in PRUNER_KEYS.items() if key in keys or (key == "factor" and "eta" in keys)]
            message = f"does not go with kind = {show(spec.kind)}"
            raise StudyError(
                message, where=table.location(key), value=table.data[key], hint=f"it belongs to {', '.join(kinds)}"
            )
    if spec.kind == "threshold" and spec.low is None and spec.high is None:
        raise missing_key_error("high", table.where, "a threshold has low, high or both")
    if spec.kind == "bands" and not spec.bands:
        raise missing_key_error("bands", table.where, "at which reports trials are compared, for instance [3, 9, 27]")
    if spec.low is not None and spec.high is not None and spec.low >= spec.high:
        message = f"low < high must hold, got low={show(spec.low)}, high={show(spec.high)}"
        raise StudyError(message, where=table.location("low"), value=spec.low)


def _warmup(table: TableReader, default: float, halving: bool) -> float:
    warmup = table.number("warmup", default, 0)
    hint = "it is a share of a trial's budget, for instance 0.2"
    if warmup >= 1:
        raise StudyError(
            f"must be less than 1, got {show(warmup)}", where=table.location("warmup"), value=warmup, hint=hint
        )
    if halving and warmup == 0:
        message = "is the first rung, so it must be more than 0, got 0"
        raise StudyError(message, where=table.location("warmup"), value=warmup, hint=hint)
    return warmup


def _percentile(table: TableReader, default: float) -> float:
    percentile = table.number("percentile", default, 0)
    if not 0 < percentile < 100:
        hint = "25 keeps the best quarter"
        message = f"must be between 0 and 100, got {show(percentile)}"
        raise StudyError(message, where=table.location("percentile"), value=percentile, hint=hint)
    return float(percentile)


def _bands(table: TableReader) -> tuple[int, ...]:
    """Return counts of reports, ascending."""
    counts = tuple(_band(item, table.location(f"bands[{n}]")) for n, item in enumerate(table.items("bands")))
    if list(counts) != sorted(set(counts)):
        raise StudyError(f"must ascend, got {show(list(counts))}", where=table.location("bands"), value=list(counts))
    return counts


def _band(value: Value, where: str) -> int:
    return int(require_range(WHOLE.read(value, where), where, 1, None))


def _eta(table: TableReader, default: float, *, whole: bool = True) -> float:
    if not whole:
        eta = table.number("eta", default, 0)
        if eta <= 1:
            raise StudyError(f"must be more than 1, got {show(eta)}", where=table.location("eta"), value=eta)
        return float(eta)
    if table.has("eta") and table.has("factor"):
        raise StudyError("is another word for eta, which is there as well", where=table.location("factor"))
    return table.integer("factor" if table.has("factor") else "eta", int(default), 2)


def _patience(table: TableReader, default: float) -> float:
    """Return a share of the budget (below 1), or a number of reports."""
    patience = table.number("patience", default, 0)
    if patience == 0 or (patience >= 1 and patience != int(patience)):
        hint = "0.2 is a fifth of a trial's budget, 5 is five reports"
        message = f"must be a share below 1 or a whole number of reports, got {show(patience)}"
        raise StudyError(message, where=table.location("patience"), value=patience, hint=hint)
    return float(patience)


def _bound(table: TableReader, key: str) -> float | None:
    return float(require_number(table.data[key], table.location(key))) if table.has(key) else None
