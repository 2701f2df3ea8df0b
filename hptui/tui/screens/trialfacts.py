"""What the panes of a trial say: settings with their difference to the best and the baseline, metrics, the rest.

No Textual in here.
"""

from __future__ import annotations

from hptui.model.format import clock, memory, metric, moment, setting, size
from hptui.model.outcome import outcome_margins
from hptui.model.trial import Attempt, Trial, Value
from hptui.results.view import View
from hptui.storage.paths import StudyDir
from hptui.tui.cells import Cell
from hptui.tui.sources.trial import TrialSnapshot
from hptui.tui.text import fit, plain, width_of
from hptui.tui.words import labels

WIDEST = 22
HOST = ("host", "gpu", "device", "python", "torch", "transformers", "git_commit", "git_dirty", "cuda", "driver")


def settings(view: View, trial: Trial, best: Trial | None, *, everything: bool) -> list[list[Cell]]:
    """A line a setting: what it is, what was really used, what the best and the baseline have."""
    own, base = view.settings(trial), dict(view.base)
    theirs = view.settings(best) if best is not None and best.number != trial.number else None
    searched = view.study.space.names
    varied = [name for name in own if name in trial.params or name in searched]
    used = [name for name in trial.effective if name not in varied and trial.effective[name] != own.get(name)]
    names = list(dict.fromkeys([*varied, *used, *(own if everything else ())]))
    if not names:
        return [[Cell("the baseline: the settings of the study file", "muted")]]
    width = min(WIDEST, max(width_of(plain(name, 60)) for name in names)) + 2
    values = {name: plain(_value(own, name), 60) for name in names}
    column = min(16, max(width_of(value) for value in values.values())) + 2
    lines = []
    for name in names:
        cells = [Cell(fit(plain(name, 60), width), "" if name in trial.params else "muted")]
        cells.append(Cell(fit(values[name], column), bold=name in trial.params))
        really = trial.effective.get(name, own.get(name))
        if really != own.get(name):
            cells.append(Cell(f"→ {plain(setting(really), 40)} used  ", "warn"))
        if theirs is not None and name in theirs and theirs[name] != own.get(name):
            cells.append(
                Cell(f"best {plain(setting(theirs[name]), 40)}{_apart(own.get(name), theirs[name])}  ", "best")
            )
        if name in base and base[name] != own.get(name):
            cells.append(Cell(f"base {plain(setting(base[name]), 40)}", "muted"))
        lines.append(cells)
    return lines


def _value(own: dict[str, Value], name: str) -> str:
    return setting(own[name]) if name in own else ""


def _apart(one: Value, other: Value) -> str:
    """How far a number is from the best's: ` (+14 %)`."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other))
    if not numbers or not other:
        return ""
    share = (float(one) - float(other)) / abs(float(other))  # type: ignore[arg-type]
    return f" ({share:+.0%})" if abs(share) < 10 else f" (×{float(one) / float(other):.0f})"  # type: ignore[arg-type]


def measured(view: View, snapshot: TrialSnapshot, best: Trial | None) -> list[list[Cell]]:
    """A line a metric: its value at the end, its extremes and where they were, the same of the best trial."""
    names = [name for name in snapshot.metrics if not name.endswith((":k", ":n"))]
    if not names:
        return [[Cell("nothing measured yet", "muted")]]
    objectives = {objective.metric for objective in view.study.objectives}
    names.sort(key=lambda name: name not in objectives)
    width = min(WIDEST, max(width_of(plain(name, 60)) for name in [*names, "metric"])) + 2
    heads = ("value", "last", "lowest", "highest", "points")
    lines = [[Cell(fit("metric", width), "muted"), *(Cell(fit(head, 17, right=False), "muted") for head in heads)]]
    for name in names:
        last, spec = snapshot.metrics[name], view.study.metrics.get(name)
        value = (snapshot.trial.values or {}).get(name)
        cells = [Cell(fit(plain(name, 60), width), "accent" if name in objectives else "")]
        cells.append(Cell(fit("" if value is None else metric(value, spec), 17), bold=True))
        cells.append(
            Cell(fit(f"{metric(last.value, spec)} @{last.step}", 17), "bad" if last.value != last.value else "")
        )
        for extreme, step in ((last.low, last.low_step), (last.high, last.high_step)):
            cells.append(Cell(fit("–" if extreme is None else f"{metric(extreme, spec)} @{step}", 17), "muted"))
        odd = f" ({last.nonfinite} not finite)" if last.nonfinite else ""
        cells.append(Cell(f"{last.n}{odd}", "bad" if odd else "muted"))
        if best is not None and best.number != snapshot.trial.number and (theirs := (best.values or {}).get(name)):
            cells.append(Cell(f"  best {metric(theirs, spec)}", "best"))
        lines.append(cells)
    for text, margin in outcome_margins(view.study, snapshot.trial).items():
        lines.append(
            [Cell(plain(text, 80), "bad" if margin > 0 else "good"), Cell(" broken" if margin > 0 else " kept")]
        )
    return lines


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
    facts = getattr(trial, "facts", {})
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
    stage = getattr(trial, "stage", "")
    again = f", repeats trial {trial.replicate_of}" if trial.replicate_of is not None else ""
    return f"{trial.role}{engine}{again}{f', stage {plain(stage, 40)}' if stage else ''}, revision {trial.revision}"


def _moment(seconds: float) -> str:
    from hptui.results.shapes import iso

    return moment(iso(seconds) or "")


def _attempt(attempt: Attempt) -> str:
    words = [str(attempt.state), str(attempt.reason or ""), plain(attempt.device, 30), clock(attempt.seconds)]
    words += [f"from step {attempt.resumed_step}" if attempt.resumed_step else "", "warm" if attempt.warm else ""]
    return "  ".join(word for word in words if word)


def _meaning(attempt: Attempt) -> str:
    return {"failed": "bad", "lost": "bad", "running": "running", "done": "good"}.get(str(attempt.state), "muted")
