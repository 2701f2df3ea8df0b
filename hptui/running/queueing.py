"""Trials that a person asks for: by settings, as a preset, as replicates, or as a changed copy of a trial.

The caller holds the study's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hptui.model.errors import NotFound, UserError, did_you_mean
from hptui.model.format import settings as settings_text
from hptui.model.stages import stage_overrides
from hptui.model.study import Preset, Study
from hptui.model.trial import FROM_STEP, FROM_TRIAL, Role, Trial
from hptui.running import setup
from hptui.running.continuing import copy_checkpoint, newest_checkpoint
from hptui.running.stages import current_stage, full_overrides
from hptui.storage import studyfile
from hptui.storage.paths import StudyDir, check_name
from hptui.storage.store import Store

MAX_REPLICATES_AT_ONCE = 100
"""Replicates that may be queued at once."""


def _study(store: Store) -> Study:
    return studyfile.from_json(store.study_row()["spec"])


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
        params = setup.manual_overrides(store, study, current_stage(store, study), params)
        trial = setup.insert_waiting(store, study, Role.MANUAL, params, name=name, title=title, note=note)
        store.add_event("info", "added", f"queued by hand: {settings_text(params)}", trial.number)
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
        new = setup.insert_waiting(store, study, Role.MANUAL, params, **labels, facts=facts, stage=stage)
        if checkpoint is not None:
            copy_checkpoint(sd, checkpoint, new.number)
        store.add_event("info", "added", f"queued: {title}", new.number)
    return f"trial {new.number} is queued: {title}"


def _check_trial_name(store: Store, name: str) -> None:
    """Check that a trial can have a name.

    Raises: `UserError` when it is not a name or is in use.
    """
    check_name(name, "trial")
    if name == "best" or name.isdecimal():
        hint = "numbers and `best` already say which trial is meant"
        raise UserError(f"a trial cannot be named {name!r}", hint=hint)
    if name in store.trial_names():
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
        used = {other.seed for other in store.trials() if other.replicate_of == trial.number}
        free = (k for k in range(1, len(used) + count + 1) if trial.seed + k not in used)
        queued = [setup.insert_replicate(store, study, trial, k) for k, _ in zip(free, range(count), strict=False)]
        for replicate in queued:
            store.add_event(
                "info", "added", f"trial {trial.number} again, with seed {replicate.seed}", replicate.number
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
        queued = setup.insert_waiting(
            store, study, Role.MANUAL, params, name=args.get("name") or "", title=title, facts=facts, stage=stage
        )
        store.add_event("info", "added", f"queued: {title}", queued.number)
    return f"trial {queued.number} is queued: {title}"


def _trial(store: Store, number: int) -> Trial:
    matches = [trial for trial in store.trials() if trial.number == number]
    if not matches:
        raise NotFound(f"there is no trial {number}")
    return matches[0]
