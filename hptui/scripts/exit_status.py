"""Classifies the end of a script by its exit code and last lines.

A script may exit with 0 after a traceback, or with 1 because of a misspelt parameter; its last lines tell which."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from hptui.core.gpu_faults import is_gpu_fault
from hptui.core.memory_texts import memory_reason
from hptui.core.trial import Reason
from hptui.core.usage import MISTAKES
from hptui.scripts.launchers import RULER, FailedRank, failed_ranks
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.ranks import split_rank
from hptui.trainers.failures import DISK_FULL_SIGNS, MAX_MESSAGE_CHARS, Failure

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
NO_ANSWER = "EOFError: EOF when reading a line"
"""What Python says where nobody answers a question."""
ABORTED = re.compile(r"(?:(.*[?:>\])])\s*)?Aborted!\s*")
"""What click says then, behind its question, and in a line of its own also where it was interrupted or gave up."""
PROMPT = re.compile(r"(.*(?:\?\s*|[:>\])]\s+|\[[^\]]{1,20}\]\s*:?))")
"""A question in a line of its own: it ends in a space, where somebody would have typed."""
QUESTION = "the script asked a question, and nobody answers in a trial"
FRESH_PLACE = 'workdir = "{trial_dir}" gives each trial a place without files of another one'
SOURCE_OF_WARNING = re.compile(r"\s+(?:\w+\.)*warn\w*\(")
"""The line of source that Python shows below the text of a warning."""
MAX_LINES_OF_REPORTED_FAILURE = 5
"""Last lines of a script with exit code 0 that are searched for a failure."""
DECORATION = re.compile(r"[╭╮╰╯│─┌┐└┘]+")
INTERRUPTED = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP)
USAGE_EXIT_CODE = 2


def classify_script_end(
    code: int,
    lines: Sequence[str],
    *,
    reported: bool,
    all_steps: bool = False,
    oom_kills: int = 0,
    rank_logs: Path | None = None,
) -> Failure | None:
    """Return why a script has failed; None if it ran to its end.

    `code` is its exit code or minus the signal; `lines` are the last that it printed. `reported`: it has reported
    metrics; `all_steps`: it has reached the number of steps that it announced; `oom_kills`: kills by the kernel for
    memory meanwhile; `rank_logs`: the directory with what each of several processes wrote.
    """
    if code and (failed := failed_ranks(lines, rank_logs)):
        return _failure_of_ranks(failed, reported=reported, oom_kills=oom_kills)
    lines = printed = [split_rank(line)[1] for line in lines]
    lines = [text for line in lines if (text := DECORATION.sub(" ", line).strip()) and not RULER.fullmatch(text)]
    key_line = _most_telling_line(lines)
    if code == 0 and (all_steps or not _ends_in_traceback(printed)):
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
    question = _asked(lines) if key_line.startswith(NO_ANSWER) else _aborted_at(printed)
    if question is not None:
        return Failure(Reason.CRASH, _short(f"{QUESTION}{question and ': '}{question} ({FRESH_PLACE})"))
    exit_text = f"exit code {code}" if code else "exit code 0, but its last words are a traceback"
    if DIVERGED.search(key_line):
        return Failure(Reason.NAN, _short(key_line))
    if is_gpu_fault(key_line):
        return Failure(Reason.GPU_FAULT, _short(key_line))
    is_error = key_line and (EXCEPTION.match(key_line) or ERROR.match(key_line))
    return Failure(
        Reason.CRASH, _short(f"{key_line} ({exit_text})" if is_error else _short(exit_text, _quoted(key_line)))
    )


def _asked(lines: Sequence[str]) -> str:
    """Return the question that a script has asked last; '' where its end does not show it."""
    index = next((i for i in range(len(lines) - 1, -1, -1) if TRACEBACK in lines[i]), len(lines) - 1)
    before = lines[index].partition(TRACEBACK)[0].strip() if TRACEBACK in lines[index] else ""
    return before or (lines[index - 1] if index else "")


def _aborted_at(printed: Sequence[str]) -> str | None:
    """Return the question of click, or below click, that nobody has answered; None if there was none."""
    texts = [line for line in printed if line.strip()]
    match = ABORTED.fullmatch(texts[-1]) if texts else None
    if match is None or match[1]:
        return match[1].strip() if match else None
    before = PROMPT.fullmatch(texts[-2]) if texts[1:] else None
    return before[1].strip() if before else None


def _failure_of_ranks(failed: Sequence[FailedRank], *, reported: bool, oom_kills: int) -> Failure | None:
    """Return the failure of the process that failed first, or of one that ran out of memory."""
    for process in failed:
        out_of_memory = _resources([*process.lines, process.message])
        if out_of_memory is not None:
            return Failure(out_of_memory.reason, _short(f"rank {process.rank}", str(out_of_memory)))
    root = failed[0]
    lines = root.lines if any(map(EXCEPTION.match, root.lines)) or not root.message else [*root.lines, root.message]
    failure = classify_script_end(root.code or 1, lines, reported=reported, oom_kills=oom_kills)
    if failure is None:
        return None
    others = f"; {_ranks(failed[1:])} then stopped" if len(failed) > 1 else ""
    return Failure(failure.reason, _short(f"rank {root.rank}: {failure}{others}"))


def _ranks(failed: Sequence[FailedRank]) -> str:
    numbers = sorted(process.rank for process in failed)
    if len(numbers) == 1:
        return f"rank {numbers[0]} was"
    return f"ranks {', '.join(map(str, numbers[:-1]))} and {numbers[-1]} were"


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


def _ends_in_traceback(printed: Sequence[str]) -> bool:
    """Return whether the lines of a traceback are the last of all.

    Its last lines are its exception and what is indented below that. A warning may show a
    traceback too: the script goes on behind it.
    """
    texts = [text for line in printed if (text := DECORATION.sub(" ", line).rstrip()) and not RULER.fullmatch(text)]
    begins = [index for index, text in enumerate(texts) if text.lstrip().startswith(TRACEBACK)]
    if not begins or begins[-1] < len(texts) - 100 or "Exception ignored" in " ".join(texts[-100:]):
        return False
    own = texts[begins[-1] + 1 :]
    ends = [index for index, text in enumerate(own) if not text[0].isspace()]
    if len(ends) != 1 or not EXCEPTION.match(own[ends[0]]):
        return False
    return not any(SOURCE_OF_WARNING.match(text) for text in own[ends[0] + 1 :])


def _resources(lines: Sequence[str]) -> Failure | None:
    for line in reversed(lines[-60:]):
        if "OutOfMemoryError" in line:
            return Failure(Reason.OOM, _short(line))
        if memory := memory_reason(line) or (Reason.HOST_OOM if line.startswith("MemoryError") else None):
            return Failure(memory, _short(line))
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
