"""Trials that a person asks for: by their settings, as a preset, as repeats of a trial, or as a changed copy of one.

The caller holds the study's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hptui.model.errors import NotFound, UserError, did_you_mean
from hptui.model.format import settings as settings_text
from hptui.model.stages import overrides
from hptui.model.study import Preset, Study
from hptui.model.trial import FROM_STEP, FROM_TRIAL, Role, Trial
from hptui.running import setup
from hptui.running.continuing import carry, checkpoint_of
from hptui.running.stages import current, whole
from hptui.storage import studyfile
from hptui.storage.paths import StudyDir, check_name
from hptui.storage.store import Store

MOST = 100
"""Repeats that may be queued at once."""


def _study(store: Store) -> Study:
    return studyfile.from_json(store.study_row()["spec"])


def add(sd: StudyDir, store: Store, args: Mapping[str, Any]) -> str:
    """Queue a hand-made trial: `params` over the trainer's settings, over those of a `preset`, or over those of the
    trial that it shall be `like`, from whose last checkpoint it may begin.
    """
    study, name = _study(store), args.get("name") or ""
    if name:
        _free(store, name)
    title, note, params = args.get("title") or name, args.get("note") or "", dict(args.get("params") or {})
    if args.get("like") is not None:
        return _like(sd, store, study, args, params)
    if args.get("preset"):
        preset = _preset(study, args["preset"])
        name, params = name or preset.name, {**preset.set, **params}
        title, note = title or preset.title or preset.name, note or preset.note
    with store.transaction(durable=True):
        params = setup.by_hand(store, study, current(store, study), params)
        trial = setup.record(store, study, Role.MANUAL, params, name=name, title=title, note=note)
        store.event("info", "added", f"queued by hand: {settings_text(params)}", trial.number)
    return f"trial {trial.number} is queued"


def _like(sd: StudyDir, store: Store, study: Study, args: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Queue the configuration of a trial with changes, from the start or from its last checkpoint."""
    trial = _trial(store, args["like"])
    checkpoint = checkpoint_of(store, trial) if args.get("from_checkpoint") else None
    if checkpoint is None and not changes:
        hint = f"with other seeds: hptui add {study.name} --repeat {trial.number}"
        raise UserError(f"trial {trial.number} has run as it is; say what to change", hint=hint)
    facts = {FROM_TRIAL: trial.number, **({FROM_STEP: checkpoint.step} if checkpoint is not None else {})}
    what = f"trial {trial.number} continued at step {checkpoint.step}" if checkpoint else f"trial {trial.number}"
    title = args.get("title") or what + (f" with {settings_text(changes)}" if changes else "")
    name, note = args.get("name") or "", args.get("note") or ""
    stage = "" if changes.keys() & overrides(study, trial.stage).keys() else trial.stage
    with store.transaction(durable=True):
        params = whole(store, study, trial, changes)
        words = {"name": name, "title": title, "note": note}
        new = setup.record(store, study, Role.MANUAL, params, **words, facts=facts, stage=stage)
        if checkpoint is not None:
            carry(sd, checkpoint, new.number)
        store.event("info", "added", f"queued: {title}", new.number)
    return f"trial {new.number} is queued: {title}"


def _free(store: Store, name: str) -> None:
    """Refuse a name that a trial cannot have."""
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
    raise UserError(f"there is no preset {name!r}", hint=did_you_mean(name, [one.name for one in study.presets]))


def repeat(store: Store, args: Mapping[str, Any]) -> str:
    """Queue the same configuration again, with the next `seeds` seeds that it has not run with."""
    study, wanted = _study(store), int(args.get("seeds") or 1)
    if not 1 <= wanted <= MOST:
        raise UserError(f"--seeds {wanted}: between 1 and {MOST} repeats can be queued")
    trial = _trial(store, args["trial"])
    if trial.replicate_of is not None:
        trial = _trial(store, trial.replicate_of)
    if trial.role in (Role.IMPORTED, Role.BASE):
        what = "ran elsewhere" if trial.role is Role.IMPORTED else "is the untrained model, which no seed changes"
        raise UserError(f"trial {trial.number} {what}, so it cannot be repeated")
    if trial.continued is not None:
        first, step = trial.continued
        hint = f"from the start, with what it was set to: hptui add {study.name} --like {trial.number} KEY=VALUE"
        raise UserError(f"trial {trial.number} began at step {step} of trial {first}: no seed repeats that", hint=hint)
    with store.transaction(durable=True):
        used = {one.seed for one in store.trials() if one.replicate_of == trial.number}
        free = (k for k in range(1, len(used) + wanted + 1) if trial.seed + k not in used)
        queued = [setup.repeat(store, study, trial, k) for k, _ in zip(free, range(wanted), strict=False)]
        for one in queued:
            store.event("info", "added", f"trial {trial.number} again, with seed {one.seed}", one.number)
    numbers = ", ".join(str(one.number) for one in queued)
    seeds = ", ".join(str(one.seed) for one in queued)
    which = f"trial {numbers} is queued" if len(queued) == 1 else f"trials {numbers} are queued"
    return f"{which}: trial {trial.number} again with seed {seeds}"


def rerun(store: Store, args: Mapping[str, Any]) -> str:
    """Queue the configuration of a trial with some settings changed: the final run of what a search has found."""
    study, changes = _study(store), dict(args["params"])
    trial = _trial(store, args["trial"])
    if not changes:
        hint = f"--set epochs=3, or with other seeds: hptui add {study.name} --repeat {trial.number}"
        raise UserError(f"trial {trial.number} has run as it is; say what to change", hint=hint)
    if args.get("name"):
        _free(store, args["name"])
    facts = {FROM_TRIAL: trial.number}
    stage = "" if changes.keys() & overrides(study, trial.stage).keys() else trial.stage
    title = args.get("title") or f"trial {trial.number} with {settings_text(changes)}"
    with store.transaction(durable=True):
        params = whole(store, study, trial, changes)
        new = setup.record(
            store, study, Role.MANUAL, params, name=args.get("name") or "", title=title, facts=facts, stage=stage
        )
        store.event("info", "added", f"queued: {title}", new.number)
    return f"trial {new.number} is queued: {title}"


def _trial(store: Store, number: int) -> Trial:
    found = [trial for trial in store.trials() if trial.number == number]
    if not found:
        raise NotFound(f"there is no trial {number}")
    return found[0]
