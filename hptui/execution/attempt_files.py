"""Read what a worker and its shim left in a run directory, and check every field.

A script can write to these files, and an earlier version may have. So nothing here raises for what is in them: what
cannot be used is left out, and `problems` says what it was, in its own words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import NOTICE_FILE, Reason, TrialStatus
from hptui.execution.classify_exit import ATTEMPT_STATE_OF
from hptui.store.metric_points import MAX_METRIC_NAME_LENGTH
from hptui.store.run_directory import MAX_EVENT_BYTES, RunDir, join_nonfinite, put_control, read_json
from hptui.store.safe_reading import UnusableFile, move_aside, read_end, read_start

INVALID_LINE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What an invalid line may raise. Scripts can write to the file, so such a line is recorded and skipped."""
MAX_QUOTED = 300
"""Most characters of a line that a message quotes."""
MAX_SECONDS = 1e11
"""Bound of times and durations: beyond it lies no date that a computer can show."""
MAX_GIB = 1e9
MAX_EVENTS = 1 << 53
"""Bound of the numbers of events."""
LOG_TAIL_BYTES = 16 * 1024  # bytes
LOG_TAIL_LINES = 20
"""Lines of a log that are shown by default."""


def quote(raw: object) -> str:
    """Return the beginning of a line or value, as a message shows it."""
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else repr(raw)
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}…"


def finite(value: object, low: float = 0.0, high: float = MAX_SECONDS) -> float:
    """Return a number as a float.

    Raises: ValueError for what is no finite number between `low` and `high`.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{quote(value)} is no number from {low:g} to {high:g}")
    return float(value)


def whole(value: object, low: int = 0, high: int = MAX_EVENTS) -> int:
    """Return a whole number.

    Raises: ValueError for what is none between `low` and `high`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{quote(value)} is no whole number from {low} to {high}")
    return value


@dataclass(frozen=True, slots=True)
class Event:
    """One line of `events.jsonl` whose head is valid: number, kind, seconds; `fields` is all of it."""

    number: int
    kind: str
    seconds: float
    fields: Mapping[str, Any]


def parse_event(line: bytes) -> Event:
    """Return the event of a line.

    Raises: one of INVALID_LINE_ERRORS.
    """
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("no JSON object")
    return Event(whole(fields["q"], 1), str(fields["k"]), finite(fields["t"]), fields)


def event_number(line: bytes) -> int | None:
    """Return the number of the event that a line is; None for one that is no event."""
    try:
        return parse_event(line).number
    except INVALID_LINE_ERRORS:
        return None


def last_event(run: RunDir) -> Event | None:
    """Return the last valid event of an attempt; None when there is none."""
    return next((event for _, event in _events_backwards(run)), None)


def _events_backwards(run: RunDir) -> Iterator[tuple[bytes, Event]]:
    """Yield the lines and events at the end of an attempt's file, the last one first; skip invalid lines."""
    tail = read_end(run.events, 2 * MAX_EVENT_BYTES)
    for line in reversed(tail[: tail.rfind(b"\n") + 1].split(b"\n")):
        try:
            event = parse_event(line)
        except INVALID_LINE_ERRORS:
            continue
        yield line, event


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run directory says about the end of its attempt.

    `event` is the end event and `exit` are the facts of `exit.json`, None where there is none that can be used.
    `event_problem` and `exit_problem` quote one that is there and cannot be; `problems` are single fields that were
    left out. `notice` is why its scheduler has ended it early.
    """

    event: Mapping[str, Any] | None = None
    exit: Mapping[str, Any] | None = None
    event_problem: str = ""
    exit_problem: str = ""
    notice: Reason | None = None
    problems: tuple[str, ...] = ()


def read_ending(run: RunDir) -> Ending:
    """Return what a run directory says about the end of its attempt. Heartbeats may follow the end event."""
    problems: list[str] = []
    event, event_problem = _end_event(run, problems)
    exit_facts, exit_problem = _exit_facts(run, problems)
    return Ending(event, exit_facts, event_problem, exit_problem, _notice(run), tuple(problems))


def _notice(run: RunDir) -> Reason | None:
    facts = read_json(run.root / NOTICE_FILE)
    why = facts.get("why") if isinstance(facts, dict) else None
    return next((reason for reason in (Reason.LIMIT, Reason.PREEMPTED) if reason == why), None)


def end_event(run: RunDir) -> Mapping[str, Any] | None:
    """Return the end event of an attempt; None when it has none, or none that can be used."""
    return _end_event(run, [])[0]


def _end_event(run: RunDir, problems: list[str]) -> tuple[Mapping[str, Any] | None, str]:
    line, event = next(
        ((line, event) for line, event in _events_backwards(run) if event.kind != "heartbeat"), (b"", None)
    )
    if event is None or event.kind != "end":
        return None, ""
    try:
        return _checked_end(event.fields, problems), ""
    except INVALID_LINE_ERRORS as error:
        return None, f"its end event cannot be used ({error}): {quote(line)}"


def _checked_end(event: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Return the fields of an end event that can be used.

    Raises: one of INVALID_LINE_ERRORS if status or metrics cannot be.
    """
    status, reason = TrialStatus(event["status"]), Reason(event["reason"])
    if status not in ATTEMPT_STATE_OF:
        raise ValueError(f"{status} is no end")
    metrics, nonfinite = event.get("m") or {}, event.get("nonfinite") or {}
    values = join_nonfinite(metrics, nonfinite)
    kept = {name: value for name, value in values.items() if 0 < len(name) <= MAX_METRIC_NAME_LENGTH}
    if len(kept) < len(values):
        refused = next(name for name in values if name not in kept)
        problems.append(f"a metric's name has 1 to {MAX_METRIC_NAME_LENGTH} characters; {quote(refused)} is left out")
    return {
        "status": status,
        "reason": reason,
        "message": str(event.get("message") or ""),
        "final": kept,
        **_fields(event, {"peak_gpu_gb": _gib, "peak_rss_gb": _gib}, "its end event", problems),
    }


def _exit_facts(run: RunDir, problems: list[str]) -> tuple[Mapping[str, Any] | None, str]:
    raw = b""
    try:
        raw = read_start(run.exit)
        facts = json.loads(raw)
        if not isinstance(facts, dict):
            raise ValueError("no JSON object")
    except FileNotFoundError:
        return None, ""
    except (UnusableFile, ValueError, RecursionError) as error:
        return None, f"exit.json cannot be used ({error})" + (f": {quote(raw)}" if raw else "")
    return _fields(facts, EXIT_FIELDS, "exit.json", problems), ""


def _fields(
    values: Mapping[str, Any], checks: Mapping[str, Callable[[Any], Any]], source: str, problems: list[str]
) -> dict[str, Any]:
    """Return the fields that pass their check; missing ones and null are left out without a word."""
    kept = {}
    for name, check in checks.items():
        if values.get(name) is not None:
            try:
                kept[name] = check(values[name])
            except INVALID_LINE_ERRORS as error:
                problems.append(f"{source}: {name} is left out: {error}")
    return kept


def _gib(value: object) -> float:
    return finite(value, 0.0, MAX_GIB)


def _number(value: object) -> int:
    return whole(value, -(1 << 31), 1 << 31)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quote(value)} is no text")
    return value


EXIT_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "code": _number,
    "signal": _number,
    "asked": _text,
    "insisted": bool,
    "seconds": finite,
    "ended": finite,
    "peak_rss_gb": _gib,
    "oom_kills": whole,
}
"""Fields of `exit.json` that are used, and how each is checked."""


def nonfinite_kind(value: object) -> str:
    """Return `nan`, `inf` or `-inf` for what an event says of a value that is no finite number.

    Raises: ValueError for anything else.
    """
    number = float(value) if isinstance(value, str | float) else 0.0
    if math.isfinite(number):
        raise ValueError(f"{quote(value)} is none of nan, inf, -inf")
    return str(number)


def set_aside_unrecorded(run: RunDir, token: str) -> str:
    """Rename what lies where an attempt is about to begin; return what was done, '' if nothing lay there.

    The store does not know it: it was lost or is an older copy. A new attempt must not go on in its files.

    Raises: OSError.
    """
    if not run.root.exists():
        return ""
    config = read_json(run.config)
    if isinstance(config, dict) and config.get("token") == token:
        return ""
    with suppress(OSError, UnusableFile):
        put_control(run, "kill")  # it may live, and nobody follows it
    aside = move_aside(run.root)
    return f"{run.root.name} held an attempt that the store does not know: it is kept as {aside.name}"


def log_tail(run: RunDir, lines: int = LOG_TAIL_LINES) -> list[str]:
    """Return the last lines that a worker printed, without empty ones."""
    text = read_end(run.log, LOG_TAIL_BYTES).decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()][-lines:]
