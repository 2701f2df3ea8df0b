"""Classifies the end of a script by its exit code and last lines; recovers points that an attempt left unrecorded.

A script may exit with 0 after a traceback, or with 1 because of a misspelt parameter; its last lines tell which. An
attempt that resumes after a checkpoint does not report the points before it again, so they are read from the files of
the killed one."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hptui.core.trial import Reason
from hptui.core.usage import MISTAKES
from hptui.scripts.metrics.collector import (
    OUTPUT,
    REPORT,
    TAP,
    TAP_PREFIX,
    MetricsCollector,
    MetricsSource,
    ReportsReader,
)
from hptui.scripts.metrics.lines import LineReader, split_lines
from hptui.scripts.metrics.pairs import MetricsReading
from hptui.store.run_directory import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.failures import DISK_FULL_SIGNS, GPU_MEMORY_SIGNS, HOST_MEMORY_SIGNS, MAX_MESSAGE_CHARS, Failure

TRACEBACK = "Traceback (most recent call last)"
EXCEPTION = re.compile(
    r"(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Missing\w*)|[A-Z]\w+)(?::\s.*)?$"
)
USAGE_PATTERN = re.compile(
    rf"{MISTAKES}|the following arguments are required|missing option|missing argument|missing parameter"
    r"|error: argument",
    re.IGNORECASE,
)
NOT_FOUND = re.compile(
    r"can't open file|ModuleNotFoundError|No module named|ImportError|command not found|FileNotFoundError"
)
NON_FINITE = r"\b(?:nan|inf|infinity|non-?finite|not finite)\b"
DIVERGED = re.compile(
    rf"(?i)\b(?:loss|gradients?|grad_norm|weights?|logits?|value)\b[^\n]{{0,40}}{NON_FINITE}"
    r"|\b(?:nan|non-?finite) (?:loss|gradients?)|FloatingPointError|diverged"
)
ERROR = re.compile(r"(?i)(?:\w+: )?(?:fatal )?error\b")
STOP_WORDS = re.compile(
    r"(?i)\b(?:stop|stopped|stopping|abort\w*|exit\w*|quit\w*|giving up|terminat\w+|halt\w*|diverged)\b"
)
SIGNAL_WORDS = re.compile(
    r"KeyboardInterrupt|(?i:^\W*interrupted\b|\binterrupted by (?:the )?user\b"
    r"|\b(?:caught|received|got) (?:signal )?SIG(?:INT|TERM)\b)"
)
MAX_LINES_OF_REPORTED_FAILURE = 5
"""Last lines of a script with exit code 0 that are searched for a failure."""
DECORATION = re.compile(r"[╭╮╰╯│─┌┐└┘]+")
INTERRUPTED = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP)
USAGE_EXIT_CODE = 2


def classify_script_end(
    code: int, lines: Sequence[str], *, reported: bool, all_steps: bool = False, oom_kills: int = 0
) -> Failure | None:
    """Return why a script has failed; None if it ran to its end.

    `code` is its exit code or minus the signal; `lines` are the last that it printed. `reported`: it has reported
    metrics; `whole`: it has reached the number of steps that it announced; `oom_kills`: kills by the kernel for memory
    meanwhile.
    """
    lines = [text for line in lines if (text := DECORATION.sub(" ", line).strip())]
    key_line = _most_telling_line(lines)
    if code == 0 and (all_steps or not _ends_in_traceback(lines)):
        return None if all_steps else _reported_failure(lines)
    number = signal.Signals(-code) if code < 0 and -code in set(signal.Signals) else None
    if number is signal.SIGKILL and oom_kills:
        return Failure(Reason.HOST_OOM, "killed by the kernel: out of host memory")
    failure = _resources(lines)
    if failure is not None:
        return failure
    if code in (128 + number for number in INTERRUPTED) or (number in INTERRUPTED):
        received = number or signal.Signals(code - 128)
        return Failure(Reason.LOST, f"the script was ended from outside ({received.name})")
    if number is not None:
        return Failure(Reason.CRASH, _short(f"the script was killed by {number.name}", _quoted(key_line)))
    if (not reported or code == USAGE_EXIT_CODE) and (usage := _usage(code, lines)):
        return Failure(Reason.USAGE, usage)
    if (
        not reported
        and key_line
        and (NOT_FOUND.search(key_line) or key_line.startswith(("SyntaxError", "IndentationError")))
    ):
        return Failure(Reason.SETUP, _short(key_line))
    exit_text = f"exit code {code}" if code else "exit code 0, but its last words are a traceback"
    if DIVERGED.search(key_line):
        return Failure(Reason.NAN, _short(key_line))
    is_error = key_line and (EXCEPTION.match(key_line) or ERROR.match(key_line))
    return Failure(
        Reason.CRASH, _short(f"{key_line} ({exit_text})" if is_error else _short(exit_text, _quoted(key_line)))
    )


def _quoted(line: str) -> str:
    """Quote a last line that is no error by itself, such as one of metrics."""
    return f"its last line was {line!r}" if line and not (EXCEPTION.match(line) or ERROR.match(line)) else line


def _reported_failure(lines: Sequence[str]) -> Failure | None:
    """Return the failure that a script with exit code 0 has caught and reported in its last lines."""
    reader = LineReader()
    for line in reversed(lines[-MAX_LINES_OF_REPORTED_FAILURE:]):
        for failure in (_resources([line]), _diverged(line), _interrupted(line)):
            if failure is not None:
                return failure
        if reader.read(line) is not None:  # metrics: it went on after what stands before
            return None
    return None


def _diverged(line: str) -> Failure | None:
    diverged = DIVERGED.search(line) and STOP_WORDS.search(line)
    return Failure(Reason.NAN, _short(line)) if diverged else None


def _interrupted(line: str) -> Failure | None:
    return (
        Failure(Reason.LOST, _short("the script was ended from outside", line)) if SIGNAL_WORDS.search(line) else None
    )


def _most_telling_line(lines: Sequence[str]) -> str:
    """Return the last exception, else the last error, else the last line."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith(TRACEBACK):
            exceptions = [line for line in lines[index:] if EXCEPTION.match(line)]
            if exceptions:
                return exceptions[0]
            break
    errors = [line for line in lines[-30:] if ERROR.match(line)]
    return errors[-1] if errors else lines[-1] if lines else ""


def _ends_in_traceback(lines: Sequence[str]) -> bool:
    """Return whether the exception of a traceback is the last line of all."""
    if not any(line.startswith(TRACEBACK) for line in lines[-100:]):
        return False
    return bool(EXCEPTION.match(lines[-1])) and "Exception ignored" not in " ".join(lines[-100:])


def _resources(lines: Sequence[str]) -> Failure | None:
    for line in reversed(lines[-60:]):
        if any(sign in line for sign in GPU_MEMORY_SIGNS) or "OutOfMemoryError" in line:
            return Failure(Reason.OOM, _short(line))
        if any(sign in line for sign in HOST_MEMORY_SIGNS) or line.startswith("MemoryError"):
            return Failure(Reason.HOST_OOM, _short(line))
        if any(sign in line for sign in DISK_FULL_SIGNS):
            return Failure(Reason.DISK_FULL, _short(line))
    return None


def _usage(code: int, lines: Sequence[str]) -> str:
    """Return the script's own message about its arguments; '' if there is none."""
    messages = [line for line in lines[-60:] if USAGE_PATTERN.search(line)]
    if messages and (
        code == USAGE_EXIT_CODE or TRACEBACK not in "\n".join(lines) or _most_telling_line(lines) in messages
    ):
        return _short(messages[-1])
    if code == USAGE_EXIT_CODE and any(line.lower().startswith("usage:") for line in lines[-60:]):
        return _short(lines[-1])
    return ""


def _short(*parts: str) -> str:
    text = ": ".join(part for part in parts if part)
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


MAX_REREAD_BYTES = 16 << 20
"""Bytes at the end of a log that are read again."""


def recover_points(trial: TrialContext, collector: MetricsCollector, reader: LineReader | None, reports: str) -> None:
    """Record the unrecorded points of the previous attempt, up to the step that this one continues after."""
    until = trial.resumes_after
    if until is None or trial.attempt < 2:
        return
    previous = RunDir(trial.attempt_dir.with_name(f"attempt-{trial.attempt - 1}"))
    last_steps, sources = _on_record(previous)
    for name, reading in _readings_of(previous, reader, reports):
        step = reading.step
        if step is None or step > until:
            continue
        missing = {
            metric: value
            for metric, value in reading.metrics.items()
            if sources.get(collector.recorded_name(metric)) == name
            and last_steps.get(collector.recorded_name(metric), -1) < step
        }
        if missing:
            collector.take(MetricsSource(trust_in(name), name), MetricsReading(missing, step))


def last_recorded_step(trial: TrialContext) -> int | None:
    """Return the last step that the previous attempt recorded, if it ended without an `end` event.

    Points after that step may be unknown. None if it ended with that event, or recorded no step.
    """
    previous = RunDir(trial.attempt_dir.with_name(f"attempt-{trial.attempt - 1}"))
    last = None
    for event in _events(previous.events):
        if event.get("k") == "end":
            return None
        if event.get("k") == "metrics":
            last = int(event["step"])
    return last


def trust_in(name: str) -> int:
    """Return the trust in a source, by its name."""
    if name == "output":
        return OUTPUT
    return TAP if name.startswith(TAP_PREFIX) else REPORT


def _on_record(previous: RunDir) -> tuple[dict[str, int], dict[str, str]]:
    """Return the last step of each metric, and the source of each."""
    steps: dict[str, int] = {}
    sources: dict[str, str] = {}
    for event in _events(previous.events):
        if event.get("k") == "metrics":
            steps |= dict.fromkeys(event.get("m") or {}, int(event["step"]))
        elif event.get("k") == "facts":
            sources |= event["facts"].get("metric_sources") or {}
    return steps, sources


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _readings_of(previous: RunDir, reader: LineReader | None, reports: str) -> Iterator[tuple[str, MetricsReading]]:
    yield from ReportsReader(previous.root / reports).read(last=True)
    if reader is None:
        return
    try:
        with previous.log.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - MAX_REREAD_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return
    for line in split_lines(text):
        if (reading := reader.read(line)) is not None:
            yield "output", reading
