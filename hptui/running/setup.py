"""Trials that stand in the study file, and names: what is recorded before anything runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping, Sequence
from string import Formatter

from hptui.model.space import key_of
from hptui.model.stages import stage_named
from hptui.model.study import Stage, Study
from hptui.model.trial import FROM_TRIAL, Role, Trial, TrialStatus, Value
from hptui.running.stages import Part, begin, current, next_part, onto, view
from hptui.storage.queries import DEFAULTS
from hptui.storage.store import Store


def keep_defaults(store: Store, defaults: Mapping[str, Value]) -> None:
    """Remember the trainer's defaults, so that the store can be read without the trainer."""
    store.set_meta(DEFAULTS, json.dumps(dict(defaults)))


def trial_name(store: Store, study: Study, number: int, params: Mapping[str, Value]) -> str:
    """The name that `trial_name = "exp_lr{lr}"` gives a trial: '' without a template, always fit for a directory."""
    if not study.trial_name:
        return ""
    settings: dict[str, Value] = {"number": number, **store.defaults(), **study.trainer.settings, **params}
    parts = []
    for literal, name, spec, _ in Formatter().parse(study.trial_name):
        parts += [literal, "" if name is None else _plain(settings.get(name), spec or "")]
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", "".join(parts))[:64].strip("-.")
    return text if text and text[0].isalnum() else f"t{text}"[:64]


def _plain(value: Value, spec: str) -> str:
    try:
        return format(value, spec or ("g" if isinstance(value, float) else ""))
    except (TypeError, ValueError):
        return str(value)


def unique(name: str, taken: Collection[str], number: int) -> str:
    """`name`, with the trial's number behind it if another trial has it."""
    return f"{name[:58]}-{number}" if name and name in taken else name


def record(store: Store, study: Study, role: Role, params: Mapping[str, Value], **facts: object) -> Trial:
    """Insert a waiting trial with the next number. The caller holds the transaction."""
    number = store.next_number()
    name = str(facts.pop("name", "")) or trial_name(store, study, number, params)
    usual: dict[str, object] = {"revision": store.study_row()["revision"], "seed": study.search.seed}
    usual["stage"] = current(store, study).name
    trial = Trial(
        number=number,
        name=unique(name, store.trial_names(), number),
        status=TrialStatus.WAITING,
        role=role,
        params=dict(params),
        created=time.time(),
        **{**usual, **facts},  # type: ignore[arg-type]  # title, note, engine, seen …
    )
    store.insert_trial(trial)
    return trial


def by_hand(store: Store, study: Study, part: Part, params: Mapping[str, Value]) -> dict[str, Value]:
    """The overrides of a listed or hand-made trial in a stage: what the stage changes, what is derived, then its own
    word, which wins.
    """
    seen = view(study, part)
    base = {**store.defaults(), **seen.trainer.settings}
    env = {**base, **params}
    derived = {d.name: d.expr.evaluate(env) for d in seen.space.derived if d.name not in params}
    changed = {name: value for name, value in derived.items() if value != base.get(name)}
    return {**onto(study, part), **changed, **params}


def repeat(store: Store, study: Study, trial: Trial, k: int) -> Trial:
    """Record the same configuration with another seed. The caller holds the transaction."""
    title = f"{trial.title or trial.name or f'trial {trial.number}'}, seed {trial.seed + k}"
    facts = {"replicate_of": trial.number, "seed": trial.seed + k, "stage": trial.stage, "revision": trial.revision}
    return record(store, study, Role.REPLICATE, trial.params, title=title, **facts)


def begin_next(store: Store, study: Study, part: Part, trials: Sequence[Trial]) -> None:
    """Begin the next stage and record the trials that it consists of from the start. The caller holds the transaction.

    `UserError` when there is nothing that it could build on.
    """
    new, again = next_part(store, study, part, trials)
    begin(store, new)
    stage = stage_named(study, new.name)
    assert stage is not None
    if stage.baseline:
        title = f"Baseline in {stage.name}"
        record(store, study, Role.BASELINE, onto(study, new), name=f"baseline-{stage.name}"[:64], title=title)
    for place, one in enumerate(again, start=1):
        title = f"best {place} of {part.name} (trial {one.source}) in {stage.name}"
        record(store, study, Role.LISTED, one.params, title=title, facts={FROM_TRIAL: one.source})
    store.event("info", "stage", _takes_over(stage, part.name, new))


def _takes_over(stage: Stage, before: str, part: Part) -> str:
    """What a person is told when a stage begins."""
    if not part.source:
        return f"stage {stage.name} begins"
    numbers = ", ".join(map(str, part.source))
    whose = f"trial {numbers}" if len(part.source) == 1 else f"trials {numbers}"
    if stage.searches:
        return f"stage {stage.name} begins, with everything else as in {whose}, the best before it"
    wanted = stage.best or 1
    few = f"; {wanted} were wanted, but {before} has no more" if len(part.source) < wanted else ""
    return f"stage {stage.name} begins: {whose} again{few}"


def record_written(store: Store, study: Study) -> None:
    """Record the baseline and the listed trials, those that are not recorded yet."""
    with store.transaction(durable=True):
        known, part = store.trials(), current(store, study)
        params = onto(study, part)
        if study.search.evaluate_base and not any(trial.role is Role.BASE for trial in known):
            record(store, study, Role.BASE, params, name="base", title="Base model, untrained")
        if study.search.baseline and not any(trial.role is Role.BASELINE for trial in known):
            record(store, study, Role.BASELINE, params, name="baseline", title="Baseline")
        listed = [trial for trial in known if trial.role is Role.LISTED]
        for one in study.trials:
            title = one.title or one.name
            if not any(_is(study, trial, title, one.set) for trial in listed):
                params = by_hand(store, study, part, one.set)
                record(store, study, Role.LISTED, params, name=one.name, title=title, note=one.note)


def _is(study: Study, trial: Trial, title: str, wanted: Mapping[str, Value]) -> bool:
    """Whether a recorded trial is one of the file's: it changes what that says, and else what follows from it."""
    own = {name: trial.params[name] for name in wanted if name in trial.params}
    follows = {one.name for one in study.space.derived} | {name for stage in study.stages for name in stage.set}
    return (
        trial.title == title
        and FROM_TRIAL not in trial.facts
        and key_of(own) == key_of(wanted)
        and trial.params.keys() - wanted.keys() <= follows
    )
