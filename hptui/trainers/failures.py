"""The meaning of a trainer's exception: a trial's status and reason, and one line for a person.

Errors of torch are recognised by their type's name and their text, so nothing has to be imported.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError, NotAvailable, Unsupported, UserError
from hptui.core.gpu_faults import is_fork_fault, is_gpu_fault
from hptui.core.memory_texts import memory_reason
from hptui.core.trial import Reason, TrialStatus

MAX_MESSAGE_CHARS = 500
"""Characters of a recorded message, at most."""

DISK_FULL_SIGNS = ("No space left on device", "Disk quota exceeded", "PytorchStreamWriter failed writing")
"""Texts in errors which mean that a disk or quota is full."""
DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of system errors which mean that a disk, quota or file-size limit is reached."""


class Diverged(Exception):
    """The training diverged: an objective or loss is not a finite number."""


class OutOfMemory(Exception):
    """Memory has run out; the message says where and at what peak.

    It is raised from the library's error, which decides the reason.
    """


class Failure(Exception):
    """A training in another process failed for a known reason. Its own output has the details."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status, reason and message that a trial ends with."""

    status: TrialStatus
    reason: Reason
    message: str = ""


def outcome_of_stop(verb: str) -> Outcome:
    """Return the outcome of a trial that was asked to stop, and did."""
    if verb == "prune":
        return Outcome(TrialStatus.PRUNED, Reason.PRUNER)
    if verb == "pause":
        return Outcome(TrialStatus.PAUSED, Reason.USER)
    if verb == "rung":
        return Outcome(TrialStatus.PAUSED, Reason.RUNG)
    if verb in ("stop", "kill"):
        return Outcome(TrialStatus.STOPPED, Reason.USER)
    # SIGTERM that no verb explains: a shutdown, a batch system. The trial is not to blame and runs again.
    return Outcome(TrialStatus.FAILED, Reason.LOST, "told to end (SIGTERM) from outside")


def outcome_of_error(error: BaseException, *, reported: bool) -> Outcome:
    """Return the outcome of a trial whose trainer raised; `reported`: it had reported metrics before."""
    return Outcome(TrialStatus.FAILED, _reason(error, reported=reported), one_line(error))


def one_line(error: BaseException) -> str:
    """Return `Type: text` on one line of bounded length; an error of hptui's own gives its message alone."""
    if isinstance(error, HptuiError) and error.hint:
        text = f"{error.message} ({error.hint})"
    elif isinstance(error, HptuiError | Diverged | OutOfMemory | Failure):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = " ".join(text.split())
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


def _reason(error: BaseException, *, reported: bool) -> Reason:
    chain = list(_causes(error))
    if isinstance(error, Failure):
        return error.reason
    if any(isinstance(link, Diverged) for link in chain):
        return Reason.NAN
    for link in chain:
        reason = _resource_reason(link)
        if reason:
            return reason
    if any(is_fork_fault(str(link)) for link in chain):
        return Reason.LOST  # the way it was started is to blame: it runs again, in a fresh process
    if any(is_gpu_fault(str(link)) for link in chain):
        return Reason.GPU_FAULT
    if isinstance(error, NotAvailable):
        return Reason.SETUP
    if isinstance(error, UserError | Unsupported):
        return Reason.USAGE
    if not reported and isinstance(error, ImportError | FileNotFoundError):
        return Reason.SETUP
    return Reason.CRASH


def _resource_reason(error: BaseException) -> Reason | None:
    """Return which resource an error says has run out; None if none."""
    text = str(error)
    if memory := memory_that_ran_out(error):
        return memory
    if isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS:
        return Reason.DISK_FULL
    return Reason.DISK_FULL if any(sign in text for sign in DISK_FULL_SIGNS) else None


def memory_that_ran_out(error: BaseException) -> Reason | None:
    """Return the reason by which memory, of a GPU or the host, has run out; None if it has not."""
    if type(error).__name__ == "OutOfMemoryError":
        return Reason.OOM
    no_room = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    return memory_reason(str(error)) or (Reason.HOST_OOM if no_room else None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that it was raised from or while handling."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
