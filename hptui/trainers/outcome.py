"""What an exception of a trainer means: a trial's status and reason, and one line for a person.

Nothing is imported to find out: the errors of torch are told by name and text, so this costs nothing without torch.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from hptui.model.errors import Absent, HptuiError, Unsupported, UserError
from hptui.model.trial import Reason, TrialStatus

MESSAGE_LIMIT = 500

GPU_MEMORY = (
    "CUDA out of memory",
    "CUDA error: out of memory",
    "HIP out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "cudaErrorMemoryAllocation",
)
HOST_MEMORY = ("DefaultCPUAllocator", "Cannot allocate memory")
DISK = ("No space left on device", "Disk quota exceeded", "PytorchStreamWriter failed writing")
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Diverged(Exception):
    """The training has no numbers any more."""


class OutOfMemory(Exception):
    """Memory has run out, told in words that help; raised from the error that said so, which decides the reason."""


class Failure(Exception):
    """A training outside this process failed, and it is known how. Its own output says the rest."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended."""

    status: TrialStatus
    reason: Reason
    message: str = ""


def of_stop(verb: str) -> Outcome:
    """The outcome of a trial that was asked to stop, and did."""
    if verb == "prune":
        return Outcome(TrialStatus.PRUNED, Reason.PRUNER)
    if verb == "pause":
        return Outcome(TrialStatus.PAUSED, Reason.USER)
    if verb in ("stop", "kill"):
        return Outcome(TrialStatus.STOPPED, Reason.USER)
    # SIGTERM that no verb explains: a shutdown, a batch system. The trial is not to blame and runs again.
    return Outcome(TrialStatus.FAILED, Reason.LOST, "told to end (SIGTERM) from outside")


def of_error(error: BaseException, *, reported: bool) -> Outcome:
    """The outcome of a trial whose trainer raised. `reported`: whether it had reported anything before."""
    return Outcome(TrialStatus.FAILED, _reason(error, reported=reported), one_line(error))


def one_line(error: BaseException) -> str:
    """`Type: text`, on one line of bounded length; a message of ours speaks for itself."""
    if isinstance(error, HptuiError) and error.hint:
        text = f"{error.message} ({error.hint})"
    elif isinstance(error, HptuiError | Diverged | OutOfMemory | Failure):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = " ".join(text.split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def _reason(error: BaseException, *, reported: bool) -> Reason:
    chain = list(_causes(error))
    if isinstance(error, Failure):
        return error.reason
    if any(isinstance(link, Diverged) for link in chain):
        return Reason.NAN
    for link in chain:
        found = _of_resources(link)
        if found:
            return found
    if isinstance(error, Absent):
        return Reason.SETUP
    if isinstance(error, UserError | Unsupported):
        return Reason.USAGE
    if not reported and isinstance(error, ImportError | FileNotFoundError):
        return Reason.SETUP
    return Reason.CRASH


def _of_resources(error: BaseException) -> Reason | None:
    text = str(error)
    if type(error).__name__ == "OutOfMemoryError" or any(sign in text for sign in GPU_MEMORY):
        return Reason.OOM
    if isinstance(error, MemoryError) or any(sign in text for sign in HOST_MEMORY):
        return Reason.HOST_OOM
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return Reason.HOST_OOM
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return Reason.DISK_FULL
    return Reason.DISK_FULL if any(sign in text for sign in DISK) else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised from or while handling."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
