"""What attempts that share a process have taken of its time, and what is not measured of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hptui.core.trial import HOST_REFUSED, SECONDS_ALONE, Attempt
from hptui.core.values import is_number
from hptui.execution.attempt_files import finite
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.run_directory import RunDir, read_json
from hptui.store.store import Store


def record_share(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    """Record what an attempt has taken so far.

    Each sign of progress says it, so that one which is killed keeps what it took.
    """
    if (share := event.get(SECONDS_ALONE)) is None:
        return
    [attempt] = [row for row in store.read.attempts(live.trial.number) if row.token == live.attempt.token]
    store.update_attempt(
        attempt.token, environment={**attempt.environment, SECONDS_ALONE: round(max(0.0, finite(share)), 4)}
    )


def own_seconds(attempts: Sequence[Attempt]) -> float | None:
    """Return a trial's own part of the computing.

    It is the sum of its shares, and of the time of attempts in processes of their own. None where no attempt shared
    a process.
    """
    shares = [attempt.environment.get(SECONDS_ALONE) for attempt in attempts]
    if all(share is None for share in shares):
        return None
    total = 0.0
    for attempt, share in zip(attempts, shares, strict=True):
        if is_number(share):
            total += share
        elif HOST_REFUSED not in attempt.environment:
            total += attempt.seconds
    return round(total, 4)


def is_hosted(run: RunDir) -> bool:
    """Return whether an attempt's own process computes nothing: the host does that, for others, too.

    What the process used says nothing about the trial.
    """
    config = read_json(run.config)
    return isinstance(config, dict) and bool(config.get("host"))
