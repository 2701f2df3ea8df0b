"""Progress of a study through its stages."""

from __future__ import annotations

from dataclasses import dataclass

from hptui.model.outcome import ranking
from hptui.model.stages import planned_in_stage, stage_index
from hptui.model.trial import StudyState
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class StageProgress:
    """The progress of a stage: `state` is done, running or waiting; `planned` is None without a known limit.

    `best` is the number of the best ended trial among those comparable with this stage.
    """

    name: str
    state: str
    trials: int
    planned: int | None
    best: int | None


def stage_progress(view: View) -> list[StageProgress]:
    """Return the progress of all stages in order; empty for a study without stages."""
    study, current = view.study, stage_index(view.study, view.stage)
    study_is_over = view.row.state in (StudyState.DONE, StudyState.STOPPED)
    rows = []
    for index, stage in enumerate(study.stages):
        trials = [trial for trial in view.trials if trial.stage == stage.name]
        is_done = index < current or (index == current and study_is_over)
        state = "done" if is_done else "running" if index == current else "waiting"
        best_trials = ranking(study, view.trials, stage.name, 1) if any(trial.values for trial in trials) else []
        number = best_trials[0].number if best_trials else None
        rows.append(
            StageProgress(
                stage.name, state, len(trials), len(trials) if is_done else planned_in_stage(study, stage), number
            )
        )
    return rows


def describe_stages(view: View) -> str:
    """Return the progress by stage: `rate (5 trials, best 2) · width: 2 of 3 · final to come`."""
    parts = []
    for stage in stage_progress(view):
        best = f", best {stage.best}" if stage.best is not None else ""
        if stage.state == "waiting":
            parts.append(f"{stage.name} to come")
        elif stage.state == "done":
            parts.append(f"{stage.name} ({stage.trials} {'trial' if stage.trials == 1 else 'trials'}{best})")
        else:
            parts.append(f"{stage.name}: {stage.trials}{f' of {stage.planned}' if stage.planned else ''}{best}")
    return " · ".join(parts)
