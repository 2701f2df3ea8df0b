"""A study at one moment: its row, specification and trials, and what follows from them at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from hptui.model.outcome import pareto_set
from hptui.model.scripts import parameters
from hptui.model.stages import comparable, expected, position
from hptui.model.study import Objective, Study
from hptui.model.trial import Role, Trial, TrialStatus, Value
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rows import StudyRow

PSEUDO = "a pseudo-loss of the toy trainer: nothing was trained"
"""Said wherever a person sees numbers of the toy trainer."""


@dataclass(frozen=True)
class View:
    """A study as it stands: one moment's row, specification and trials."""

    sd: StudyDir
    row: StudyRow
    study: Study
    trials: tuple[Trial, ...]
    defaults: Mapping[str, Value] = field(default_factory=dict)
    trainers: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)

    @property
    def base(self) -> Mapping[str, Value]:
        """All settings of the baseline: the file's over the trainer's defaults."""
        return parameters(self.study.trainer.kind, {**self.defaults, **self.study.trainer.settings})

    def settings(self, trial: Trial) -> dict[str, Value]:
        """What a trial was asked to run with: the `[trainer]` table of its own revision, not of today's."""
        if trial.role is Role.IMPORTED:  # what its source did not record is not known
            return dict(trial.params)
        own = self.trainers.get(trial.revision, self.study.trainer.settings)
        return parameters(self.study.trainer.kind, {**self.defaults, **own, **trial.params})

    def is_setting(self, name: str) -> bool:
        """Whether a setting of this name would be the training's own, and not say how a script is run."""
        return name in parameters(self.study.trainer.kind, {name: None})

    @cached_property
    def best(self) -> Trial | None:
        """The best trial; the first of the Pareto set where there are several objectives."""
        return next(iter(best_trials(self.study, self.trials)), None)

    @property
    def front(self) -> list[Trial]:
        """The trials that none beats: the Pareto set, or of one objective the best and its equals."""
        return best_trials(self.study, self.trials)

    @cached_property
    def baseline(self) -> Trial | None:
        """The trial that ran the trainer's settings as written; with stages one that may be compared with the best."""
        own = [trial for trial in self.trials if trial.role is Role.BASELINE]
        best = self.best if self.study.stages else None
        if best is not None:
            own = [trial for trial in own if comparable(self.study, trial.stage, best.stage)]
        return next(iter(own), None)

    @property
    def stage(self) -> str:
        """The stage under way, or the one that came last; '' for a study without stages."""
        begun = [trial.stage for trial in self.trials if trial.stage] if self.study.stages else []
        return max(begun, key=lambda name: position(self.study, name), default="")


def look(sd: StudyDir, reader: Reader | None = None) -> View:
    """The study now, read in one transaction."""
    from hptui.storage import studyfile

    if reader is None:
        with Reader(sd) as opened:
            return look(sd, opened)
    with reader.snapshot():
        row, trials, defaults = reader.study(), tuple(reader.trials()), reader.defaults()
        trainers = trainers_of(reader)
    return View(sd, row, studyfile.from_json(row.spec), trials, defaults, trainers)


def study_of(sd: StudyDir) -> Study:
    """What the study is specified to be now, read without its trials."""
    from hptui.storage import studyfile

    with Reader(sd) as reader:
        return studyfile.from_json(reader.study().spec)


def trainers_of(reader: Reader) -> dict[int, Mapping[str, Value]]:
    """The settings of `[trainer]` by revision."""
    from hptui.storage import studyfile

    return {one.rev: studyfile.from_json(one.spec).trainer.settings for one in reader.revisions()}


def best_trials(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """The complete trials that none beats, by number: equals of the best, or the Pareto set of several objectives.

    One that breaks an outcome constraint is never among them.
    """
    return pareto_set(study, trials)


def scored(study: Study, trial: Trial) -> bool:
    """Whether a trial is complete with a value for every objective."""
    values = trial.values or {}
    return trial.status is TrialStatus.COMPLETE and all(objective.metric in values for objective in study.objectives)


def beats(study: Study, one: Trial, other: Trial) -> bool:
    """Whether `one` is at least as good in every objective and better in one. Both are scored."""

    def better(objective: Objective, first: Trial, second: Trial) -> bool:
        return objective.better((first.values or {})[objective.metric], (second.values or {})[objective.metric])

    wins = any(better(objective, one, other) for objective in study.objectives)
    return wins and not any(better(objective, other, one) for objective in study.objectives)


def time_left(view: View, now: float | None = None) -> float | None:
    """Seconds until the study ends, judged by the complete trials; None while nothing can be said."""
    now = time.time() if now is None else now
    took = [trial.seconds for trial in view.trials if trial.status is TrialStatus.COMPLETE and trial.seconds > 0]
    total = expected(view.study, view.trials)
    if not took or total is None:
        return None
    usual = sum(took) / len(took)
    running = [trial for trial in view.trials if trial.status is TrialStatus.RUNNING]
    waiting = sum(trial.status is TrialStatus.WAITING for trial in view.trials)
    to_come = max(0, total - len(view.trials))
    rest = sum(_rest(trial, usual, now) for trial in running) + usual * (waiting + to_come)
    hours = view.study.search.until.hours
    left = rest / max(1, len(running))
    return left if hours is None else min(left, max(0.0, hours * 3600 - view.row.seconds))


def _rest(trial: Trial, usual: float, now: float) -> float:
    spent = max(0.0, now - trial.started) if trial.started else 0.0
    if trial.progress and trial.progress > 0.05 and spent:
        return spent * (1 - trial.progress) / trial.progress
    return max(0.0, usual - spent)
