"""`[search]`: who proposes trials, what cuts them short, and when the study ends."""

from __future__ import annotations

from collections.abc import Collection

from hptui.model.errors import StudyError, Unsupported, did_you_mean
from hptui.model.expressions import Expression
from hptui.model.naming import identifier
from hptui.model.study import PrunerSpec, Search, StopRule, Until
from hptui.model.trial import Value
from hptui.storage.studyfile.entries import condition
from hptui.storage.studyfile.keys import missing
from hptui.storage.studyfile.mistakes import Mistakes
from hptui.storage.studyfile.samplers import SAMPLERS
from hptui.storage.studyfile.table import Table, number, whole, within
from hptui.storage.studyfile.values import show

PRUNERS = ("none", "median", "percentile", "asha", "hyperband", "patient", "threshold", "bands")
WRAPPED = ("none", "median", "percentile", "asha", "hyperband")
SHARED = ("kind", "warmup", "startup", "on")
"""What every kind of pruner may say."""

OWN = {
    "percentile": ("percentile",),
    "asha": ("eta",),
    "hyperband": ("eta",),
    "patient": ("patience", "min_delta", "wraps"),
    "threshold": ("low", "high"),
    "bands": ("bands", "eta", "strict"),
}
"""What only one kind says."""


def search(value: Value, default_sampler: str, metrics: Collection[str] = ()) -> Search:
    """`[search]`, less its constraints, which belong to the space. `metrics` are those that the file names."""
    mistakes = Mistakes()
    read = mistakes.read
    table = Table.of({} if value is None else value, "search", mistakes=mistakes)
    ends: tuple[int | None, Until] = read(lambda: _until(table), (None, Until()))
    rules: list[StopRule] = []
    for n, item in enumerate(table.items("stop")):
        with mistakes.noted():
            rules.append(_rule(item, f"search.stop[{n}]", metrics))
    outcome: list[Expression] = []
    for n, text in enumerate(table.texts("outcome")):
        with mistakes.noted():
            outcome.append(_measured(text, f"search.outcome[{n}]", metrics))
    found = Search(
        sampler=read(lambda: known_word(table, "sampler", default_sampler, SAMPLERS), default_sampler),
        trials=ends[0],
        seed=table.whole("seed", 0, 0, 2**32 - 1),
        baseline=table.flag("baseline", True),
        evaluate_base=table.flag("evaluate_base", False),
        pruner=read(lambda: read_pruner(table), PrunerSpec()),
        until=ends[1],
        stop=tuple(rules),
        outcome=tuple(outcome),
        warm_start=read(lambda: _studies(table), ()),
    )
    mistakes.tell()
    return found


def _studies(search: Table) -> tuple[str, ...]:
    """One study, or several: names, or directories."""
    one = isinstance(search.data.get("warm_start"), str)
    found = (search.text("warm_start"),) if one else search.texts("warm_start")
    if "" in found:
        raise StudyError("is no study", where=search.at("warm_start"), value="", hint="give its name or its directory")
    return tuple(dict.fromkeys(found))


def known_word(table: Table, key: str, default: str, known: tuple[str, ...]) -> str:
    """One of the known words, with the nearest one in the error."""
    found = table.text(key) if table.has(key) else default
    if found in known:
        return found
    if found == "wilcoxon" and known in (PRUNERS, WRAPPED):
        what = "'wilcoxon' compares trials fold by fold or example by example, and no trainer reports such values"
        raise Unsupported(f"{table.at(key)}: {what}", hint="median, percentile and asha compare curves")
    what = "pruner" if key == "kind" else key
    raise StudyError(f"unknown {what} {found!r}", where=table.at(key), value=found, hint=did_you_mean(found, known))


def _until(search: Table) -> tuple[int | None, Until]:
    """The limit on trials, which may stand in `until` as well, and the rest of `until`."""
    table = Table.of(search.table("until"), "search.until")
    for key in ("hours", "no_improvement"):
        if table.data.get(key) == 0:
            raise StudyError("must be more than 0, got 0", where=table.at(key), value=0)
    if search.has("trials") and table.has("trials"):
        raise StudyError("stands in [search] as well", where=table.at("trials"), hint="keep search.trials")
    target = number(table.data["target"], table.at("target")) if table.has("target") else None
    limit = (search if search.has("trials") else table).whole("trials", None, 1)
    return limit, Until(table.number("hours", None, 0), table.whole("no_improvement", None, 1), target)


# -- stop rules and outcomes


def _rule(value: Value, where: str, metrics: Collection[str]) -> StopRule:
    """`{ when = "eval_loss > 0.7", after = 0.1 }`."""
    if isinstance(value, str):
        hint = f"write {{ when = {show(value)}, after = 0.1 }}"
        raise StudyError(f"must be a table, got text: {show(value)}", where=where, value=value, hint=hint)
    table = Table.of(value, "search.stop", where)
    after = table.number("after", 0.0, 0)
    if after >= 1:
        hint = "it is a share of a trial's training, for instance 0.1"
        raise StudyError(f"must be less than 1, got {show(after)}", where=table.at("after"), value=after, hint=hint)
    when = _measured(table.need("when", "the condition that ends a trial"), table.at("when"), metrics)
    return StopRule(when, float(after))


def _measured(source: str, where: str, metrics: Collection[str]) -> Expression:
    """A condition on metrics. `eval/loss` would be read as a division: it is written `eval_loss`."""
    for metric in metrics:
        if metric in source and identifier(metric) != metric:
            hint = f"in a condition the metric is called {identifier(metric)}"
            raise StudyError(f"{metric!r} is no name", where=where, value=source, hint=hint)
    return condition(source, where, None)


# -- the pruner


def pruner_keys(spec: PrunerSpec) -> tuple[str, ...]:
    """The keys that a pruner of this kind has, its wrapped one's included."""
    return (*SHARED, *OWN.get(spec.kind, ()), *(OWN.get(spec.wraps, ()) if spec.kind == "patient" else ()))


def read_pruner(search: Table) -> PrunerSpec:
    """`pruner = "median"`, or a table with its settings, in `[search]` or in a stage."""
    if isinstance(search.data.get("pruner"), str):
        kind = known_word(search, "pruner", "none", PRUNERS)
        return _settled(Table({"kind": kind}, search.at("pruner")), kind)
    table = Table.of(search.table("pruner"), "search.pruner", search.at("pruner"))
    if table.data and not table.has("kind"):
        raise missing("kind", table.where, f"one of {', '.join(PRUNERS)}")
    return _settled(table, known_word(table, "kind", "none", PRUNERS))


def _settled(table: Table, kind: str) -> PrunerSpec:
    usual = PrunerSpec()
    wraps = known_word(table, "wraps", usual.wraps, WRAPPED)
    spec = PrunerSpec(
        kind=kind,
        warmup=_warmup(table, usual.warmup, halving="asha" in (kind, wraps) or "hyperband" in (kind, wraps)),
        startup=table.whole("startup", usual.startup, 1),
        percentile=_percentile(table, usual.percentile),
        eta=_eta(table, usual.eta, whole=kind != "bands"),
        patience=_patience(table, usual.patience),
        min_delta=float(table.number("min_delta", usual.min_delta, 0)),
        wraps=wraps,
        low=_bound(table, "low"),
        high=_bound(table, "high"),
        on=table.text("on"),
        bands=_bands(table),
        strict=table.flag("strict", True),
    )
    _goes_together(table, spec)
    return spec


def _goes_together(table: Table, spec: PrunerSpec) -> None:
    """A key belongs to the kind; a threshold has a bound, and only sensible ones."""
    allowed = {*pruner_keys(spec), *(("factor",) if "eta" in pruner_keys(spec) else ())}
    for key in table.data:
        if table.has(key) and key not in allowed:
            homes = [kind for kind, keys in OWN.items() if key in keys or (key == "factor" and "eta" in keys)]
            what = f"does not go with kind = {show(spec.kind)}"
            raise StudyError(what, where=table.at(key), value=table.data[key], hint=f"it belongs to {', '.join(homes)}")
    if spec.kind == "threshold" and spec.low is None and spec.high is None:
        raise missing("high", table.where, "a threshold has low, high or both")
    if spec.kind == "bands" and not spec.bands:
        raise missing("bands", table.where, "at which reports trials are compared, for instance [3, 9, 27]")
    if spec.low is not None and spec.high is not None and spec.low >= spec.high:
        what = f"low < high must hold, got low={show(spec.low)}, high={show(spec.high)}"
        raise StudyError(what, where=table.at("low"), value=spec.low)


def _warmup(table: Table, usual: float, halving: bool) -> float:
    warmup = table.number("warmup", usual, 0)
    hint = "it is a share of a trial's budget, for instance 0.2"
    if warmup >= 1:
        raise StudyError(f"must be less than 1, got {show(warmup)}", where=table.at("warmup"), value=warmup, hint=hint)
    if halving and warmup == 0:
        what = "is the first rung, so it must be more than 0, got 0"
        raise StudyError(what, where=table.at("warmup"), value=warmup, hint=hint)
    return warmup


def _percentile(table: Table, usual: float) -> float:
    found = table.number("percentile", usual, 0)
    if not 0 < found < 100:
        hint = "25 keeps the best quarter"
        what = f"must be between 0 and 100, got {show(found)}"
        raise StudyError(what, where=table.at("percentile"), value=found, hint=hint)
    return float(found)


def _bands(table: Table) -> tuple[int, ...]:
    """Counts of reports, ascending."""
    found = tuple(_band(item, table.at(f"bands[{n}]")) for n, item in enumerate(table.items("bands")))
    if list(found) != sorted(set(found)):
        raise StudyError(f"must ascend, got {show(list(found))}", where=table.at("bands"), value=list(found))
    return found


def _band(value: Value, where: str) -> int:
    return within(whole(value, where), where, 1, None)


def _eta(table: Table, usual: float, *, whole: bool = True) -> float:
    if not whole:
        found = table.number("eta", usual, 0)
        if found <= 1:
            raise StudyError(f"must be more than 1, got {show(found)}", where=table.at("eta"), value=found)
        return float(found)
    if table.has("eta") and table.has("factor"):
        raise StudyError("is another word for eta, which is there as well", where=table.at("factor"))
    return table.whole("factor" if table.has("factor") else "eta", int(usual), 2)


def _patience(table: Table, usual: float) -> float:
    """A share of the budget, or a whole number of reports."""
    found = table.number("patience", usual, 0)
    if found == 0 or (found >= 1 and found != int(found)):
        hint = "0.2 is a fifth of a trial's budget, 5 is five reports"
        what = f"must be a share below 1 or a whole number of reports, got {show(found)}"
        raise StudyError(what, where=table.at("patience"), value=found, hint=hint)
    return float(found)


def _bound(table: Table, key: str) -> float | None:
    return float(number(table.data[key], table.at(key))) if table.has(key) else None
