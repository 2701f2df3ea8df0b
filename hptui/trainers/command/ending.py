"""What became of a script: its exit code and its last lines, weighed together. Pure.

A script may exit 0 after a traceback, or 1 because of a typing mistake in the study file; its own words say more.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from hptui.model.trial import Reason
from hptui.trainers.metrics_in.lines import LineReader
from hptui.trainers.outcome import DISK, GPU_MEMORY, HOST_MEMORY, MESSAGE_LIMIT, Failure

TRACEBACK = "Traceback (most recent call last)"
EXCEPTION = re.compile(
    r"(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Missing\w*)|[A-Z]\w+)(?::\s.*)?$"
)
USAGE = re.compile(
    r"unrecognized arguments?|no such option|unknown option|unrecognized option|unexpected argument|invalid choice"
    r"|the following arguments are required|missing option|missing argument|missing parameter|could not consume arg"
    r"|could not override|not used by the HfArgumentParser|invalid value for|expected a value|ambiguous option"
    r"|expected (?:one|at least one|\d+) arguments?|error: argument|unknown command line flag|flags parsing error"
    r"|key '.*' is not in struct|got an unexpected keyword argument|invalid \w+ value",
    re.IGNORECASE,
)
NOT_FOUND = re.compile(
    r"can't open file|ModuleNotFoundError|No module named|ImportError|command not found|FileNotFoundError"
)
NO_NUMBER = r"\b(?:nan|inf|infinity|non-?finite|not finite)\b"
DIVERGED = re.compile(
    rf"(?i)\b(?:loss|gradients?|grad_norm|weights?|logits?|value)\b[^\n]{{0,40}}{NO_NUMBER}"
    r"|\b(?:nan|non-?finite) (?:loss|gradients?)|FloatingPointError|diverged"
)
ERROR = re.compile(r"(?i)(?:\w+: )?(?:fatal )?error\b")
STOPS = re.compile(r"(?i)\b(?:stop|stopped|stopping|abort\w*|exit\w*|quit\w*|giving up|terminat\w+|halt\w*|diverged)\b")
SIGNALLED = re.compile(
    r"KeyboardInterrupt|(?i:^\W*interrupted\b|\binterrupted by (?:the )?user\b"
    r"|\b(?:caught|received|got) (?:signal )?SIG(?:INT|TERM)\b)"
)
GIVEN_UP = 5
"""So many last lines may say why a script has given up."""
DECORATION = re.compile(r"[╭╮╰╯│─┌┐└┘]+")
INTERRUPTED = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP)
USUAL_USAGE = 2


def judge(
    code: int, lines: Sequence[str], *, reported: bool, whole: bool = False, oom_kills: int = 0
) -> Failure | None:
    """Why a script has failed; None when it ran to its end.

    `code` is its exit code or minus the signal; `lines` what it printed last. `reported`: it told metrics before;
    `whole`: it went all the steps it had announced.
    """
    lines = [text for line in lines if (text := DECORATION.sub(" ", line).strip())]
    last = _last_words(lines)
    if code == 0 and (whole or not _ends_in_traceback(lines)):
        return None if whole else _given_up(lines)
    number = signal.Signals(-code) if code < 0 and -code in set(signal.Signals) else None
    if number is signal.SIGKILL and oom_kills:
        return Failure(Reason.HOST_OOM, "killed by the kernel: out of host memory")
    said = _resources(lines)
    if said is not None:
        return said
    if code in (128 + number for number in INTERRUPTED) or (number in INTERRUPTED):
        what = number or signal.Signals(code - 128)
        return Failure(Reason.LOST, f"the script was ended from outside ({what.name})")
    if number is not None:
        return Failure(Reason.CRASH, _short(f"the script was killed by {number.name}", _quoted(last)))
    if (not reported or code == USUAL_USAGE) and (usage := _usage(code, lines)):
        return Failure(Reason.USAGE, usage)
    if not reported and last and (NOT_FOUND.search(last) or last.startswith(("SyntaxError", "IndentationError"))):
        return Failure(Reason.SETUP, _short(last))
    how = f"exit code {code}" if code else "exit code 0, but its last words are a traceback"
    if DIVERGED.search(last):
        return Failure(Reason.NAN, _short(last))
    wrong = last and (EXCEPTION.match(last) or ERROR.match(last))
    return Failure(Reason.CRASH, _short(f"{last} ({how})" if wrong else _short(how, _quoted(last))))


def _quoted(line: str) -> str:
    """A last line that is no error by itself, such as one of metrics."""
    return f"its last line was {line!r}" if line and not (EXCEPTION.match(line) or ERROR.match(line)) else line


def _given_up(lines: Sequence[str]) -> Failure | None:
    """A script that has caught what ended it, and says so at its very end with exit code 0."""
    reader = LineReader()
    for line in reversed(lines[-GIVEN_UP:]):
        for found in (_resources([line]), _diverged(line), _interrupted(line)):
            if found is not None:
                return found
        if reader.read(line) is not None:  # it went on
            return None
    return None


def _diverged(line: str) -> Failure | None:
    said = DIVERGED.search(line) and STOPS.search(line)
    return Failure(Reason.NAN, _short(line)) if said else None


def _interrupted(line: str) -> Failure | None:
    return Failure(Reason.LOST, _short("the script was ended from outside", line)) if SIGNALLED.search(line) else None


def _last_words(lines: Sequence[str]) -> str:
    """The line that says most: the last exception, else the last line."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith(TRACEBACK):
            found = [line for line in lines[index:] if EXCEPTION.match(line)]
            if found:
                return found[0]
            break
    wrong = [line for line in lines[-30:] if ERROR.match(line)]
    return wrong[-1] if wrong else lines[-1] if lines else ""


def _ends_in_traceback(lines: Sequence[str]) -> bool:
    """Whether the exception of a traceback is the very last that was said."""
    if not any(line.startswith(TRACEBACK) for line in lines[-100:]):
        return False
    return bool(EXCEPTION.match(lines[-1])) and "Exception ignored" not in " ".join(lines[-100:])


def _resources(lines: Sequence[str]) -> Failure | None:
    for line in reversed(lines[-60:]):
        if any(sign in line for sign in GPU_MEMORY) or "OutOfMemoryError" in line:
            return Failure(Reason.OOM, _short(line))
        if any(sign in line for sign in HOST_MEMORY) or line.startswith("MemoryError"):
            return Failure(Reason.HOST_OOM, _short(line))
        if any(sign in line for sign in DISK):
            return Failure(Reason.DISK_FULL, _short(line))
    return None


def _usage(code: int, lines: Sequence[str]) -> str:
    """The script's own message about its arguments, '' when it is none."""
    found = [line for line in lines[-60:] if USAGE.search(line)]
    if found and (code == USUAL_USAGE or TRACEBACK not in "\n".join(lines) or _last_words(lines) in found):
        return _short(found[-1])
    if code == USUAL_USAGE and any(line.lower().startswith("usage:") for line in lines[-60:]):
        return _short(lines[-1])
    return ""


def _short(*parts: str) -> str:
    text = ": ".join(part for part in parts if part)
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
