"""Record trials that ran elsewhere as imported, with the file they are from; no missing value is made up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hptui.core.errors import UserError
from hptui.core.study import Study
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.core.values import NAME_PATTERN, values_equal
from hptui.execution.queue import unique_name
from hptui.store.recorded import EventKind
from hptui.store.store import Store

IMPORTED_FROM, IMPORTED_SHA256, IMPORTED_PLACE = "imported_from", "imported_sha256", "imported_place"
"""Facts of an imported trial: the file's name, its hash, and where in it the trial stands."""


def insert_imported(store: Store, study: Study, args: Mapping[str, Any]) -> str:
    """Record the `trials` of the file `source` with hash `sha256`; return a sentence for the user.

    Trials of the same hash and place in the file are skipped: they have been imported before.
    """
    source, digest, entries = str(args["source"]), str(args["sha256"]), list(args["trials"])
    with store.transaction(durable=True):
        recorded = {
            (trial.facts.get(IMPORTED_SHA256), trial.facts.get(IMPORTED_PLACE))
            for trial in store.read.trials()
            if trial.role is Role.IMPORTED
        }
        new = [entry for entry in entries if (digest, entry["place"]) not in recorded]
        names, number = store.read.trial_names(), store.read.next_number()
        first, revision = number, store.read.study().revision
        for entry in new:
            trial = _imported_trial(
                study,
                entry,
                number,
                revision,
                {IMPORTED_FROM: source, IMPORTED_SHA256: digest, IMPORTED_PLACE: entry["place"]},
            )
            name = unique_name(trial.name, names, number)
            names.add(name)
            store.insert_trial(replace(trial, name=name))
            metric = study.objective.metric
            curve = [
                (metric, int(step), value, None if value is not None else "nan", 0.0) for step, value in entry["curve"]
            ]
            store.add_points(number, 1, curve)
            number += 1
        if new:
            store.add_event("info", EventKind.IMPORTED, f"{len(new)} experiments imported from {source}")
    already = len(entries) - len(new)
    skipped = f"; {already} {'was' if already == 1 else 'were'} there already" if already else ""
    if not new:
        return f"nothing new: all {already} of {source} were imported before"
    range_ = f"trial {first}" if len(new) == 1 else f"trials {first} to {number - 1}"
    return f"{len(new)} recorded as imported: {range_}{skipped}"


def _imported_trial(
    study: Study, entry: Mapping[str, Any], number: int, revision: int, facts: Mapping[str, Any]
) -> Trial:
    status = TrialStatus(entry["status"])
    if status.open:
        raise UserError(f"{entry['place']}: only what has ended can be imported, this is {status}")
    name = str(entry["name"] or "")
    valid = bool(NAME_PATTERN.fullmatch(name)) and not name.isdecimal() and name != "best"
    return Trial(
        number=number,
        name=name if valid else "",
        title="" if valid else name,
        status=status,
        role=Role.IMPORTED,
        stage=_stage_of_import(study, entry["params"]),
        params=dict(entry["params"]),
        reason=Reason(entry["reason"]) if entry["reason"] else None,
        message=str(entry["message"]),
        values=dict(entry["values"]) if entry["values"] is not None else None,
        final=dict(entry["metrics"]),
        revision=revision,
        note=str(entry["note"] or ""),
        seconds=float(entry["seconds"] or 0.0),
        peak_memory_gb=entry["peak_memory_gb"],
        created=time.time(),
        started=entry["started"],
        ended=entry["ended"],
        facts={**dict(entry["facts"]), **facts},
    )


def _stage_of_import(study: Study, params: Mapping[str, Any]) -> str:
    """Return the first stage for an imported trial whose parameters have what that stage sets; else ''.

    Without stages that set something, trials of no stage are comparable anyway. A later stage begins from the trials
    before it, so nothing that ran elsewhere can belong to it.
    """
    first_stage = study.stages[0] if study.stages else None
    if first_stage is None or not first_stage.set:
        return ""
    matches = all(name in params and values_equal(params[name], value) for name, value in first_stage.set.items())
    return first_stage.name if matches else ""
