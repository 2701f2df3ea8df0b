"""Launchers of several processes: their lines get the rank in front, and what they say of a failure is read.

torchrun prints the lines of all ranks as they come. With a directory for logs it tags them, and the file of each rank
holds its whole traceback. When a rank fails, it stops the others, so that most of what is printed last are follow-ups:
only the block at the end names the root cause."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.scripts.metrics.ranks import split_rank

TORCH_MODULES = ("torch.distributed.run", "torch.distributed.launch")
ACCELERATE_MODULE = "accelerate.commands.launch"
TAG_OPTIONS = ("--log-dir", "--log_dir", "--tee", "--redirects", "-t", "-r")
"""Options of torchrun that say where output goes; a command that has one of them stays as it is."""
RULER = re.compile(r"={20,}|-{20,}")
BLOCK_HEAD = "Root Cause (first observed failure):"
OTHERS_HEAD = "Failures:"
FIELD = re.compile(r"\s*(rank|exitcode|error_file)\s*:\s*(\S+)")
LAUNCHER_LINE = re.compile(r"[WEI]\d{4} \d\d:\d\d:\d\d\.\d+ \d+ (?:site-packages/)?torch/distributed/")
FOLLOW_UP = re.compile(
    r"(?i)connection (?:closed|reset|refused)|broken pipe|socket timeout|nccl (?:error|remote|communicator)"
    r"|ncclRemoteError|ncclSystemError|DistBackendError|watchdog (?:caught|timeout)|SIGTERM|Signal 15"
    r"|remote worker crashing|DistNetworkError|DistStoreError"
)
"""What a process says whose peer has gone."""


def torchrun_words(words: Sequence[str]) -> int:
    """Return how many words of a command are those that start torchrun; 0 if it is another program."""
    name = os.path.basename(words[0]) if words else ""
    if name in ("torchrun", "torchrun.exe"):
        return 1
    if name.startswith("python"):
        for index in range(1, len(words) - 1):
            if words[index] == "-m":
                return index + 2 if words[index + 1] in TORCH_MODULES else 0
            if not words[index].startswith("-"):
                return 0
    return 0


def accelerate_words(words: Sequence[str]) -> int:
    """Return how many words of a command start `accelerate launch`; 0 if it is another program."""
    name = os.path.basename(words[0]) if words else ""
    if name in ("accelerate", "accelerate-launch"):
        return 2 if list(words[1:2]) == ["launch"] else 1 if name == "accelerate-launch" else 0
    if name.startswith("python"):
        for index in range(1, len(words) - 1):
            if words[index] == "-m":
                return index + 2 if words[index + 1] == ACCELERATE_MODULE else 0
            if not words[index].startswith("-"):
                return 0
    return 0


def with_tags(words: Sequence[str], directory: Path) -> list[str]:
    """Return the command such that its launcher tags each line with the rank; others unchanged."""
    count = torchrun_words(words) or _accelerate_words_of_torchrun(words)
    options = _own_options(words[count:])
    if not count or any(word.partition("=")[0] in TAG_OPTIONS for word in options):
        return list(words)
    return [*words[:count], "--log_dir", str(directory), "--tee", "3", *words[count:]]


def _accelerate_words_of_torchrun(words: Sequence[str]) -> int:
    """Return how many words start an `accelerate launch` that calls torchrun; else 0."""
    count = accelerate_words(words)
    options = {word.partition("=")[0].replace("-", "_") for word in _own_options(words[count:])}
    return count if options & {"__multi_gpu", "__use_fsdp"} else 0


def _own_options(words: Sequence[str]) -> Iterator[str]:
    """Yield the words before the script."""
    for word in words:
        if word.endswith(".py") or word in ("-m", "--module", "--no-python", "--no_python", "--"):
            return
        yield word


@dataclass(frozen=True, slots=True)
class FailedRank:
    """A process that failed: its exit code or minus the signal, and what it printed, the newest line last."""

    rank: int
    code: int
    lines: Sequence[str]
    message: str = ""


def failed_ranks(lines: Sequence[str], logs: Path | None = None) -> list[FailedRank]:
    """Return the processes that torchrun lists as failed, the root cause first; [] without a list.

    `logs` is the directory that `with_tags` named.
    """
    head = next((index for index in range(len(lines) - 1, -1, -1) if lines[index].strip() == BLOCK_HEAD), None)
    if head is None:
        return []
    others = next((index for index in range(head, -1, -1) if lines[index].strip() == OTHERS_HEAD), head)
    tagged = [split_rank(line) for line in lines[: _block_begin(lines, others)]]
    is_tagged = any(rank is not None for rank, _ in tagged)
    failed = []
    for fields in [_fields(lines[head:]), *_entries(lines[others:head])]:
        if "rank" not in fields:
            continue
        rank, code = int(fields["rank"]), int(fields.get("exitcode", "1"))
        own = [text for of, text in tagged if of == rank] if is_tagged else _without_follow_ups(tagged)
        if not any(line.startswith("Traceback") for line in own):  # it may have been pushed out by the other ranks
            own = [*own, *_of_file(logs, rank)]
        failed.append(FailedRank(rank, code, own, _message(fields.get("error_file", ""))))
    return _root_first(failed)


def _without_follow_ups(tagged: Sequence[tuple[int | None, str]]) -> list[str]:
    """Return untagged lines without the tracebacks of processes whose peer had gone."""
    blocks: list[list[str]] = [[]]
    for _, line in tagged:
        if line.startswith("Traceback"):
            blocks.append([])
        blocks[-1].append(line)
    kept = [block for block in blocks[1:] if not FOLLOW_UP.search("\n".join(block))]
    return [line for block in [blocks[0], *(kept or blocks[1:])] for line in block]


def _root_first(failed: list[FailedRank]) -> list[FailedRank]:
    """Put processes whose own last words are a follow-up of another's end behind the others."""
    return sorted(failed, key=lambda failed: bool(FOLLOW_UP.search("\n".join(failed.lines[-3:]))) or failed.code == -15)


def _block_begin(lines: Sequence[str], head: int) -> int:
    """Return where the launcher's own last words begin: its log lines, its traceback, its ruler."""
    for index in range(head):
        if LAUNCHER_LINE.match(lines[index]) and (
            "failed (exitcode" in lines[index] or "closing signal" in lines[index]
        ):
            return index
    return next((index for index in range(head, -1, -1) if RULER.match(lines[index])), head)


def _entries(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    starts = [index for index, line in enumerate(lines) if re.match(r"\[\d+\]:\s*$", line.strip())]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _fields(lines[start:end])


def _fields(lines: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        match = FIELD.match(line)
        if match and (match[1] == "error_file" or match[2].lstrip("-").isdecimal()):
            fields.setdefault(match[1], match[2][:400])
    return fields


MAX_LOG_BYTES = 64 * 1024


def _of_file(logs: Path | None, rank: int) -> list[str]:
    """Return the end of what a rank wrote to standard error, from its file."""
    files = sorted(logs.glob(f"*/attempt_*/{rank}/stderr.log"), key=_age) if logs is not None else []
    if not files:
        return []
    try:
        with files[-1].open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MAX_LOG_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [split_rank(line)[1] for line in text.splitlines()]


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _message(error_file: str) -> str:
    """Return the message of an error file; '' if there is none."""
    try:
        entry = json.loads(Path(error_file).read_text())["message"]
        return str(entry["message"] if isinstance(entry, dict) else entry)
    except (OSError, ValueError, LookupError, TypeError):
        return ""
