"""The section `Trials`: the table in the study's columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hptui.core import laws
from hptui.core.format import NO_VALUE
from hptui.core.ranking import meets_outcome
from hptui.core.trial import FROM_STEP, FROM_TRIAL, INCOMPLETE_MARK, Role, Trial, TrialStatus
from hptui.core.values import is_number
from hptui.results import claims
from hptui.results.analysis.cohort import is_in_use, measured_value, violates_outcome
from hptui.results.columns import default_columns, setting_column, setting_of_column, shown_settings
from hptui.results.document import Block, EndFold, Fold, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Name, UserText, join_parts, line
from hptui.results.roles import goal_of, is_cost

MAX_ROWS = 20
"""Rows of the table; those of more trials are folded away below it."""
MAX_MEANS = 6
"""Configurations whose means are listed below the table, the best ones."""
MAX_SETTINGS = 100
"""Settings that have a column, unless the study file names more."""
MAX_FOLDED_ROWS = 180
"""Rows of the folded table; more trials are cut to the best ones."""
GENERATED_NAME_ROLES = (Role.BASE, Role.BASELINE)
"""Roles whose name the runner generates."""
TEXT_COLUMNS = ("name", "title", "note", "status", "reason", "role", "message", "engine", "stage")
"""Columns that hold text."""


def trial_table(facts: FactWriter) -> Iterator[Block]:
    """Yield the table of trials; the best ones of many, the others folded."""
    yield Heading(2, ("Trials",))
    trials = list(facts.view.trials)
    if not trials:
        yield Paragraph(("No trial has started.",))
        return
    yield from (Paragraph(claim.line) for claim in claims.length_claims(facts))
    shown, others = _shown_trials(facts, trials)
    all_names = _columns(facts, [*shown, *others])
    names = _without_most_settings(facts, all_names)
    yield _table(facts, shown, names)
    if others:
        shown_count, all_count = facts.count("table.n", shown), facts.count("study.trials", trials)
        which = _which_shown(facts, shown)
        yield Paragraph(line("{n} of {all} trials: {which}.", n=shown_count, all=all_count, which=which))
    yield from _legend(facts, [*shown, *others], names)
    if len(names) < len(all_names):
        left_out = facts.of_value("table.settings", len(all_names) - len(names), shown)
        yield Paragraph(line("{n} more settings have no column here: `hptui export` writes them.", n=left_out))
    if others:
        yield Fold(("The other trials",))
        yield _table(facts, others, names)
        if len(shown) + len(others) < len(trials):
            rest = facts.of_value("table.rest", len(trials) - len(shown) - len(others))
            more = "{n} more are not listed: `hptui trials` lists all, `hptui export` writes them."
            yield Paragraph(line(more, n=rest))
        yield EndFold()


def _which_shown(facts: FactWriter, shown: Sequence[Trial]) -> Line:
    """Return which trials the table shows, in which order; the baseline is there whatever its place."""
    ranked, numbers = [trial.number for trial in facts.data.order], [trial.number for trial in shown]
    if not ranked:
        return ("none was ranked",)
    several = len(facts.study.objectives) > 1
    by: Line = (" by ", facts.name(facts.data.metric)) if several else ()
    which: Line = ("those that were ranked" if set(ranked) <= set(numbers) else "the best", *by, ", best first")
    if any(violates_outcome(facts.view, trial) for trial in shown) and facts.data.candidates:
        which += ("; those that break a condition come behind the others",)
    return which if numbers == ranked[: len(numbers)] else (*which, "; the last one is the baseline")


def _without_most_settings(facts: FactWriter, names: Sequence[str]) -> list[str]:
    """Return the columns without all but the first of very many settings: each has a cell per trial."""
    configured, objectives = facts.study.report.columns, [goal.metric for goal in facts.study.objectives]
    varied = frozenset(setting_column(facts.view, name) for name in shown_settings(facts.view))
    settings = [name for name in names if name not in configured and name not in objectives and name in varied]
    left_out = frozenset(settings[MAX_SETTINGS:])
    return [name for name in names if name not in left_out]


def _table(facts: FactWriter, trials: Sequence[Trial], names: Sequence[str]) -> ReportTable:
    best = {winner.number for winner in facts.data.best_trials}
    best_values = _best_values(facts, names)
    head: tuple[Line, ...] = tuple((Name(facts.heading(name)),) for name in names)
    rows = [
        tuple(_cell(facts, trial, name, best_values, trial.number in best, names) for name in names) for trial in trials
    ]
    numeric_columns = frozenset(
        index for index, name in enumerate(names) if name not in TEXT_COLUMNS and _all_numbers(facts, trials, name)
    )
    return ReportTable(head, tuple(rows), numeric_columns, tuple(trial.number for trial in trials))


def _all_numbers(facts: FactWriter, trials: Sequence[Trial], name: str) -> bool:
    """Return whether all values of a column are numbers."""
    name = setting_of_column(facts.view, name) or name
    settings = [facts.view.settings(trial) for trial in trials]
    return all(is_number(values[name]) for values in settings if name in values)


def _shown_trials(facts: FactWriter, trials: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """Return the trials of the table, of many the best ones, and those that are folded."""
    if len(trials) <= MAX_ROWS:
        return list(trials), []
    shown = [facts.originals.get(trial.number, trial) for trial in facts.data.order[:MAX_ROWS]]
    baseline = facts.view.baseline
    if baseline is not None and baseline.number not in {trial.number for trial in shown}:
        shown = [*shown[: MAX_ROWS - 1], baseline]
    numbers = {trial.number for trial in shown}
    others = [trial for trial in trials if trial.number not in numbers]
    if len(others) > MAX_FOLDED_ROWS:
        ranked = [trial.number for trial in facts.data.order[MAX_ROWS - 1 : MAX_ROWS + MAX_FOLDED_ROWS]]
        chosen = set(ranked) - numbers
        others = [trial for trial in others if trial.number in chosen][:MAX_FOLDED_ROWS]
    return (shown, others) if shown else (others[:MAX_ROWS], others[MAX_ROWS:])


def _columns(facts: FactWriter, trials: Sequence[Trial]) -> list[str]:
    """Return the study's own columns, with the status if not all trials are complete."""
    configured = list(facts.study.report.columns)
    all_complete = all(trial.status is TrialStatus.COMPLETE for trial in trials)
    names = [name for name in default_columns(facts.view) if name in configured or name not in ("status", "reason")]
    if "title" in configured or "name" in configured:
        names = [name for name in names if name in configured]
        names = [name for name in configured if name in names]
    if (
        "name" in names
        and "name" not in configured
        and all(trial.name in ("", f"trial-{trial.number}") for trial in trials)
    ):
        names.remove("name")
    named = [
        row for row in trials if row.name not in ("", f"trial-{row.number}") and row.role not in GENERATED_NAME_ROLES
    ]
    if "name" not in configured and not named:
        names = [name for name in names if name != "name"]
    if not configured and "name" in names and any(trial.title for trial in trials):
        names = ["title" if name == "name" else name for name in names]  # titles are for tables and reports
    if "title" not in names and "name" not in names and "number" not in names:
        names.insert(0, "number")
    objectives = [goal.metric for goal in facts.study.objectives]
    filled = [
        name
        for name in names
        if name == "number"
        or name in configured
        or name in objectives
        or any(facts.cell(trial, name) != (NO_VALUE,) for trial in trials)
        or name in TEXT_COLUMNS
    ]
    return filled if all_complete or "status" in filled else [*filled, "status"]


def _best_values(facts: FactWriter, names: Sequence[str]) -> dict[str, float]:
    """Return the best value of each metric's column; time and memory are not judged."""
    best_values = {}
    for name in names:
        is_quality = name == facts.data.metric or (name in facts.study.metrics and not is_cost(name))
        goal = goal_of(facts.study, name) if is_quality else None
        ranked = [facts.originals.get(trial.number, trial) for trial in facts.data.order]
        values = [value for trial in ranked if (value := measured_value(trial, name)) is not None]
        if goal is not None and len(set(values)) > 1:
            best_values[name] = min(values) if goal == "minimize" else max(values)
    return best_values


def _number_cell(facts: FactWriter, trial: Trial, named: bool) -> Line:
    """Return a trial's number, with its role if no other column shows it, and that it breaks a condition."""
    marks = [mark for mark in (_role_mark(facts, trial, named), _broken_mark(facts, trial)) if mark]
    return (facts.number(trial), " (", *join_parts(marks, ", "), ")") if marks else (facts.number(trial),)


def _broken_mark(facts: FactWriter, trial: Trial) -> Line:
    is_broken = trial.status is TrialStatus.COMPLETE and violates_outcome(facts.view, trial)
    return ("breaks a condition",) if is_broken else ()


def _role_mark(facts: FactWriter, trial: Trial, named: bool) -> Line:
    """Return `baseline`, or of which other trial it is a repeat; () where there is nothing to say."""
    if trial.replicate_of is not None:
        original = facts.of_value(
            f"trial.{trial.number}.replicate_of", trial.replicate_of, [trial], field="replicate_of"
        )
        return ("repeats ", original)
    if trial.continued_from is not None:
        origin = [
            facts.of_value(f"trial.{trial.number}.{name}", trial.facts[name], [trial], field=f"facts.{name}")
            for name in (FROM_TRIAL, FROM_STEP)
        ]
        return ("continues trial ", origin[0], " at step ", origin[1])
    if trial.role is Role.IMPORTED:
        return ("imported",)
    role = {Role.BASE: "base model", Role.BASELINE: "baseline"}.get(trial.role, "")
    return (role,) if role and not named else ()


def is_used(facts: FactWriter, trial: Trial, name: str) -> bool:
    """Return whether a column is no setting of a trial that its conditions leave unused."""
    return is_in_use(facts.view, trial, setting_of_column(facts.view, name) or name)


def _cell(
    facts: FactWriter, trial: Trial, name: str, best_values: dict[str, float], best: bool, names: Sequence[str]
) -> Line:
    cell = (
        _text_cell(facts, trial, name)
        if name in TEXT_COLUMNS
        else _number_cell(facts, trial, "title" in names or "name" in names)
        if name == "number"
        else facts.cell(trial, name)
        if is_used(facts, trial, name)
        else (NO_VALUE,)
    )
    if cell == (NO_VALUE,) or not cell:
        return (NO_VALUE,)
    is_best_value = name in best_values and not trial.is_unranked and measured_value(trial, name) == best_values[name]
    return (Bold(cell),) if (best and name != "note") or is_best_value else cell


def _is_law_note(trial: Trial) -> bool:
    """Return whether hptui has written a trial's note: why a law placed it."""
    return trial.engine == laws.ENGINE and trial.note.startswith(laws.NOTE_PREFIX)


def _text_cell(facts: FactWriter, trial: Trial, name: str) -> Line:
    if name == "note":
        if _is_law_note(trial):
            return ("where a published law begins",)
        return (UserText(trial.note),) if trial.note else (NO_VALUE,)
    if name == "status":
        reason = f" ({trial.reason})" if trial.reason and trial.status is not TrialStatus.COMPLETE else ""
        return (f"{trial.status}{reason}",)
    if name == "title":
        return (Name(trial.title or trial.name or f"trial {trial.number}"),)
    text = str(getattr(trial, name) or "")
    return (Name(text),) if text else (NO_VALUE,)


def _ranked_by_means(facts: FactWriter) -> list[Line]:
    """Return that trials are ranked by means of their runs, with the best means; empty if not."""
    order, metric = facts.data.order, facts.data.metric
    means = [trial for trial in order if trial.values != facts.originals[trial.number].values]
    if not means:
        return []
    named = join_parts((*facts.trial(trial), " ", facts.value(trial, metric)) for trial in means[:MAX_MEANS])
    more = ", …" if len(means) > MAX_MEANS else ""
    return [
        line(
            "Each row is a run; a configuration is ranked by the mean of its runs: {named}{more}.",
            named=named,
            more=more,
        )
    ]


def unused_text(facts: FactWriter, trials: Sequence[Trial], names: Sequence[str]) -> str:
    """Return what stands for a setting that was not in use; '' where each was."""
    all_used = all(is_used(facts, trial, name) for name in names for trial in trials)
    return "" if all_used else f"{NO_VALUE} under a setting: its condition did not hold there, so it was not in use."


def _legend(facts: FactWriter, shown: Sequence[Trial], names: Sequence[str]) -> Iterator[Block]:
    sentences: list[Line] = []
    if facts.data.order:
        bold = "best trials are" if len(facts.data.best_trials) > 1 else "best trial is"
        ranked = {trial.number for trial in facts.data.order}
        others = any(trial.status is TrialStatus.COMPLETE and trial.number not in ranked for trial in shown)
        of = " of a ranked trial" if others else ""
        values = f"in each metric's column the best value{of}"
        is_bold = f"The {bold} in bold, and {values}." if facts.data.best_trials else f"In bold is {values}."
        sentences.append((is_bold,))
        sentences += _ranked_by_means(facts)
    if any(trial.note and not _is_law_note(trial) for trial in shown) and "note" in names:
        sentences.append((f"What stands in quotation marks under {facts.heading('note')} was written by a person.",))
    if any(trial.status is not TrialStatus.COMPLETE for trial in shown):
        sentences.append((f"{NO_VALUE} was not measured: only a complete trial has a value of an objective.",))
    sentences += [(text,)] if (text := unused_text(facts, shown, names)) else []
    incomplete = [trial for trial in shown if trial.incomplete_curve]
    if incomplete:
        which = facts.trials(incomplete, "table.incomplete")
        text = "The curve of {which} is incomplete ({mark}): a better or a worse value may be missing."
        sentences.append(line(text, which=which, mark=INCOMPLETE_MARK))
    imported = [trial for trial in shown if trial.role is Role.IMPORTED]
    if imported:
        trials_text = facts.count_with_noun(
            "table.imported", imported, "trial was imported: it", "trials were imported: they"
        )
        sentences.append((*trials_text, " ran elsewhere, and only a person knows whether in the same way."))
    complete = [trial for trial in facts.view.trials if trial.status is TrialStatus.COMPLETE]
    violating = [trial for trial in complete if violates_outcome(facts.view, trial)]
    if violating:
        trials_text = facts.trials(violating, "outcome.broken")
        sentences.append(line("Breaking a condition of the study, never the best: {which}.", which=trials_text))
    unknown = [trial for trial in facts.data.order if meets_outcome(facts.study, trial) is None]
    if unknown:
        text = "Not known whether it keeps the study's conditions, which name what it did not measure: {which}."
        sentences.append(
            line(text, which=facts.trials(sorted(unknown, key=lambda trial: trial.number), "outcome.unknown"))
        )
    if sentences:
        yield Paragraph(join_parts(sentences, " "))
