"""The table of trials in the study's own columns, the best in bold; the first and the last of the ranking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hptui.model.format import NOTHING
from hptui.model.trial import FROM_STEP, FROM_TRIAL, Role, Trial, TrialStatus
from hptui.model.values import is_number
from hptui.results.analysis.against import change_of, changes
from hptui.results.analysis.cohort import breaks, lengths, measured, value_of
from hptui.results.analysis.effects import Step
from hptui.results.columns import usual
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Line, Name, Strong, Words, capital, joined, line
from hptui.results.roles import goal_of, is_cost
from hptui.results.teller import Teller

ROWS = 200
"""A longer table is cut to the best and the newest."""
FIRST, LAST = 3, 3
SELF_NAMED = (Role.BASE, Role.BASELINE)
TEXTS = ("name", "title", "note", "status", "reason", "role", "message", "engine", "stage")


def history(t: Teller) -> Iterator[Block]:
    """All trials, or as many as a table can hold."""
    yield Heading(2, ("Trials",))
    trials = list(t.view.trials)
    if not trials:
        yield Paragraph(("No trial has started.",))
        return
    shown = _shown(t, trials)
    names = _columns(t, shown)
    best = {one.number for one in t.record.winners}
    tops = _tops(t, names)
    head: tuple[Line, ...] = tuple((Name(t.heading(name)),) for name in names)
    rows = [tuple(_cell(t, trial, name, tops, trial.number in best, names) for name in names) for trial in shown]
    right = frozenset(index for index, name in enumerate(names) if name not in TEXTS and _numeric(t, shown, name))
    yield Table(head, tuple(rows), right)
    if len(shown) < len(trials):
        yield Paragraph(
            line(
                "{n} of {all} trials are shown: the best ones.",
                n=t.count("table.n", shown),
                all=t.count("study.trials", trials),
            )
        )
    yield from _legend(t, shown, names)


def _numeric(t: Teller, trials: Sequence[Trial], name: str) -> bool:
    """Whether a column holds numbers alone."""
    settings = [t.view.settings(trial) for trial in trials]
    return all(is_number(own[name]) for own in settings if name in own)


def _shown(t: Teller, trials: Sequence[Trial]) -> list[Trial]:
    if len(trials) <= ROWS:
        return list(trials)
    return sorted(t.record.order[:ROWS], key=lambda trial: trial.number)


def _columns(t: Teller, trials: Sequence[Trial]) -> list[str]:
    """The study's own columns; trials that are not complete show what became of them."""
    own = list(t.study.report.columns)
    plain = all(trial.status is TrialStatus.COMPLETE for trial in trials)
    names = [name for name in usual(t.view) if name in own or name not in ("status", "reason")]
    if "title" in own or "name" in own:
        names = [name for name in names if name in own]
        names = [name for name in own if name in names]
    if "name" in names and "name" not in own and all(trial.name in ("", f"trial-{trial.number}") for trial in trials):
        names.remove("name")
    named = [one for one in trials if one.name not in ("", f"trial-{one.number}") and one.role not in SELF_NAMED]
    if "name" not in own and not named:
        names = [name for name in names if name != "name"]
    if "title" not in names and "name" not in names and "number" not in names:
        names.insert(0, "number")
    objectives = [one.metric for one in t.study.objectives]
    filled = [
        name
        for name in names
        if name == "number"
        or name in own
        or name in objectives
        or any(t.cell(trial, name) != (NOTHING,) for trial in trials)
        or name in TEXTS
    ]
    return filled if plain or "status" in filled else [*filled, "status"]


def _tops(t: Teller, names: Sequence[str]) -> dict[str, float]:
    """The best value of each metric's column, by the metric's own direction; time and memory are no contest."""
    found = {}
    for name in names:
        judged = name == t.record.metric or (name in t.study.metrics and not is_cost(name))
        goal = goal_of(t.study, name) if judged else None
        values = [value for trial in t.record.order if (value := measured(trial, name)) is not None]
        if goal is not None and len(set(values)) > 1:
            found[name] = min(values) if goal == "minimize" else max(values)
    return found


def _number(t: Teller, trial: Trial, named: bool) -> Line:
    """A trial's number, with its part where no other column tells it."""
    part = {Role.BASE: " (base model)", Role.BASELINE: " (baseline)"}.get(trial.role, "")
    if trial.replicate_of is not None:
        first = t.plain(f"trial.{trial.number}.replicate_of", trial.replicate_of, [trial], field="replicate_of")
        return (t.number(trial), " (repeats ", first, ")")
    if trial.continued is not None:
        words = [
            t.plain(f"trial.{trial.number}.{name}", trial.facts[name], [trial], field=f"facts.{name}")
            for name in (FROM_TRIAL, FROM_STEP)
        ]
        return (t.number(trial), " (continues trial ", words[0], " at step ", words[1], ")")
    if trial.role is Role.IMPORTED:
        return (t.number(trial), " (imported)")
    return (t.number(trial), part) if part and not named else (t.number(trial),)


def _cell(t: Teller, trial: Trial, name: str, tops: dict[str, float], best: bool, names: Sequence[str]) -> Line:
    cell = (
        _text(t, trial, name)
        if name in TEXTS
        else _number(t, trial, "title" in names or "name" in names)
        if name == "number"
        else t.cell(trial, name)
    )
    if cell == (NOTHING,) or not cell:
        return (NOTHING,)
    top = name in tops and not trial.aside and measured(trial, name) == tops[name]
    return (Strong(cell),) if (best and name != "note") or top else cell


def _text(t: Teller, trial: Trial, name: str) -> Line:
    if name == "note":
        return (Words(trial.note),) if trial.note else (NOTHING,)
    if name == "status":
        reason = f" ({trial.reason})" if trial.reason and trial.status is not TrialStatus.COMPLETE else ""
        return (f"{trial.status}{reason}",)
    if name == "title":
        return (Name(trial.title or trial.name or f"trial {trial.number}"),)
    found = str(getattr(trial, name) or "")
    return (Name(found),) if found else (NOTHING,)


def moved(t: Teller, step: Step) -> Line:
    """What a step did to the objective: `perplexity +0.8 (worse)`."""
    found = [one for one in changes(t.view, step.base, step.trial) if one.metric == t.record.metric]
    if not found or step.trial.values is None or step.base.values is None:
        return ()
    one = found[0]
    if one.old == one.new:
        return (t.name(one.metric), " equal")
    word = "" if one.better is None else " (better)" if one.better else " (worse)"
    delta = t.difference(
        f"step.{step.trial.number}.{one.metric}", one.metric, one.new - one.old, [step.base, step.trial]
    )
    return (t.name(one.metric), " ", delta, word)


def _legend(t: Teller, shown: Sequence[Trial], names: Sequence[str]) -> Iterator[Block]:
    told: list[Line] = []
    if t.record.order:
        bold = "best trials are" if len(t.record.winners) > 1 else "best trial is"
        told.append((f"The {bold} in bold, and in each metric's column the best value.",))
    if any(trial.note for trial in shown) and "note" in names:
        told.append((f"What stands in quotation marks under {t.heading('note')} was written by a person.",))
    if any(trial.status is not TrialStatus.COMPLETE for trial in shown):
        told.append((f"{NOTHING} was not measured: only a complete trial has a value of an objective.",))
    imported = [trial for trial in shown if trial.role is Role.IMPORTED]
    if imported:
        which = t.many("table.imported", imported, "trial was imported: it", "trials were imported: they")
        told.append((*which, " ran elsewhere, and only a person knows whether in the same way."))
    over = [one for one in t.record.order if breaks(t.view, one)]
    if over:
        which = t.trials(over, "outcome.broken")
        told.append(line("Breaking a condition of the study, never the best: {which}.", which=which))
    groups = lengths(t.view, t.record.order)
    if len(groups) > 1:
        rest = [one for length in list(groups)[1:] for one in groups[length]]
        usual_ = next(iter(groups))
        n = t.plain("length.usual", usual_.amount, groups[usual_], field=usual_.field)
        told.append(
            line(
                "{rest} did not train for {n} {unit} as most did.",
                rest=capital(t.trials(rest, "length.others")),
                n=n,
                unit=usual_.unit,
            )
        )
    if told:
        yield Paragraph(joined(told, " "))


def ranking(t: Teller) -> Iterator[Block]:
    """The first and the last, ties together, each with its distance to the baseline."""
    order = t.record.order
    if len(order) < FIRST + 2 or len(t.study.objectives) > 1:
        return
    yield Heading(2, ("Best and worst",))
    places: dict[str, list[Trial]] = {}
    for trial in order:  # what is shown as equal shares a place
        places.setdefault(t.shown(t.record.metric, value_of(t.view, trial)), []).append(trial)
    tied = list(places.values())
    yield Bullets(tuple(_place(t, one) for one in tied[:FIRST]), "1.")
    if len(tied) > FIRST + LAST:
        yield Paragraph(("The worst:",))
        yield Bullets(tuple(_place(t, one) for one in tied[-LAST:]))


def _place(t: Teller, tied: Sequence[Trial]) -> Line:
    value = value_of(t.view, tied[0])
    told = line(
        "{value}: {trials}", value=(t.value(tied[0], t.record.metric),), trials=t.trials(tied, f"rank.{value!r}")
    )
    base = t.view.baseline
    if base is not None and base.number not in [one.number for one in tied] and base in t.record.order:
        change = change_of(t.view, t.record.metric, value_of(t.view, base), value)
        if change.share is not None:
            share = t.share(f"rank.{value!r}.baseline", change.share, [tied[0], base], signed=True)
            told += line(", {share} against the baseline", share=share)
    return told
