"""Insert trials: those of the study file, of stages, and replicates; name them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping, Sequence
from string import Formatter

from hptui.model.space import configuration_key
from hptui.model.stages import stage_named
from hptui.model.study import Stage, Study
from hptui.model.trial import FROM_TRIAL, Role, Trial, TrialStatus, Value
from hptui.running.stages import (
    StageState,
    begin_stage,
    current_stage,
    overrides_in_stage,
    plan_next_stage,
    study_in_stage,
)
from hptui.storage.queries import META_DEFAULTS
from hptui.storage.store import Store


def store_defaults(store: Store, defaults: Mapping[str, Value]) -> None:
    """Store the trainer's defaults, so that the store can be read without the trainer."""
    store.set_meta(META_DEFAULTS, json.dumps(dict(defaults)))


def trial_name(store: Store, study: Study, number: int, params: Mapping[str, Value]) -> str:
    """Return the name that a template such as `trial_name = "exp_lr{lr}"` gives; '' without a template."""
    if not study.trial_name:
        return ""
    settings: dict[str, Value] = {"number": number, **store.defaults(), **study.trainer.settings, **params}
    parts = []
    for literal, name, spec, _ in Formatter().parse(study.trial_name):
        parts += [literal, "" if name is None else _format_value(settings.get(name), spec or "")]
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", "".join(parts))[:64].strip("-.")
    return text if text and text[0].isalnum() else f"t{text}"[:64]


def _format_value(value: Value, spec: str) -> str:
    try:
        return format(value, spec or ("g" if isinstance(value, float) else ""))
    except (TypeError, ValueError):
        return str(value)


def unique_name(name: str, taken: Collection[str], number: int) -> str:
    """Return the name, followed by the trial's number if another trial has it."""
    return f"{name[:58]}-{number}" if name and name in taken else name


def insert_waiting(store: Store, study: Study, role: Role, params: Mapping[str, Value], **facts: object) -> Trial:
    """Insert a waiting trial with the next number and return it. The caller holds the transaction.

    `facts` are further fields of the trial; `stage`, `seed` and `revision` default to the current ones.
    """
    number = store.next_number()
    name = str(facts.pop("name", "")) or trial_name(store, study, number, params)
    defaults: dict[str, object] = {"revision": store.study_row()["revision"], "seed": study.search.seed}
    defaults["stage"] = current_stage(store, study).name
    trial = Trial(
        number=number,
        name=unique_name(name, store.trial_names(), number),
        status=TrialStatus.WAITING,
        role=role,
        params=dict(params),
        created=time.time(),
        **{**defaults, **facts},  # type: ignore[arg-type]  # title, note, engine, seen …
    )
    store.insert_trial(trial)
    return trial


def manual_overrides(store: Store, study: Study, part: StageState, params: Mapping[str, Value]) -> dict[str, Value]:
    """Return the overrides of a listed or manual trial in a stage.

    Its own `params` win over derived values, and these over what the stage changes.
    """
    stage_study = study_in_stage(study, part)
    base = {**store.defaults(), **stage_study.trainer.settings}
    env = {**base, **params}
    derived = {
        derived_value.name: derived_value.expr.evaluate(env)
        for derived_value in stage_study.space.derived
        if derived_value.name not in params
    }
    changed = {name: value for name, value in derived.items() if value != base.get(name)}
    return {**overrides_in_stage(study, part), **changed, **params}


def insert_replicate(store: Store, study: Study, trial: Trial, k: int) -> Trial:
    """Insert a replicate with seed + k. The caller holds the transaction."""
    title = f"{trial.title or trial.name or f'trial {trial.number}'}, seed {trial.seed + k}"
    facts = {"replicate_of": trial.number, "seed": trial.seed + k, "stage": trial.stage, "revision": trial.revision}
    return insert_waiting(store, study, Role.REPLICATE, trial.params, title=title, **facts)


def insert_stage_trials(store: Store, study: Study, part: StageState, trials: Sequence[Trial]) -> None:
    """Begin the next stage and insert the trials that it starts with. The caller holds the transaction.

    Raises: `UserError` when no trial of the stage before is usable.
    """
    next_state, reruns = plan_next_stage(store, study, part, trials)
    begin_stage(store, next_state)
    stage = stage_named(study, next_state.name)
    assert stage is not None
    if stage.baseline:
        title = f"Baseline in {stage.name}"
        insert_waiting(
            store,
            study,
            Role.BASELINE,
            overrides_in_stage(study, next_state),
            name=f"baseline-{stage.name}"[:64],
            title=title,
        )
    for rank, rerun in enumerate(reruns, start=1):
        title = f"best {rank} of {part.name} (trial {rerun.source}) in {stage.name}"
        insert_waiting(store, study, Role.LISTED, rerun.params, title=title, facts={FROM_TRIAL: rerun.source})
    store.add_event("info", "stage", _stage_message(stage, part.name, next_state))


def _stage_message(stage: Stage, previous: str, part: StageState) -> str:
    """Return the sentence for the user when a stage begins."""
    if not part.source:
        return f"stage {stage.name} begins"
    numbers = ", ".join(map(str, part.source))
    source_trials = f"trial {numbers}" if len(part.source) == 1 else f"trials {numbers}"
    if stage.searches:
        return f"stage {stage.name} begins, with everything else as in {source_trials}, the best before it"
    wanted = stage.best or 1
    shortage = f"; {wanted} were wanted, but {previous} has no more" if len(part.source) < wanted else ""
    return f"stage {stage.name} begins: {source_trials} again{shortage}"


def insert_file_trials(store: Store, study: Study) -> None:
    """Insert the baseline and the listed trials that are not recorded yet."""
    with store.transaction(durable=True):
        recorded, part = store.trials(), current_stage(store, study)
        params = overrides_in_stage(study, part)
        if study.search.evaluate_base and not any(trial.role is Role.BASE for trial in recorded):
            insert_waiting(store, study, Role.BASE, params, name="base", title="Base model, untrained")
        if study.search.baseline and not any(trial.role is Role.BASELINE for trial in recorded):
            insert_waiting(store, study, Role.BASELINE, params, name="baseline", title="Baseline")
        listed = [trial for trial in recorded if trial.role is Role.LISTED]
        for listed_trial in study.trials:
            title = listed_trial.title or listed_trial.name
            if not any(_is_listed(study, trial, title, listed_trial.set) for trial in listed):
                params = manual_overrides(store, study, part, listed_trial.set)
                insert_waiting(
                    store, study, Role.LISTED, params, name=listed_trial.name, title=title, note=listed_trial.note
                )


def _is_listed(study: Study, trial: Trial, title: str, wanted: Mapping[str, Value]) -> bool:
    """Return True when a recorded trial is one that the file lists.

    It then changes what the file says, and apart from that only derived values and settings of stages.
    """
    listed = {name: trial.params[name] for name in wanted if name in trial.params}
    implied = {derived.name for derived in study.space.derived} | {name for stage in study.stages for name in stage.set}
    return (
        trial.title == title
        and FROM_TRIAL not in trial.facts
        and configuration_key(listed) == configuration_key(wanted)
        and trial.params.keys() - wanted.keys() <= implied
    )
