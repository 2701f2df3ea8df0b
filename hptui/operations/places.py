"""Where the trials of a study run: machines, what they do, and attempts that are queued or unreachable."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hptui.core.format import duration
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.whereabouts import whereabouts

Json = dict[str, Any]


def places_json(sd: StudyDir) -> Json:
    """Return the machines of a study and its attempts there, as its runner recorded them last."""
    with StoreReader.open(sd) as reader:
        recorded, executor = whereabouts(reader), executor_of(reader)
    alive = bool(runner_status(sd)["alive"])
    head = {"study": sd.name, "executor": executor, "runner": alive}
    return {**head, "places": with_trials(recorded), "attempts": recorded["attempts"]}


def with_trials(recorded: Json) -> list[Json]:
    """Return the recorded places, each with the numbers of the trials that run there."""
    trials: dict[str, list[int]] = {}
    for number, attempt in recorded["attempts"].items():
        trials.setdefault(str(attempt["place"]), []).append(int(number))
    return [{**place, "trials": sorted(trials.get(place["name"], []))} for place in recorded["places"]]


def executor_of(reader: StoreReader) -> str:
    """Return what runs the trials of a study."""
    return str(reader.spec_json().get("resources", {}).get("executor") or "local")


def counts_of(attempts: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many attempts are queued, and how many unreachable."""
    states = [attempt["state"] for attempt in attempts.values()]
    return states.count("queued"), states.count("unknown")


def describe(attempts: Mapping[str, Mapping[str, Any]], now: float | None = None) -> str:
    """Return queued and unreachable attempts in one line: `1 unreachable (box2, ~4 min)`."""
    now = time.time() if now is None else now
    parts = []
    for state, word in (("queued", "queued"), ("unknown", "unreachable")):
        some = [attempt for attempt in attempts.values() if attempt["state"] == state]
        if some:
            first = min(some, key=lambda attempt: float(attempt["since"]))
            lasted = duration(max(0.0, now - float(first["since"])))
            about = first["why"] if state == "queued" else first["place"]
            parts.append(f"{len(some)} {word} ({', '.join(filter(None, (about, lasted)))})")
    return " · ".join(parts)


def state_words(state: str) -> str:
    """Return what is shown after `running` for the state of an attempt; '' for one that is followed."""
    return {"queued": "queued", "unknown": "unreachable"}.get(state, "")
