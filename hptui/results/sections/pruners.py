"""What a pruner does, with its numbers: from when on, after how many others, and what share goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hptui.core.rungs import rung_progress
from hptui.core.study import PrunerSettings
from hptui.core.trial import Reason, Role, Trial, TrialStatus, Value
from hptui.core.values import is_number
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, join_parts, join_with_and, line

MAX_RUNGS = 6
"""Rungs, or counts of reports, that are named; of more the first ones."""


ENDINGS = (Reason.PRUNER, Reason.RUNG, Reason.THRESHOLD)
"""Reasons of trials that a pruner ended, or made to pause."""


def ended_none(facts: FactWriter, trials: Sequence[Trial], key: str = "study.search.pruner") -> Line:
    """Return `; it ended none of 30 trials`; () if the pruner ended or paused one, or nothing has ended."""
    here = [trial for trial in trials if trial.role not in (Role.BASE, Role.IMPORTED)]
    acted = (TrialStatus.PRUNED, TrialStatus.PAUSED)
    if any(trial.status in acted or trial.reason in ENDINGS for trial in here):
        return ()
    ended = [trial for trial in here if not trial.status.open]
    if len(ended) == 1:
        return ("; it ended no trial",)
    return line("; it ended none of {n} trials", n=facts.count(f"{key}.none", ended)) if ended else ()


def pruner_text(facts: FactWriter, pruner: PrunerSettings, key: str = "study.search.pruner") -> Line:
    """Return a pruner's kind and its rule in words: `median: a trial ends when …`."""
    values = dict(pruner.values)
    waits = _waiting(facts, pruner, key)
    if pruner.kind in ("median", "percentile"):
        percent = 50.0 if pruner.kind == "median" else values.get("percentile")
        best = line("what the best {p}% of the others had", p=_number(facts, key, "percentile", percent))
        rule = line(
            "a trial ends when its best value is worse than {bound} at the same progress{waits}",
            bound="the median of the others" if pruner.kind == "median" else best,
            waits=waits,
        )
    elif pruner.kind in ("asha", "hyperband") and is_number(values.get("eta")):
        rule = _halving(facts, pruner, key)
    elif pruner.kind == "patient":
        rule = _patience(facts, pruner, key, waits)
    elif pruner.kind == "threshold":
        sides = [
            line("{side} {bound}", side=side, bound=_number(facts, key, name, values[name]))
            for side, name in (("below", "low"), ("above", "high"))
            if values.get(name) is not None
        ]
        bounds = join_parts([*sides, ("no finite number",)], ", ", " or ")
        rule = line("a trial ends when its objective is {bounds}{waits}", bounds=bounds, waits=waits)
    elif pruner.kind == "bands" and isinstance(values.get("bands"), list | tuple):
        rule = line(
            "a trial ends when {which} is behind the best 1 in {eta} at one of its reports {bands}",
            which="its value" if values.get("strict") else "its best value so far",
            eta=_number(facts, key, "eta", values.get("eta")),
            bands=_several(facts, key, "band", [(facts.of_value("", band),) for band in values["bands"]]),
        )
    else:
        named = [
            (facts.name(name), " = ", _number(facts, key, name, value))
            for name, value in (("warmup", pruner.warmup), ("startup", pruner.startup), *values.items())
        ]
        rule = join_parts(named)
    on: Line = (f"; of the objectives {pruner.on} alone counts",) if pruner.on else ()
    return (Name(pruner.kind), ": ", *rule, *on)


def _waiting(facts: FactWriter, pruner: PrunerSettings, key: str) -> Line:
    """Return from when on trials are compared, and with how many others."""
    warmup = line(", from {share} of its training on", share=_share(facts, f"{key}.warmup", pruner.warmup))
    if pruner.kind in ("threshold", "patient", "bands"):
        return warmup
    others = max(1, pruner.startup)
    return line(
        "{warmup}, once {n} finished {trials} can be compared",
        warmup=warmup,
        n=_number(facts, key, "startup", others),
        trials="trial" if others == 1 else "trials",
    )


def _halving(facts: FactWriter, pruner: PrunerSettings, key: str) -> Line:
    eta, promotes = int(pruner.values["eta"]), bool(pruner.values.get("promote"))
    rungs = rung_progress(pruner.warmup, eta)
    several = _several(facts, key, "rung", [(_share(facts, f"{key}.rung.{n}", at),) for n, at in enumerate(rungs)])
    brackets = (
        line(
            ", in {n} brackets of which each begins a rung later",
            n=facts.of_value(f"{key}.brackets", len(rungs)),
        )
        if pruner.kind == "hyperband" and len(rungs) > 1
        else ()
    )
    # A pause waits for more than `startup` trials at the rung, a judgement for as many others.
    others = pruner.startup if promotes else max(pruner.startup, eta - 1)
    return line(
        "at {rungs} of the training {what}{brackets}, once {n} {others} {have} come as far",
        rungs=several,
        what=line(
            "{pause}the best 1 in {eta} go on",
            pause="trials pause and " if promotes else "",
            eta=_number(facts, key, "eta", eta),
        ),
        brackets=brackets,
        n=_number(facts, key, "startup", others),
        others="other" if others == 1 else "others",
        have="has" if others == 1 else "have",
    )


def _patience(facts: FactWriter, pruner: PrunerSettings, key: str, waits: Line) -> Line:
    values = pruner.values
    patience, least, wraps = values.get("patience", 0.0), values.get("min_delta", 0.0), values.get("wraps", "none")
    how_long = (
        line("{n} reports", n=_number(facts, key, "patience", patience))
        if patience >= 1
        else line("{share} of its training", share=_share(facts, f"{key}.patience", patience))
    )
    text = line(
        "a trial ends when its best value has not improved{least} for {how_long}{waits}",
        least=line(" by more than {n}", n=_number(facts, key, "min_delta", least)) if least else "",
        how_long=how_long,
        waits=waits,
    )
    if wraps == "none":
        return text
    inner = replace(pruner, kind=wraps, on="", values={name: v for name, v in values.items() if name != "wraps"})
    _, _, *rule = pruner_text(facts, inner, f"{key}.wraps")
    return line("{text}, and {kind} agrees ({rule})", text=text, kind=Name(str(wraps)), rule=rule)


def _number(facts: FactWriter, key: str, name: str, value: Value) -> Fact:
    return facts.of_value(f"{key}.{name}", value)


def _share(facts: FactWriter, key: str, share: float) -> Fact:
    """Return a share of a training in per cent, with as many digits as were given."""
    return replace(facts.percentage(key, share, ()), text=f"{100 * share:.4g}%")


def _several(facts: FactWriter, key: str, word: str, parts: list[Line]) -> Line:
    """Return numbers of one kind, the first ones of many."""
    named = [(replace(part[0], key=f"{key}.{word}.{n}"),) for n, part in enumerate(parts) if isinstance(part[0], Fact)]
    if len(named) <= MAX_RUNGS:
        return join_with_and(named)
    return (*join_parts(named[:MAX_RUNGS]), " and so on")
