"""Reads `[search]`: sampler, pruner, stop rules, and when the study ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hptui import plugins
from hptui.core.errors import HptuiError, Problems, StudyError, Unsupported
from hptui.core.expressions import Expression
from hptui.core.key_types import NUMBER, TEXT, WHOLE, ListType, require_list
from hptui.core.metric_names import identifier
from hptui.core.study import PrunerSettings, Search, StoppingConditions, StopRule
from hptui.core.trial import Value
from hptui.core.values import show
from hptui.studyfile.plugin_names import default_of, read_own_settings, require_plugin
from hptui.studyfile.schema import TABLES, missing_key_error
from hptui.studyfile.space_entries import parse_condition
from hptui.studyfile.table import TableReader, require_choice, require_range

COMMON_PRUNER_KEYS = ("kind", "warmup", "startup", "on")
"""Keys of every kind of pruner."""


def read_search(
    value: Value, default_sampler: str, metrics: Collection[str] = (), directory: str = "", *, stored: bool = False
) -> Search:
    """Return `[search]`, without its constraints, which belong to the space.

    `metrics` are those that the file names, `directory` is its directory. `stored`: plug-ins were looked up when the
    study was made; they are not imported here, so that a study can be read where they are missing.
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
        sampler=read(lambda: read_sampler(table, default_sampler, directory, stored=stored), default_sampler),
        trials=limits[0],
        **table.fields("seed", "baseline", "evaluate_base"),
        pruner=read(lambda: read_pruner(table, directory, stored=stored), PrunerSettings()),
        until=limits[1],
        stop=tuple(rules),
        outcome=tuple(outcome),
        **table.fields("warm_start", "laws", "memory"),
        sampler_settings=read(lambda: _sampler_settings(table, default_sampler, directory, stored=stored), {}),
    )
    problems.raise_all()
    return spec


def read_warm_start(value: Value, where: str) -> tuple[str, ...]:
    """Return the studies of `warm_start`, a name or directory, or a list of these."""
    studies: tuple[str, ...] = (value,) if isinstance(value, str) else ListType(TEXT).read(value, where)
    if "" in studies:
        raise StudyError("is no study", where=where, value="", hint="give its name or its directory")
    return tuple(dict.fromkeys(studies))


def read_sampler(table: TableReader, default: str, directory: str = "", *, stored: bool = False) -> str:
    """Return the sampler of `[search]` or of a stage. Raises: StudyError that names the nearest one."""
    sampler = table.text("sampler") if table.has("sampler") else default
    if stored or not (sampler or table.has("sampler")):
        return sampler
    return require_plugin("samplers", sampler, table.location("sampler"), directory, besides=("auto",))


def _sampler_settings(
    search: TableReader, default_sampler: str, directory: str, *, stored: bool
) -> Mapping[str, Value]:
    """Return the sampler's own settings, as its keys say."""
    values, sampler = search.table("sampler_settings"), read_sampler(search, default_sampler, stored=True)
    if stored or not values:
        return values
    where = search.location("sampler_settings")
    if sampler == "auto":
        raise StudyError("goes with a sampler that the study names", where=where, hint='for instance sampler = "tpe"')
    keys = plugins.spec("samplers", sampler, directory).keys
    return read_own_settings(keys, values, where, f"the sampler {sampler!r}")


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


def read_pruner(search: TableReader, directory: str = "", *, stored: bool = False) -> PrunerSettings:
    """Return the pruner of `[search]` or of a stage: `pruner = "median"`, or a table with its settings."""
    if isinstance(search.data.get("pruner"), str):
        kind = _read_kind(search, "pruner", directory, stored=stored)
        return _read_pruner_settings(
            TableReader({"kind": kind}, search.location("pruner"), "search.pruner"), kind, {}, directory
        )
    data, where = search.table("pruner"), search.location("pruner")
    own_names = _own_names(data, directory, stored=stored)
    table = TableReader.of({key: data[key] for key in data if key not in own_names}, "search.pruner", where)
    if data and not table.has("kind"):
        raise missing_key_error("kind", table.where, f"one of none, {', '.join(plugins.names('pruners'))}")
    kind = _read_kind(table, "kind", directory, stored=stored) if table.has("kind") else "none"
    own = {key: data[key] for key in own_names if key in data}
    return _read_pruner_settings(table, kind, own, directory, stored=stored)


def _read_kind(table: TableReader, key: str, directory: str = "", *, stored: bool = False) -> str:
    """Return a kind of pruner. Raises: StudyError that names the nearest one."""
    kind, where = table.text(key), table.location(key)
    if kind == "wilcoxon":
        text = "'wilcoxon' compares trials fold by fold or example by example, and no trainer reports such values"
        raise Unsupported(f"{where}: {text}", hint="median, percentile and asha compare curves")
    return kind if stored else require_plugin("pruners", kind, where, directory, besides=("none",))


def _read_wrapped_kind(table: TableReader) -> str:
    """Return the kind that another one asks, too: one that compares trials."""
    if not table.has("wraps"):
        return str(TABLES["search.pruner"]["wraps"].default)
    kinds = [name for name in plugins.names("pruners") if plugins.spec("pruners", name).compares]
    if table.text("wraps") == "wilcoxon":
        return _read_kind(table, "wraps")
    return require_choice(table.text("wraps"), table.location("wraps"), ("none", *kinds))


def _own_names(data: Mapping[str, Value], directory: str, *, stored: bool) -> list[str]:
    """Return the names of a plug-in's own settings that a pruner's table may hold; [] for a built-in kind."""
    kind = data.get("kind")
    if not isinstance(kind, str) or kind in ("none", *plugins.names("pruners")):
        return []
    try:
        keys = () if stored else plugins.spec("pruners", kind, directory).keys
    except HptuiError:  # raised again where the kind is read
        return []
    shared = [key for key in keys if isinstance(key, str)]
    return [key for key in data if key not in (*COMMON_PRUNER_KEYS, *shared)]


def _read_pruner_settings(
    table: TableReader, kind: str, own: Mapping[str, Value], directory: str, *, stored: bool = False
) -> PrunerSettings:
    """Return the settings; `own` are those that only a plug-in knows.

    All others in the table are read, so that a wrong value is found even where the key does not belong to the kind.
    """
    wraps = _read_wrapped_kind(table)
    missing = kind == "none" or (stored and kind not in plugins.names("pruners"))
    spec = None if missing else plugins.spec("pruners", kind, directory)
    wrapped = None if wraps == "none" else plugins.spec("pruners", wraps)
    warmup = _warmup(table, halving=any(kind.halving for kind in (spec, wrapped) if kind))
    startup = table.get("startup")
    values = {"percentile": table.get("percentile"), "eta": _eta(table, whole=kind != "bands")}
    values |= {**table.fields("patience", "min_delta"), "wraps": wraps, **table.fields("low", "high")}
    on = table.get("on")
    values |= table.fields("promote")
    values |= table.fields("bands", "strict")
    keys = [*(spec.keys if spec else ()), *(wrapped.keys if spec and wrapped and spec.wraps else ())]
    _check_pruner_keys(table, kind, {key for key in keys if isinstance(key, str)}, values)
    if spec is not None and (plugin_keys := [key for key in keys if not isinstance(key, str)]):
        given = own if stored else read_own_settings(plugin_keys, own, table.where, f"the pruner {kind!r}")
        own = {**{key.name: default_of(key) for key in plugin_keys}, **given}
    return PrunerSettings(kind, warmup, startup, on, {**{key: values[key] for key in values if key in keys}, **own})


def _check_pruner_keys(table: TableReader, kind: str, keys: Collection[str], values: Mapping[str, Any]) -> None:
    """Raise for keys of other kinds, and for missing or contradictory bounds."""
    allowed = {*COMMON_PRUNER_KEYS, *keys, *(("factor",) if "eta" in keys else ())}
    for key in table.data:
        if table.has(key) and key not in allowed:
            name = "eta" if key == "factor" else key
            kinds = [other for other in plugins.names("pruners") if name in plugins.spec("pruners", other).keys]
            message = f"does not go with kind = {show(kind)}"
            raise StudyError(
                message, where=table.location(key), value=table.data[key], hint=f"it belongs to {', '.join(kinds)}"
            )
    low, high = values["low"], values["high"]
    if kind == "threshold" and low is None and high is None:
        raise missing_key_error("high", table.where, "a threshold has low, high or both")
    if kind == "bands" and not values["bands"]:
        raise missing_key_error("bands", table.where, "at which reports trials are compared, for instance [3, 9, 27]")
    if low is not None and high is not None and low >= high:
        message = f"low < high must hold, got low={show(low)}, high={show(high)}"
        raise StudyError(message, where=table.location("low"), value=low)


def _warmup(table: TableReader, halving: bool) -> float:
    warmup: float = table.get("warmup")
    if halving and warmup == 0:
        message = "is the first rung, so it must be more than 0, got 0"
        hint = "it is a share of a trial's budget, for instance 0.2"
        raise StudyError(message, where=table.location("warmup"), value=warmup, hint=hint)
    return warmup


def read_percentile(value: Value, where: str) -> float:
    """Return the percentage of trials that go on."""
    percentile = require_range(NUMBER.read(value, where), where, 0)
    if 0 < percentile < 100:
        return float(percentile)
    hint = "25 keeps the best quarter"
    raise StudyError(f"must be between 0 and 100, got {show(value)}", where=where, value=value, hint=hint)


def read_bands(value: Value, where: str) -> tuple[int, ...]:
    """Return counts of reports, ascending."""
    counts = [_band(item, f"{where}[{n}]") for n, item in enumerate(require_list(value, where))]
    if counts != sorted(set(counts)):
        raise StudyError(f"must ascend, got {show(list(counts))}", where=where, value=counts)
    return tuple(counts)


def _band(value: Value, where: str) -> int:
    return int(require_range(WHOLE.read(value, where), where, 1))


def _eta(table: TableReader, *, whole: bool) -> float:
    """Return how many trials compete for one place: for kinds that halve, a whole number from 2."""
    if whole and table.has("eta") and table.has("factor"):
        raise StudyError("is another word for eta, which is there as well", where=table.location("factor"))
    if not whole:
        return float(table.get("eta", reader=_eta_of_bands))
    return int(table.get("factor" if table.has("factor") else "eta", reader=_whole_eta))


def _whole_eta(value: Value, where: str) -> int:
    return int(require_range(WHOLE.read(value, where), where, 2))


def _eta_of_bands(value: Value, where: str) -> float:
    eta = require_range(NUMBER.read(value, where), where, 0)
    if eta > 1:
        return float(eta)
    raise StudyError(f"must be more than 1, got {show(value)}", where=where, value=value)


def read_patience(value: Value, where: str) -> float:
    """Return a share of the budget (below 1), or a number of reports."""
    patience = require_range(NUMBER.read(value, where), where, 0)
    if patience and (patience < 1 or patience == int(patience)):
        return float(patience)
    hint = "0.2 is a fifth of a trial's budget, 5 is five reports"
    message = f"must be a share below 1 or a whole number of reports, got {show(value)}"
    raise StudyError(message, where=where, value=value, hint=hint)
