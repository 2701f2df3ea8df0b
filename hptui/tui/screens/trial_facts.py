"""The panes of a trial: settings with their difference to the best and the baseline, metrics, other facts.

No Textual in here.
"""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.format import clock, local_time, memory, setting, size
from hptui.core.ranking import outcome_margins
from hptui.core.trial import Attempt, AttemptState, Trial, Value
from hptui.core.values import is_number
from hptui.results.diagnosis import Diagnosis
from hptui.results.packing import packing_text, seconds_alone
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, fit_cells, plain_line, width_of
from hptui.tui.labels import labelled_lines, leading_name, short_number
from hptui.tui.sources.study import TrialSnapshot

MAX_LABEL_CELLS = 22
"""Cells that the first column takes at most."""
ENVIRONMENT_NAMES = (
    "host",
    "gpu",
    "device",
    "python",
    "torch",
    "transformers",
    "git_commit",
    "git_dirty",
    "cuda",
    "driver",
    "gpu_mean_clock_mhz",
    "gpu_slowed_by",
)
"""Names of the attempt's environment that are shown."""


def setting_lines(view: View, trial: Trial, best: Trial | None, *, everything: bool) -> list[list[Cell]]:
    """Return one line per setting: value, value used, those of the best trial and the baseline."""
    trial_settings, base = view.settings(trial), dict(view.compared_base)
    best_settings = view.settings(best) if best is not None and best.number != trial.number else {}
    searched = view.study.space.names
    varied = [
        name
        for name, value in trial_settings.items()
        if name in trial.params or name in searched or base.get(name, value) != value
    ]
    used = [
        name for name in trial.effective if name in trial_settings and trial.effective[name] != trial_settings[name]
    ]
    names = list(dict.fromkeys([*varied, *used, *(trial_settings if everything else ())]))
    messages = _messages(trial)
    if not names:
        return [*messages, [Cell("the settings of the study file", "muted")]]
    rows = [_setting_cells(name, trial_settings, dict(trial.effective), best_settings, base, trial) for name in names]
    widths = [max(4, *(width_of(row[column].text) for row in rows)) + 2 for column in range(6)]
    widths[0] = min(widths[0], MAX_LABEL_CELLS)
    headings = (
        "setting",
        "value",
        "used",
        leading_name(view.study, best) if best_settings and best is not None else "",
        "from it",
        "baseline",
    )
    columns = [column for column in range(6) if column < 2 or any(row[column].text for row in rows)]
    lines = [*messages]
    lines.append(
        [
            Cell(fit_cells(headings[column], max(widths[column], len(headings[column]) + 2)), "muted")
            for column in columns
        ]
    )
    for row in rows:
        cells = [(row[column], max(widths[column], len(headings[column]) + 2)) for column in columns]
        lines.append([Cell(fit_cells(cell.text, width), cell.meaning, cell.bold) for cell, width in cells])
    return lines


def _messages(trial: Trial) -> list[list[Cell]]:
    """Return what went wrong, and the user's note, which stand first. The full text stands in `about`."""
    meaning_of_message = "bad" if str(trial.status) == "failed" else "warn"
    incomplete = f"curve incomplete: {trial.incomplete_curve}" if trial.incomplete_curve else ""
    return [
        [Cell(plain_line(text, 300), meaning)]
        for text, meaning in ((trial.message, meaning_of_message), (incomplete, "warn"), (trial.note, "mark"))
        if text
    ]


def _setting_cells(
    name: str,
    trial_settings: Mapping[str, Value],
    effective: Mapping[str, Value],
    best_settings: Mapping[str, Value],
    base: Mapping[str, Value],
    trial: Trial,
) -> list[Cell]:
    """Return the cells of a setting: name, value, value used, the best trial's, distance, baseline's."""
    value, is_changed = trial_settings.get(name), name in trial.params
    used = effective.get(name, value)
    best_value = best_settings.get(name, value)
    return [
        Cell(plain_line(name, 60), "" if is_changed else "muted"),
        Cell(plain_line(setting(value), 40), "" if is_changed else "muted", bold=is_changed),
        Cell("" if used == value else plain_line(setting(used), 40), "warn"),
        Cell("" if best_value == value else plain_line(setting(best_value), 40), "best"),
        Cell("" if best_value == value else _difference_text(value, best_value), "muted"),
        Cell("" if name not in base or base[name] == value else plain_line(setting(base[name]), 40), "muted"),
    ]


def _difference_text(value: Value, reference: Value) -> str:
    """Return how far a number is from the best trial's: `+14%`."""
    if not (is_number(value) and is_number(reference)) or not reference:
        return ""
    ratio = (value - reference) / abs(reference)
    return f"{ratio:+.0%}" if abs(ratio) < 10 else f"×{value / reference:.0f}"


def metric_lines(view: View, snapshot: TrialSnapshot, best: Trial | None) -> list[list[Cell]]:
    """Return one line per metric: value, last point, extremes and their steps, the best trial's value."""
    names = [name for name in snapshot.metrics if not name.endswith((":k", ":n"))]
    if not names:
        return [[Cell("nothing measured yet", "muted")]]
    objectives = {objective.metric for objective in view.study.objectives}
    names.sort(key=lambda name: name not in objectives)
    other = best if best is not None and best.number != snapshot.trial.number else None
    best_values = {**other.metrics, **(other.values or {})} if other is not None else {}
    rows = [_metric_cells(view, snapshot, name, best_values, name in objectives) for name in names]
    headings = (
        "metric",
        "value",
        "last",
        "lowest",
        "highest",
        leading_name(view.study, best) if best and best_values else "",
    )
    columns = [column for column in range(6) if column in (0, 2) or any(row[column].text for row in rows)]
    widths = {
        column: max(width_of(headings[column]), *(width_of(row[column].text) for row in rows)) + 2 for column in columns
    }
    widths[0] = min(widths[0], MAX_LABEL_CELLS)
    lines = [[Cell(fit_cells(headings[column], widths[column]), "muted") for column in columns]]
    lines += [
        [Cell(fit_cells(row[column].text, widths[column]), row[column].meaning, row[column].bold) for column in columns]
        for row in rows
    ]
    for text, margin in outcome_margins(view.study, snapshot.trial).items():
        holds = margin <= 0
        lines.append([Cell(plain_line(text, 80), "good" if holds else "bad"), Cell(" kept" if holds else " broken")])
    return lines


def _metric_cells(
    view: View, snapshot: TrialSnapshot, name: str, best_values: Mapping[str, float], objective: bool
) -> list[Cell]:
    """Return the cells of a metric: name, value, last, lowest, highest, the best trial's."""
    last, spec = snapshot.metrics[name], view.study.metrics.get(name)
    value, best_value = (snapshot.trial.values or {}).get(name), best_values.get(name)
    nonfinite_text = f" ({last.nonfinite} of {last.n} no number)" if last.nonfinite else ""
    extremes = [
        Cell("–" if extreme is None else f"{short_number(extreme, spec)} @{step}", "muted")
        for extreme, step in ((last.low, last.low_step), (last.high, last.high_step))
    ]
    return [
        Cell(plain_line(name, 60), "accent" if objective else ""),
        Cell("" if value is None else snapshot.trial.mark(short_number(value, spec)), bold=True),
        Cell(f"{snapshot.trial.mark(short_number(last.value, spec))}{nonfinite_text}", "bad" if nonfinite_text else ""),
        *extremes,
        Cell("" if best_value is None else short_number(best_value, spec), "best"),
    ]


def diagnosis_lines(diagnosis: Diagnosis) -> list[list[Cell]]:
    """Return a diagnosis in lines: its sentence, then each suggestion with its settings."""
    meaning = "good" if diagnosis.kind in ("fine", "improving") else "muted" if diagnosis.healthy else "bad"
    lines = [[Cell(f"{diagnosis.kind}  ", meaning, bold=True), Cell(plain_line(diagnosis.sentence, 400))]]
    for remedy in diagnosis.suggestions:
        changes = "  ".join(f"{name}={value}" for name, value in remedy.changes.items())
        # What would be set, in full precision, has a line of its own: next to the sentence it would be torn.
        lines.append([Cell("  "), Cell(plain_line(remedy.sentence, 200), "accent")])
        lines.append([Cell("    "), Cell(plain_line(changes, 200), "muted")])
    return lines


def about_lines(sd: StudyDir, view: View, snapshot: TrialSnapshot, now: float = 0.0) -> list[list[Cell]]:
    """Return the lines of everything else: note, error, times, attempts, environment, files.

    `now` is the present time in seconds, 0 without a runner: what runs has run until then.
    """
    trial, attempts = snapshot.trial, snapshot.attempts
    last = attempts[-1] if attempts else None
    environment = dict(last.environment) if last is not None else {}
    environment_texts = [
        f"{name} {setting(environment[name])}"
        for name in ENVIRONMENT_NAMES
        if environment.get(name) not in (None, "", False)
    ]
    message_meaning = "bad" if str(trial.status) == "failed" else "warn"
    pairs: list[tuple[str, list[Cell]]] = [
        ("note", [Cell(plain_line(trial.note, 600), "mark")]),
        ("message", [Cell(plain_line(trial.message, 600), message_meaning)]),
        ("role", [Cell(_role_text(trial))]),
        ("started", [Cell("" if trial.started is None else _moment_text(trial.started))]),
        ("time", [Cell(clock(trial.seconds) if trial.seconds else "")]),
        ("own time", [Cell("" if (own := seconds_alone(trial)) is None else clock(own))]),
        ("shared", [Cell(plain_line(packing_text(trial), 200))]),
        ("memory", [Cell("" if trial.peak_memory_gb is None else f"{memory(trial.peak_memory_gb)} at most")]),
        ("seed", [Cell(str(trial.seed))]),
    ]
    pairs += [
        (f"attempt {attempt.n}", [Cell(_attempt_text(attempt, now), _attempt_meaning(attempt))]) for attempt in attempts
    ]
    pairs += [("on", [Cell(plain_line("  ".join(environment_texts), 400), "muted")])]
    pairs += [("artifact", [Cell(plain_line(row.path, 200), "accent")]) for row in snapshot.artifacts[:8]]
    if len(snapshot.artifacts) > 8:
        pairs.append(("", [Cell(f"and {len(snapshot.artifacts) - 8} more artifacts", "muted")]))
    pairs += [(f"step {row.step}", [Cell(f"checkpoint, {size(row.bytes)}", "muted")]) for row in snapshot.checkpoints]
    configured = view.settings(trial)
    facts = {name: value for name, value in trial.effective.items() if name not in configured}
    facts |= trial.facts
    pairs += [
        (plain_line(FACT_LABELS.get(name, name), 30), [Cell(plain_line(fact_text(value), 200), "muted")])
        for name, value in facts.items()
    ]
    pairs += [("directory", [Cell(plain_line(sd.trial(trial.number), 400), "muted")])]
    pairs += [
        ("event", [Cell(plain_line(event.message, 300), "bad" if event.level == "error" else "warn")])
        for event in snapshot.events
        if event.level != "info"
    ]
    return labelled_lines(pairs, 12)


FACT_LABELS = {"metric_sources": "measured by"}
"""Labels of facts whose names are not words."""


def fact_text(value: Value) -> str:
    """Return a recorded fact as words: of a table `val_loss: output  loss: tap`, not its notation."""
    if isinstance(value, Mapping):
        return "  ".join(f"{name}: {fact_text(part)}" for name, part in value.items())
    if isinstance(value, list | tuple) and all(not isinstance(part, Mapping | list | tuple) for part in value):
        return ", ".join(setting(part) for part in value)
    return setting(value)


def _role_text(trial: Trial) -> str:
    engine = f", proposed by {plain_line(trial.engine, 40)}" if trial.engine else ""
    origin = f", repeats trial {trial.replicate_of}" if trial.replicate_of is not None else ""
    if trial.continued_from is not None:
        origin = f", continues trial {trial.continued_from[0]} from step {trial.continued_from[1]}"
    stage = f", stage {plain_line(trial.stage, 40)}" if trial.stage else ""
    return f"{trial.role}{engine}{origin}{stage}, revision {trial.revision}"


def _moment_text(seconds: float) -> str:
    from hptui.results.json_output import iso_time

    return local_time(iso_time(seconds) or "")


def _attempt_text(attempt: Attempt, now: float) -> str:
    seconds = attempt.seconds
    if attempt.state is AttemptState.RUNNING:  # its time is recorded at its end
        seconds = max(seconds, now - attempt.started) if now and attempt.started else 0.0
    time_text = clock(seconds) if seconds else ""
    words = [str(attempt.state), str(attempt.reason or ""), plain_line(attempt.device, 30), time_text]
    words += [f"from step {attempt.resumed_step}" if attempt.resumed_step else "", "warm" if attempt.warm else ""]
    return "  ".join(word for word in words if word)


def _attempt_meaning(attempt: Attempt) -> str:
    return {"failed": "bad", "lost": "bad", "running": "running", "done": "good"}.get(str(attempt.state), "muted")
