"""Tell what one attempt is to blame for from what the machine is: the first fails that trial, never the study."""

from __future__ import annotations

import errno

from hptui.core.errors import MachineError
from hptui.execution.attempt_files import quote
from hptui.store.filesystem import InvalidRecord

SHARED_ERRNOS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.EAGAIN,
    errno.EINTR,
    errno.ENOLCK,
)
"""Error numbers of what all attempts share: disk, memory, descriptors."""
PASSING_ERRNOS = (errno.EIO, errno.ESTALE, errno.EBUSY, errno.ETIMEDOUT)
"""Error numbers that may pass, and are an attempt's own if they do not."""
MAX_FAILED_READS = 20
"""Failed turns of one attempt, with an error that may pass, after which it is set aside."""


def is_machine_trouble(error: Exception, failed_reads: int = MAX_FAILED_READS) -> bool:
    """Return whether an error while an attempt is followed says nothing about the attempt.

    `failed_reads` is how often it was raised for the same attempt: an error that may pass is the machine's at first.
    """
    if isinstance(error, InvalidRecord):
        return False
    if isinstance(error, OSError):
        passing = error.errno in PASSING_ERRNOS and failed_reads < MAX_FAILED_READS
        return passing or error.errno in SHARED_ERRNOS
    return isinstance(error, MachineError | MemoryError)


def poison_message(error: Exception) -> str:
    """Return what a trial's record says of an attempt that was set aside."""
    return f"what it left cannot be read: {type(error).__name__}: {quote(str(error).encode())}"
