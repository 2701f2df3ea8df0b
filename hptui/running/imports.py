"""Recording experiments that ran elsewhere: marked as imported, with where they are from, and nothing made up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hptui.model.errors import UserError
from hptui.model.study import NAME, Study
from hptui.model.trial import Reason, Role, Trial, TrialStatus
from hptui.model.values import same
from hptui.running.setup import unique
from hptui.storage.store import Store

SOURCE, HASH, PLACE = "imported_from", "imported_sha256", "imported_place"


def take(store: Store, study: Study, args: Mapping[str, Any]) -> str:
    """Record `trials` from the file `source` with the hash `sha256`; those that are recorded already are left out."""
    source, digest, given = str(args["source"]), str(args["sha256"]), list(args["trials"])
    with store.transaction(durable=True):
        known = {(one.facts.get(HASH), one.facts.get(PLACE)) for one in store.trials() if one.role is Role.IMPORTED}
        new = [one for one in given if (digest, one["place"]) not in known]
        taken, number = store.trial_names(), store.next_number()
        first, revision = number, store.study_row()["revision"]
        for one in new:
            trial = _trial(study, one, number, revision, {SOURCE: source, HASH: digest, PLACE: one["place"]})
            named = unique(trial.name, taken, number)
            taken.add(named)
            store.insert_trial(replace(trial, name=named))
            metric = study.objective.metric
            curve = [
                (metric, int(step), value, None if value is not None else "nan", 0.0) for step, value in one["curve"]
            ]
            store.add_points(number, 1, curve)
            number += 1
        if new:
            store.event("info", "imported", f"{len(new)} experiments imported from {source}")
    there = len(given) - len(new)
    also = f"; {there} {'was' if there == 1 else 'were'} there already" if there else ""
    if not new:
        return f"nothing new: all {there} of {source} were imported before"
    range_ = f"trial {first}" if len(new) == 1 else f"trials {first} to {number - 1}"
    return f"{len(new)} recorded as imported: {range_}{also}"


def _trial(study: Study, one: Mapping[str, Any], number: int, revision: int, facts: Mapping[str, Any]) -> Trial:
    status = TrialStatus(one["status"])
    if status.open:
        raise UserError(f"{one['place']}: only what has ended can be imported, this is {status}")
    name = str(one["name"] or "")
    fits = bool(NAME.fullmatch(name)) and not name.isdecimal() and name != "best"
    return Trial(
        number=number,
        name=name if fits else "",
        title="" if fits else name,
        status=status,
        role=Role.IMPORTED,
        stage=_stage(study, one["params"]),
        params=dict(one["params"]),
        reason=Reason(one["reason"]) if one["reason"] else None,
        message=str(one["message"]),
        values=dict(one["values"]) if one["values"] is not None else None,
        final=dict(one["metrics"]),
        revision=revision,
        note=str(one["note"] or ""),
        seconds=float(one["seconds"] or 0.0),
        peak_memory_gb=one["peak_memory_gb"],
        created=time.time(),
        started=one["started"],
        ended=one["ended"],
        facts={**dict(one["facts"]), **facts},
    )


def _stage(study: Study, params: Mapping[str, Any]) -> str:
    """The first stage, for an experiment of which it is recorded that it ran with what that stage sets; else none.

    Without stages that set something, trials of no stage are comparable anyway. A later stage begins from the trials
    before it, so nothing that ran elsewhere can belong to it.
    """
    first = study.stages[0] if study.stages else None
    if first is None or not first.set:
        return ""
    ran_so = all(name in params and same(params[name], value) for name, value in first.set.items())
    return first.name if ran_so else ""
