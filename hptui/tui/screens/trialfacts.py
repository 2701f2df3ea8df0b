"""What the panes of a trial say: settings with their difference to the best and the baseline, metrics, the rest.

No Textual in here.
"""

from __future__ import annotations

from collections.abc import Mapping

from hptui.model.format import clock, memory, moment, setting, size
from hptui.model.outcome import outcome_margins
from hptui.model.trial import Attempt, Trial, Value
from hptui.model.values import is_number
from hptui.results.view import View
from hptui.storage.paths import StudyDir
from hptui.tui.cells import Cell
from hptui.tui.sources.trial import TrialSnapshot
from hptui.tui.text import fit, plain, width_of
from hptui.tui.words import brief, labels

WIDEST = 22
HOST = ("host", "gpu", "device", "python", "torch", "transformers", "git_commit", "git_dirty", "cuda", "driver")


def settings(view: View, trial: Trial, best: Trial | None, *, everything: bool) -> list[list[Cell]]:
    """A line a setting: what was asked, what was really used; where it differs, what best and baseline have."""
    own, base = view.settings(trial), dict(view.base)
    theirs = view.settings(best) if best is not None and best.number != trial.number else {}
    searched = view.study.space.names
    varied = [name for name in own if name in trial.params or name in searched]
    used = [name for name in trial.effective if name in own and trial.effective[name] != own[name]]
    names = list(dict.fromkeys([*varied, *used, *(own if everything else ())]))
    words = _words(trial)
    if not names:
        return [*words, [Cell("the settings of the study file", "muted")]]
    rows = [_setting(name, own, dict(trial.effective), theirs, base, trial) for name in names]
    widths = [max(4, *(width_of(row[place].text) for row in rows)) + 2 for place in range(5)]
    widths[0] = min(widths[0], WIDEST)
    heads = ("setting", "value", "used", f"best #{best.number}" if theirs and best is not None else "", "baseline")
    shown = [place for place in range(5) if place < 2 or any(row[place].text for row in rows)]
    lines = [*words]
    lines.append([Cell(fit(heads[place], max(widths[place], len(heads[place]) + 2)), "muted") for place in shown])
    for row in rows:
        cells = [(row[place], max(widths[place], len(heads[place]) + 2)) for place in shown]
        lines.append([Cell(fit(cell.text, width), cell.meaning, cell.bold) for cell, width in cells])
    return lines


def _words(trial: Trial) -> list[list[Cell]]:
    """What went wrong, and what a person wrote: before everything else. The whole of it stands under `about`."""
    bad = "bad" if str(trial.status) == "failed" else "warn"
    return [[Cell(plain(text, 300), meaning)] for text, meaning in ((trial.message, bad), (trial.note, "mark")) if text]


def _setting(
    name: str,
    own: Mapping[str, Value],
    effective: Mapping[str, Value],
    theirs: Mapping[str, Value],
    base: Mapping[str, Value],
    trial: Trial,
) -> list[Cell]:
    """Name, value, what was used instead, the best's, the baseline's."""
    value, mine = own.get(name), name in trial.params
    used = effective.get(name, value)
    best = theirs.get(name, value)
    return [
        Cell(plain(name, 60), "" if mine else "muted"),
        Cell(plain(setting(value), 40), "" if mine else "muted", bold=mine),
        Cell("" if used == value else plain(setting(used), 40), "warn"),
        Cell("" if best == value else plain(f"{setting(best)}{_apart(value, best)}", 40), "best"),
        Cell("" if name not in base or base[name] == value else plain(setting(base[name]), 40), "muted"),
    ]


def _apart(one: Value, other: Value) -> str:
    """How far a number is from the best's: ` (+14%)`."""
    if not (is_number(one) and is_number(other)) or not other:
        return ""
    share = (one - other) / abs(other)
    return f" ({share:+.0%})" if abs(share) < 10 else f" (×{one / other:.0f})"


def measured(view: View, snapshot: TrialSnapshot, best: Trial | None) -> list[list[Cell]]:
    """A line a metric: its value, last point, extremes and where they were, the same of the best trial."""
    names = [name for name in snapshot.metrics if not name.endswith((":k", ":n"))]
    if not names:
        return [[Cell("nothing measured yet", "muted")]]
    objectives = {objective.metric for objective in view.study.objectives}
    names.sort(key=lambda name: name not in objectives)
    others = best.values or {} if best is not None and best.number != snapshot.trial.number else {}
    rows = [_measured(view, snapshot, name, others, name in objectives) for name in names]
    heads = ("metric", "value", "last", "lowest", "highest", f"best #{best.number}" if best and others else "")
    shown = [place for place in range(6) if place in (0, 2) or any(row[place].text for row in rows)]
    widths = {place: max(width_of(heads[place]), *(width_of(row[place].text) for row in rows)) + 2 for place in shown}
    widths[0] = min(widths[0], WIDEST)
    lines = [[Cell(fit(heads[place], widths[place]), "muted") for place in shown]]
    lines += [[Cell(fit(row[p].text, widths[p]), row[p].meaning, row[p].bold) for p in shown] for row in rows]
    for text, margin in outcome_margins(view.study, snapshot.trial).items():
        kept = margin <= 0
        lines.append([Cell(plain(text, 80), "good" if kept else "bad"), Cell(" kept" if kept else " broken")])
    return lines


def _measured(
    view: View, snapshot: TrialSnapshot, name: str, others: Mapping[str, float], objective: bool
) -> list[Cell]:
    """Name, value, last, lowest, highest, the best's."""
    last, spec = snapshot.metrics[name], view.study.metrics.get(name)
    value, theirs = (snapshot.trial.values or {}).get(name), others.get(name)
    odd = f" ({last.nonfinite} of {last.n} no number)" if last.nonfinite else ""
    extremes = [
        Cell("–" if extreme is None else f"{brief(extreme, spec)} @{step}", "muted")
        for extreme, step in ((last.low, last.low_step), (last.high, last.high_step))
    ]
    return [
        Cell(plain(name, 60), "accent" if objective else ""),
        Cell("" if value is None else brief(value, spec), bold=True),
        Cell(f"{brief(last.value, spec)}{odd}", "bad" if odd else ""),
        *extremes,
        Cell("" if theirs is None else brief(theirs, spec), "best"),
    ]


def about(sd: StudyDir, view: View, snapshot: TrialSnapshot) -> list[list[Cell]]:
    """Everything else: note, what went wrong, times, attempts, environment, files."""
    trial, attempts = snapshot.trial, snapshot.attempts
    last = attempts[-1] if attempts else None
    environment = dict(last.environment) if last is not None else {}
    known = [f"{name} {setting(environment[name])}" for name in HOST if environment.get(name) not in (None, "", False)]
    bad = "bad" if str(trial.status) == "failed" else "warn"
    pairs: list[tuple[str, list[Cell]]] = [
        ("note", [Cell(plain(trial.note, 600), "mark")]),
        ("message", [Cell(plain(trial.message, 600), bad)]),
        ("role", [Cell(_role(trial))]),
        ("started", [Cell("" if trial.started is None else _moment(trial.started))]),
        ("time", [Cell(clock(trial.seconds) if trial.seconds else "")]),
        ("memory", [Cell("" if trial.peak_memory_gb is None else f"{memory(trial.peak_memory_gb)} at most")]),
        ("seed", [Cell(str(trial.seed))]),
    ]
    pairs += [(f"attempt {one.n}", [Cell(_attempt(one), _meaning(one))]) for one in attempts]
    pairs += [("on", [Cell(plain("  ".join(known), 400), "muted")])]
    pairs += [("artifact", [Cell(plain(row.path, 200), "accent")]) for row in snapshot.artifacts[:8]]
    if len(snapshot.artifacts) > 8:
        pairs.append(("", [Cell(f"and {len(snapshot.artifacts) - 8} more artifacts", "muted")]))
    pairs += [(f"step {row.step}", [Cell(f"checkpoint, {size(row.bytes)}", "muted")]) for row in snapshot.checkpoints]
    asked = view.settings(trial)
    facts = {name: value for name, value in trial.effective.items() if name not in asked}
    facts |= trial.facts
    pairs += [(plain(name, 30), [Cell(plain(setting(value), 200), "muted")]) for name, value in facts.items()]
    pairs += [("directory", [Cell(plain(sd.trial(trial.number), 400), "muted")])]
    pairs += [
        (event.kind[:11], [Cell(plain(event.message, 300), "bad" if event.level == "error" else "warn")])
        for event in snapshot.events
        if event.level != "info"
    ]
    return labels(pairs, 12)


def _role(trial: Trial) -> str:
    engine = f", proposed by {plain(trial.engine, 40)}" if trial.engine else ""
    again = f", repeats trial {trial.replicate_of}" if trial.replicate_of is not None else ""
    if trial.continued is not None:
        again = f", continues trial {trial.continued[0]} from step {trial.continued[1]}"
    stage = f", stage {plain(trial.stage, 40)}" if trial.stage else ""
    return f"{trial.role}{engine}{again}{stage}, revision {trial.revision}"


def _moment(seconds: float) -> str:
    from hptui.results.shapes import iso

    return moment(iso(seconds) or "")


def _attempt(attempt: Attempt) -> str:
    words = [str(attempt.state), str(attempt.reason or ""), plain(attempt.device, 30), clock(attempt.seconds)]
    words += [f"from step {attempt.resumed_step}" if attempt.resumed_step else "", "warm" if attempt.warm else ""]
    return "  ".join(word for word in words if word)


def _meaning(attempt: Attempt) -> str:
    return {"failed": "bad", "lost": "bad", "running": "running", "done": "good"}.get(str(attempt.state), "muted")
