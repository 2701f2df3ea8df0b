"""What a study records of the GPUs that its trials wait for, that fail, or that its torch cannot use."""

from __future__ import annotations

import time

from hptui.core.gpu_faults import is_fork_fault
from hptui.core.study import Study
from hptui.core.trial import Reason
from hptui.execution.attempts import Attempts
from hptui.execution.executor import GpuExecutor, RefusingExecutor, WarmExecutor
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

LONG_WAIT_S = 300.0
"""Seconds after which it is recorded a second time, with the way out, what a trial waits for."""
NO_GPU_LEFT_MESSAGE = "every GPU of this study has failed: repair them, then start the study again"


class GpuWatch:
    """Watches the GPUs of one study."""

    def __init__(self, store: Store, attempts: Attempts) -> None:
        self.store, self.attempts = store, attempts
        self._records = 0
        self._waiting_since = 0.0
        self._warned = False

    def warn_at_start(self, study: Study) -> None:
        """Record once that no GPU is used although some were asked for, or that others are here."""
        requested, executor = study.resources.gpus, self.attempts.executor
        if not requested or executor.has_gpus() or self.store.read.get_meta(MetaKey.NO_GPUS_WARNED):
            return
        message = executor.unused_gpus() if isinstance(executor, GpuExecutor) else ""
        if not message and isinstance(requested, int):
            message = f"[resources] gpus = {requested}, but no GPU can be used here: trials run on the CPU"
        if message:
            self.store.set_meta(MetaKey.NO_GPUS_WARNED, "said")
            self.store.add_event("warning", EventKind.NO_GPUS, message)

    def tried(self, *, started: bool) -> None:
        """Note whether a trial could be started; if so, the next wait is recorded again."""
        if started:
            self._records = 0

    def waits(self, number: int | None) -> None:
        """Record which process holds the GPU that a trial waits for: at once, and again if it lasts."""
        waiting = self.attempts.executor.waiting
        if not waiting:
            return
        if not self._records:
            self._waiting_since = time.monotonic()
        elif self._records > 1 or time.monotonic() - self._waiting_since < LONG_WAIT_S:
            return
        self._records += 1
        self.store.add_event("warning", EventKind.GPU_BUSY, waiting, number)

    def attempt_ended(self, reason: Reason, message: str) -> str:
        """Give up GPUs that fail, and forking where CUDA forbids it.

        Returns why the study must pause, if no GPU is left.
        """
        executor = self.attempts.executor
        if is_fork_fault(message) and isinstance(executor, WarmExecutor):
            executor.start_cold(message)
        if reason is not Reason.GPU_FAULT or self.attempts.avoid_faulty_gpus():
            return ""
        return NO_GPU_LEFT_MESSAGE

    def torch_problem(self, study: Study) -> str:
        """Return why every trial would fail on the GPUs here, or is refused; '' if nothing is known.

        A trainer that does not import torch itself may use another interpreter: for it there is only a warning.
        """
        executor = self.attempts.executor
        if isinstance(executor, RefusingExecutor) and (refusal := executor.problem()):
            return refusal
        problem = executor.torch_problem() if isinstance(executor, GpuExecutor) else ""
        if not problem or "torch" in self.attempts.spec.preload:
            return problem
        if not self._warned and study.trainer.kind != "toy":
            self._warned = True
            self.store.add_event("warning", EventKind.NO_GPUS, problem)
        return ""
