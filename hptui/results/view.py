"""The `View` of a study at one moment (store row, specification, trials), and its progress by stage.

Statistics over trials are in `results.analysis`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from hptui.core.code_versions import CodeVersion, code_versions, fingerprint
from hptui.core.command_settings import script_parameters
from hptui.core.dataclass import dataclass
from hptui.core.masking import mask, mask_text
from hptui.core.ranking import first_of_best, pareto_set, ranked_in_stage
from hptui.core.stages import comparable, planned_in_stage, stage_index
from hptui.core.study import Objective, Study
from hptui.core.trial import Role, StudyState, Trial, TrialStatus, Value
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import StudyRow

PSEUDO_LOSS_NOTE = "a pseudo-loss of the toy trainer: nothing was trained"
"""Warning shown wherever numbers of the toy trainer are shown."""


@dataclass(frozen=True)
class View:
    """A study at one moment: its store row, specification and trials.

    `defaults` are the trainer's default settings; `trainers` are the `[trainer]` settings by revision of the study.
    """

    sd: StudyDir
    row: StudyRow
    study: Study
    trials: tuple[Trial, ...]
    defaults: Mapping[str, Value] = field(default_factory=dict)
    trainers: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)
    versions: tuple[CodeVersion, ...] = ()
    """The versions of code and data that trials ran; () where none changed."""

    @cached_property
    def base(self) -> Mapping[str, Value]:
        """All settings of the baseline: those of the study file, and the trainer's defaults for the rest."""
        return script_parameters(self.study.trainer.kind, {**self.defaults, **self.study.trainer.settings})

    def settings(self, trial: Trial) -> dict[str, Value]:
        """Return the settings that a trial was started with.

        The `[trainer]` table is that of the trial's own revision, not the current one. Of an imported trial only the
        recorded settings are known. The dictionary is shared: it must not be changed.
        """
        known = self._settings.get(trial.number)
        if known is not None and known[0] is trial.params:
            return known[1]
        if trial.role is Role.IMPORTED:  # unrecorded settings are unknown, not defaults
            settings = dict(trial.params)
        else:
            settings = {**self.base_of(trial.revision), **script_parameters(self.study.trainer.kind, trial.params)}
        self._settings[trial.number] = (trial.params, settings)
        return settings

    def base_of(self, revision: int) -> Mapping[str, Value]:
        """Return all settings of the baseline at a revision of the study file."""
        common = self._settings_by_revision.get(revision)
        if common is None:
            trainer_settings = self.trainers.get(revision, self.study.trainer.settings)
            common = script_parameters(self.study.trainer.kind, {**self.defaults, **trainer_settings})
            self._settings_by_revision[revision] = common
        return common

    @cached_property
    def compared_base(self) -> Mapping[str, Value]:
        """The settings that trials are compared with: of the file as the baseline found it, else as it is now."""
        return self.base if self.baseline is None else self.base_of(self.baseline.revision)

    @cached_property
    def _settings(self) -> dict[int, tuple[Mapping[str, Value], dict[str, Value]]]:
        """The settings of trials that were asked for, by number, each with its overrides."""
        return {}

    @cached_property
    def _settings_by_revision(self) -> dict[int, Mapping[str, Value]]:
        """The settings that trials of a revision share, as far as they were asked for."""
        return {}

    def is_setting(self, name: str) -> bool:
        """Return whether a setting of this name is the training's own, not part of how a script is run."""
        return name in script_parameters(self.study.trainer.kind, {name: None})

    @cached_property
    def best(self) -> Trial | None:
        """The best trial; with several objectives the one of the Pareto set that is best in the first."""
        return first_of_best(self.study, self.front)

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What analyses have made of this view and need again, by a key of theirs."""
        return {}

    @cached_property
    def front(self) -> list[Trial]:
        """The trials that no other beats: the Pareto set, or for one objective the best trial and its equals."""
        return best_trials(self.study, self.averaged)

    @cached_property
    def averaged(self) -> Sequence[Trial]:
        """The trials without repeats that ran other code or data than what they repeat: no mean is over both."""
        if len(self.versions) < 2:
            return self.trials
        return [t for t in self.trials if t.replicate_of is None or not self.ran_other_code(t.number, t.replicate_of)]

    @cached_property
    def version_of(self) -> Mapping[int, CodeVersion]:
        """The version of code and data of each trial of which it is recorded, by its number."""
        return {number: version for version in self.versions for number in version.trials}

    def ran_other_code(self, trial: int, other: int) -> bool:
        """Return whether two trials are known to have run different code or data."""
        first, second = self.version_of.get(trial), self.version_of.get(other)
        return first is not None and second is not None and first is not second

    @cached_property
    def baseline(self) -> Trial | None:
        """The trial that ran `[trainer]` as written, or None.

        In a staged study it is one that is comparable with the best trial.
        """
        candidates = [trial for trial in self.trials if trial.role is Role.BASELINE]
        best = self.best if self.study.stages else None
        if best is not None:
            candidates = [trial for trial in candidates if comparable(self.study, trial.stage, best.stage)]
        return next(iter(candidates), None)

    @cached_property
    def replicates(self) -> Mapping[int, Sequence[Trial]]:
        """The repetitions of each trial that has any, by its number."""
        replicates: dict[int, list[Trial]] = {}
        for trial in self.trials:
            if trial.replicate_of is not None:
                replicates.setdefault(trial.replicate_of, []).append(trial)
        return replicates

    @cached_property
    def by_number(self) -> Mapping[int, Trial]:
        """The trials by their numbers."""
        return {trial.number: trial for trial in self.trials}

    @property
    def stage(self) -> str:
        """The current stage, or the last one that began; '' for a study without stages."""
        begun = [trial.stage for trial in self.trials if trial.stage] if self.study.stages else []
        return max(begun, key=lambda name: stage_index(self.study, name), default="")


def read_view(sd: StudyDir, reader: StoreReader | None = None, *, secrets: bool = False) -> View:
    """Return the study as it is now, read in one transaction.

    Secrets are masked, for whatever is shown or exported; with `secrets` they are kept, for what runs again.
    """
    from hptui import studyfile

    if reader is None:
        with StoreReader.open(sd) as opened:
            return read_view(sd, opened, secrets=secrets)
    with reader.connection.snapshot():
        row, trials, defaults = reader.study(), tuple(reader.trials()), reader.defaults()
        versions = read_versions(reader)
        study = studyfile.from_json(row.spec)
        trainers = trainer_settings_by_revision(reader, row.spec, study)
    view = View(sd, row, study, trials, defaults, trainers, versions)
    return view if secrets else masked_view(view)


def read_versions(reader: StoreReader) -> tuple[CodeVersion, ...]:
    """Return the versions of code and data that trials ran; () where no trial was warned about."""
    if not reader.has_code_changes():
        return ()
    prints: dict[int, list[dict[str, str]]] = {}
    for attempt in reader.attempts():
        prints.setdefault(attempt.trial, []).append(fingerprint(attempt.environment))
    return code_versions(prints)


def masked_view(view: View) -> View:
    """Return a view with every secret masked."""
    from hptui.results.masked_view import masked_settings, masked_study, masked_trial

    study, labels = masked_study(view.study)
    return replace(
        view,
        row=replace(view.row, message=mask_text(view.row.message), spec=mask(view.row.spec)),
        study=study,
        trials=tuple(masked_trial(trial, labels) for trial in view.trials),
        defaults=masked_settings(view.defaults, labels),
        trainers={revision: masked_settings(settings, labels) for revision, settings in view.trainers.items()},
    )


def read_study(sd: StudyDir) -> Study:
    """Return the current specification of a study, without reading its trials."""
    from hptui import studyfile

    with StoreReader.open(sd) as reader:
        return studyfile.from_json(reader.study().spec)


def trainer_settings_by_revision(
    reader: StoreReader, spec: Mapping[str, Any] | None = None, study: Study | None = None
) -> dict[int, Mapping[str, Value]]:
    """Return the settings of `[trainer]` by revision.

    A specification `spec` that is known as `study` is not read again.
    """
    from hptui import studyfile

    return {
        revision.rev: study.trainer.settings
        if study is not None and revision.spec == spec
        else studyfile.from_json(revision.spec).trainer.settings
        for revision in reader.revisions()
    }


def best_trials(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return the complete trials that no other beats, by number.

    These are the best trial and its equals, or with several objectives the Pareto set.

    A trial that violates an outcome constraint is never among them.
    """
    return pareto_set(study, trials)


def has_all_values(study: Study, trial: Trial) -> bool:
    """Return whether a trial is complete and has a value for every objective."""
    values = trial.values or {}
    return trial.status is TrialStatus.COMPLETE and all(objective.metric in values for objective in study.objectives)


def dominates(study: Study, trial: Trial, other: Trial) -> bool:
    """Return whether `trial` dominates `other`: no objective is worse, one is better. Both are scored."""

    def better(objective: Objective, first: Trial, second: Trial) -> bool:
        return objective.better((first.values or {})[objective.metric], (second.values or {})[objective.metric])

    wins = any(better(objective, trial, other) for objective in study.objectives)
    return wins and not any(better(objective, other, trial) for objective in study.objectives)


@dataclass(frozen=True, slots=True)
class StageProgress:
    """The progress of a stage: `state` is done, running or waiting; `planned` is None without a known limit.

    `best` is the number of the best trial of the stage itself, as in the report.
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
        ranked = ranked_in_stage(study, view.averaged, stage)
        number = ranked[0].number if ranked else None
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
