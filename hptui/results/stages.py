"""How far a study has come through its stages."""

from __future__ import annotations

from dataclasses import dataclass

from hptui.model.outcome import ranking
from hptui.model.stages import planned, position
from hptui.model.trial import StudyState
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class StageNow:
    """A stage as it stands: `state` is done, running (under way), or waiting. `planned` None: no limit is known.

    `best` is the best trial of those that are comparable with it, and have ended.
    """

    name: str
    state: str
    trials: int
    planned: int | None
    best: int | None


def stages_of(view: View) -> list[StageNow]:
    """All stages, in order; none for a study without stages."""
    study, now = view.study, position(view.study, view.stage)
    rests = view.row.state in (StudyState.DONE, StudyState.STOPPED)
    found = []
    for place, stage in enumerate(study.stages):
        own = [trial for trial in view.trials if trial.stage == stage.name]
        over = place < now or (place == now and rests)
        state = "done" if over else "running" if place == now else "waiting"
        best = ranking(study, view.trials, stage.name, 1) if any(one.values for one in own) else []
        number = best[0].number if best else None
        found.append(StageNow(stage.name, state, len(own), len(own) if over else planned(study, stage), number))
    return found


def stages_line(view: View) -> str:
    """`rate (5 trials, best 2) · width: 2 of 3 · final to come`."""
    parts = []
    for one in stages_of(view):
        best = f", best {one.best}" if one.best is not None else ""
        if one.state == "waiting":
            parts.append(f"{one.name} to come")
        elif one.state == "done":
            parts.append(f"{one.name} ({one.trials} {'trial' if one.trials == 1 else 'trials'}{best})")
        else:
            parts.append(f"{one.name}: {one.trials}{f' of {one.planned}' if one.planned else ''}{best}")
    return " · ".join(parts)
