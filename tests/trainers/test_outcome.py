"""What exceptions mean."""

from __future__ import annotations

import errno

import pytest
import torch

from hptui.core.errors import StudyError, Unsupported, UserError
from hptui.core.trial import Reason, TrialStatus
from hptui.trainers.failures import MAX_MESSAGE_CHARS, Diverged, Outcome, outcome_of_error, outcome_of_stop


def wrapped(inner: Exception, outer: Exception) -> Exception:
    try:
        try:
            raise inner
        except Exception as error:
            raise outer from error
    except Exception as error:
        return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Diverged("loss is nan"), Reason.NAN),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), Reason.OOM),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), Reason.OOM),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), Reason.OOM),
        (MemoryError(), Reason.HOST_OOM),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate"), Reason.HOST_OOM),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), Reason.HOST_OOM),
        (OSError(errno.ENOSPC, "No space left on device"), Reason.DISK_FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), Reason.DISK_FULL),
        (wrapped(OSError(errno.ENOSPC, "No space"), RuntimeError("cannot save")), Reason.DISK_FULL),
        (wrapped(RuntimeError("CUDA out of memory."), ValueError("step failed")), Reason.OOM),
        (UserError("no such thing"), Reason.USAGE),
        (StudyError("no such thing", where="trainer.x"), Reason.USAGE),
        (Unsupported("cannot"), Reason.USAGE),
        (ValueError("shape mismatch"), Reason.CRASH),
        (SystemExit(2), Reason.CRASH),
        (OSError(errno.EIO, "Input/output error"), Reason.CRASH),
    ],
)
def test_a_failure_has_its_reason(error: Exception, reason: Reason) -> None:
    for reported in (True, False):
        outcome = outcome_of_error(error, reported=reported)
        assert (outcome.status, outcome.reason) == (TrialStatus.FAILED, reason)


@pytest.mark.parametrize("error", [FileNotFoundError("data.txt"), ImportError("x"), ModuleNotFoundError("x")])
def test_what_is_missing_before_the_first_report_is_a_matter_of_setup(error: Exception) -> None:
    assert outcome_of_error(error, reported=False).reason == Reason.SETUP
    assert outcome_of_error(error, reported=True).reason == Reason.CRASH


def test_an_error_raised_from_nothing_hides_its_context() -> None:
    error = wrapped(MemoryError(), ValueError("handled"))
    error.__cause__, error.__context__ = None, MemoryError()
    assert outcome_of_error(error, reported=True).reason == Reason.CRASH
    error.__suppress_context__ = False
    assert outcome_of_error(error, reported=True).reason == Reason.HOST_OOM


def test_the_message_is_one_short_line() -> None:
    assert outcome_of_error(ValueError("one\n  two\tthree"), reported=True).message == "ValueError: one two three"
    assert outcome_of_error(KeyError(), reported=True).message == "KeyError"
    assert outcome_of_error(UserError("say it", hint="so"), reported=True).message == "say it (so)"
    long = outcome_of_error(ValueError("x" * 5000), reported=True).message
    assert len(long) == MAX_MESSAGE_CHARS
    assert long.endswith("…")


def test_what_was_asked_decides_how_a_stop_is_called() -> None:
    assert outcome_of_stop("pause") == Outcome(TrialStatus.PAUSED, Reason.USER)
    assert outcome_of_stop("stop") == Outcome(TrialStatus.STOPPED, Reason.USER)
    assert outcome_of_stop("prune") == Outcome(TrialStatus.PRUNED, Reason.PRUNER)
    unexplained = outcome_of_stop("")
    assert (unexplained.status, unexplained.reason) == (TrialStatus.FAILED, Reason.LOST)
    assert unexplained.reason.is_machine_loss
