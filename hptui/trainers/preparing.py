"""What a trainer may do once for a study, before its first trial: make what trials share, and say what is doubtful.

It runs in a worker of its own on a directory like an attempt's, whose `config.json` says `"prepare": true`. Its events
are `warning`, `facts` and `end`; an error of the user's ends the study before a trial was wasted on it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hptui.model.ahead import Ahead
from hptui.model.trial import Reason, TrialStatus, Value
from hptui.storage.rundir import EventWriter
from hptui.trainers.outcome import Outcome, of_error


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found out about a study: facts for its report, and doubts for its user."""

    facts: Mapping[str, Value] = field(default_factory=dict)
    warnings: Sequence[str] = ()


Prepare = Callable[[Ahead, Path, Path], Prepared]
"""What is ahead, the study file's directory, and the study's cache in."""


def carry_out(prepare: Callable[[], Prepare], config: Mapping[str, Any], events: EventWriter) -> Outcome:
    """Prepare a study, and put on record what came of it."""
    try:
        found = prepare()(Ahead.read(config), Path(config["directory"] or "."), Path(config["cache"]))
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  all of it is recorded
        traceback.print_exc()
        return of_error(error, reported=False)
    for message in found.warnings:
        print(f"warning: {message}", flush=True)
        events.emit("warning", message=message[:2000])
    events.emit("facts", facts=dict(found.facts))
    return Outcome(TrialStatus.COMPLETE, Reason.FINISHED)
