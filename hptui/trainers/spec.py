"""What a trainer may do once for a study, before its first trial: make shared files, and report warnings.

It runs in a worker of its own in a directory like an attempt's, whose `config.json` has `"prepare": true`. Its events
are `warning`, `facts` and `end`; a user error ends the study before a trial is wasted on it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.planned_trials import PrepareRequest
from hptui.core.trial import Reason, TrialStatus, Value
from hptui.store.run_directory import EventWriter
from hptui.trainers.failures import Outcome, outcome_of_error


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result of a preparation: facts for the study's report, and warnings for its user."""

    facts: Mapping[str, Value] = field(default_factory=dict)
    warnings: Sequence[str] = ()


Prepare = Callable[[PrepareRequest, Path, Path], Prepared]
"""A preparation; takes the planned trials, the study file's directory and the study's cache."""


def run_preparation(prepare: Callable[[], Prepare], config: Mapping[str, Any], events: EventWriter) -> Outcome:
    """Prepare a study, record the warnings and facts, and return the outcome."""
    try:
        prepared = prepare()(PrepareRequest.from_json(config), Path(config["directory"] or "."), Path(config["cache"]))
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  all of it is recorded
        traceback.print_exc()
        return outcome_of_error(error, reported=False)
    for message in prepared.warnings:
        print(f"warning: {message}", flush=True)
        events.emit("warning", message=message[:2000])
    events.emit("facts", facts=dict(prepared.facts))
    return Outcome(TrialStatus.COMPLETE, Reason.FINISHED)
