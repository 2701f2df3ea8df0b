"""Trials that stand in the study file, and names: what is recorded before anything runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping
from string import Formatter

from hptui.model.space import key_of
from hptui.model.study import Study
from hptui.model.trial import Role, Trial, TrialStatus, Value
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
    trial = Trial(
        number=number,
        name=unique(name, store.trial_names(), number),
        status=TrialStatus.WAITING,
        role=role,
        params=dict(params),
        revision=store.study_row()["revision"],
        seed=study.search.seed,
        created=time.time(),
        **facts,  # type: ignore[arg-type]  # title, note, engine, rejections, seen
    )
    store.insert_trial(trial)
    return trial


def by_hand(study: Study, params: Mapping[str, Value]) -> dict[str, Value]:
    """The overrides of a listed or hand-made trial: what is derived from it, then its own word, which wins."""
    base = study.trainer.settings
    derived = {d.name: d.expr.evaluate({**base, **params}) for d in study.space.derived if d.name not in params}
    return {**{name: value for name, value in derived.items() if value != base.get(name)}, **params}


def record_written(store: Store, study: Study) -> None:
    """Record the baseline and the listed trials, those that are not recorded yet."""
    with store.transaction(durable=True):
        known = store.trials()
        if study.search.baseline and not any(trial.role is Role.BASELINE for trial in known):
            record(store, study, Role.BASELINE, {}, name="baseline", title="Baseline")
        listed = {(trial.title, key_of(trial.params)) for trial in known if trial.role is Role.LISTED}
        for one in study.trials:
            params = by_hand(study, one.set)
            title = one.title or one.name
            if (title, key_of(params)) not in listed:
                record(store, study, Role.LISTED, params, name=one.name, title=title, note=one.note)
