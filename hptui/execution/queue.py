"""Insert trials: those of the study file, of stages, and those that a person asks for; name them.

A person asks by settings, for a preset, for replicates, or for a changed copy of a trial, which may continue from the
other's checkpoint. The caller holds the study's lock."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping, Sequence
from string import Formatter
from typing import Any

from hptui import studyfile
from hptui.core.errors import NotFound, UserError, did_you_mean
from hptui.core.format import settings as settings_text
from hptui.core.space import configuration_key
from hptui.core.stages import stage_named, stage_overrides
from hptui.core.study import Preset, Stage, Study
from hptui.core.trial import FROM_STEP, FROM_TRIAL, Role, Trial, TrialStatus, Value
from hptui.core.values import check_name
from hptui.execution.stages import (
    StageState,
    begin_stage,
    current_stage,
    full_overrides,
    overrides_in_stage,
    plan_next_stage,
    study_in_stage,
)
from hptui.execution.starting_checkpoint import copy_checkpoint
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.records import CheckpointRow
from hptui.store.store import Store


def newest_checkpoint(store: Store, trial: Trial) -> CheckpointRow:
    """Return the newest checkpoint of a trial.

    Raises: `UserError` when the trial has none.
    """
    checkpoints = store.read.checkpoints(trial.number)
    if not checkpoints:
        hint = "a trainer saves one when it is paused, and as often as checkpoint_every says; scripts keep their own"
        raise UserError(f"trial {trial.number} has left no checkpoint to continue from", hint=hint)
    return checkpoints[-1]


def store_defaults(store: Store, defaults: Mapping[str, Value]) -> None:
    """Store the trainer's defaults, so that the store can be read without the trainer."""
    store.set_meta(MetaKey.DEFAULTS, json.dumps(dict(defaults)))


def trial_name(store: Store, study: Study, number: int, params: Mapping[str, Value]) -> str:
    """Return the name that a template such as `trial_name = "exp_lr{lr}"` gives; '' without a template."""
    if not study.trial_name:
        return ""
    settings: dict[str, Value] = {"number": number, **store.read.defaults(), **study.trainer.settings, **params}
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
    number = store.read.next_number()
    name = str(facts.pop("name", "")) or trial_name(store, study, number, params)
    defaults: dict[str, object] = {"revision": store.read.revision(), "seed": study.search.seed}
    defaults["stage"] = current_stage(store, study).name
    trial = Trial(
        number=number,
        name=unique_name(name, store.read.trial_names() if name else (), number),
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
    base = {**store.read.defaults(), **stage_study.trainer.settings}
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
    store.add_event("info", EventKind.STAGE, _stage_message(stage, part.name, next_state))


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
        recorded, part = store.read.trials(), current_stage(store, study)
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


MAX_REPLICATES_AT_ONCE = 100
"""Replicates that may be queued at once."""


def _study(store: Store) -> Study:
    return studyfile.from_json(store.read.study().spec)


def queue_manual(sd: StudyDir, store: Store, args: Mapping[str, Any]) -> str:
    """Queue a manual trial; return a sentence for the user.

    Its `params` go over the trainer's settings, over those of a `preset`, or over those of the trial that it is `like`,
    from whose last checkpoint it may begin.

    Raises: `UserError` when the name, preset or trial does not fit.
    """
    study, name = _study(store), args.get("name") or ""
    if name:
        _check_trial_name(store, name)
    title, note, params = args.get("title") or name, args.get("note") or "", dict(args.get("params") or {})
    if args.get("like") is not None:
        return _add_like(sd, store, study, args, params)
    if args.get("preset"):
        preset = _preset(study, args["preset"])
        name, params = name or preset.name, {**preset.set, **params}
        title, note = title or preset.title or preset.name, note or preset.note
    with store.transaction(durable=True):
        params = manual_overrides(store, study, current_stage(store, study), params)
        trial = insert_waiting(store, study, Role.MANUAL, params, name=name, title=title, note=note)
        store.add_event("info", EventKind.ADDED, f"queued by hand: {settings_text(params)}", trial.number)
    return f"trial {trial.number} is queued"


def _add_like(sd: StudyDir, store: Store, study: Study, args: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Queue a trial's configuration with changes, from the start or from its last checkpoint."""
    trial = _trial(store, args["like"])
    checkpoint = newest_checkpoint(store, trial) if args.get("from_checkpoint") else None
    if checkpoint is None and not changes:
        hint = f"with other seeds: hptui add {study.name} --repeat {trial.number}"
        raise UserError(f"trial {trial.number} has run as it is; say what to change", hint=hint)
    facts = {FROM_TRIAL: trial.number, **({FROM_STEP: checkpoint.step} if checkpoint is not None else {})}
    origin = f"trial {trial.number} continued at step {checkpoint.step}" if checkpoint else f"trial {trial.number}"
    title = args.get("title") or origin + (f" with {settings_text(changes)}" if changes else "")
    name, note = args.get("name") or "", args.get("note") or ""
    stage = "" if changes.keys() & stage_overrides(study, trial.stage).keys() else trial.stage
    with store.transaction(durable=True):
        params = full_overrides(store, study, trial, changes)
        labels = {"name": name, "title": title, "note": note}
        new = insert_waiting(store, study, Role.MANUAL, params, **labels, facts=facts, stage=stage)
        if checkpoint is not None:
            copy_checkpoint(sd, checkpoint, new.number)
        store.add_event("info", EventKind.ADDED, f"queued: {title}", new.number)
    return f"trial {new.number} is queued: {title}"


def _check_trial_name(store: Store, name: str) -> None:
    """Check that a trial can have a name.

    Raises: `UserError` when it is not a name or is in use.
    """
    check_name(name, "trial")
    if name == "best" or name.isdecimal():
        hint = "numbers and `best` already say which trial is meant"
        raise UserError(f"a trial cannot be named {name!r}", hint=hint)
    if name in store.read.trial_names():
        raise UserError(f"a trial named {name!r} exists already", hint="give it another --name")


def _preset(study: Study, name: str) -> Preset:
    for preset in study.presets:
        if preset.name == name:
            return preset
    if not study.presets:
        raise UserError(f"there is no preset {name!r}", hint="the study file has no [[preset]]")
    raise UserError(f"there is no preset {name!r}", hint=did_you_mean(name, [preset.name for preset in study.presets]))


def queue_replicates(store: Store, args: Mapping[str, Any]) -> str:
    """Queue replicates of a trial, with the next `seeds` seeds that it has not run with."""
    study, count = _study(store), int(args.get("seeds") or 1)
    if not 1 <= count <= MAX_REPLICATES_AT_ONCE:
        raise UserError(f"--seeds {count}: between 1 and {MAX_REPLICATES_AT_ONCE} repeats can be queued")
    trial = _trial(store, args["trial"])
    if trial.replicate_of is not None:
        trial = _trial(store, trial.replicate_of)
    if trial.role in (Role.IMPORTED, Role.BASE):
        reason = "ran elsewhere" if trial.role is Role.IMPORTED else "is the untrained model, which no seed changes"
        raise UserError(f"trial {trial.number} {reason}, so it cannot be repeated")
    if trial.continued_from is not None:
        origin, step = trial.continued_from
        hint = f"from the start, with what it was set to: hptui add {study.name} --like {trial.number} KEY=VALUE"
        raise UserError(f"trial {trial.number} began at step {step} of trial {origin}: no seed repeats that", hint=hint)
    with store.transaction(durable=True):
        used = {other.seed for other in store.read.trials() if other.replicate_of == trial.number}
        free = (k for k in range(1, len(used) + count + 1) if trial.seed + k not in used)
        queued = [insert_replicate(store, study, trial, k) for k, _ in zip(free, range(count), strict=False)]
        for replicate in queued:
            store.add_event(
                "info", EventKind.ADDED, f"trial {trial.number} again, with seed {replicate.seed}", replicate.number
            )
    numbers = ", ".join(str(replicate.number) for replicate in queued)
    seeds = ", ".join(str(replicate.seed) for replicate in queued)
    sentence = f"trial {numbers} is queued" if len(queued) == 1 else f"trials {numbers} are queued"
    return f"{sentence}: trial {trial.number} again with seed {seeds}"


def queue_changed(store: Store, args: Mapping[str, Any]) -> str:
    """Queue a trial's configuration with some settings changed: the final run of what a search has found."""
    study, changes = _study(store), dict(args["params"])
    trial = _trial(store, args["trial"])
    if not changes:
        hint = f"--set epochs=3, or with other seeds: hptui add {study.name} --repeat {trial.number}"
        raise UserError(f"trial {trial.number} has run as it is; say what to change", hint=hint)
    if args.get("name"):
        _check_trial_name(store, args["name"])
    facts = {FROM_TRIAL: trial.number}
    stage = "" if changes.keys() & stage_overrides(study, trial.stage).keys() else trial.stage
    title = args.get("title") or f"trial {trial.number} with {settings_text(changes)}"
    with store.transaction(durable=True):
        params = full_overrides(store, study, trial, changes)
        queued = insert_waiting(
            store, study, Role.MANUAL, params, name=args.get("name") or "", title=title, facts=facts, stage=stage
        )
        store.add_event("info", EventKind.ADDED, f"queued: {title}", queued.number)
    return f"trial {queued.number} is queued: {title}"


def _trial(store: Store, number: int) -> Trial:
    matches = [trial for trial in store.read.trials() if trial.number == number]
    if not matches:
        raise NotFound(f"there is no trial {number}")
    return matches[0]
