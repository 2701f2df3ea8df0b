"""The runner's end of the launcher: start it, pass it attempts, notice when it dies."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.running.launcher import MAX_PACKET_BYTES

log = logging.getLogger(__name__)

MAX_IMPORT_S = 180.0
"""Time for the launcher's imports; after it attempts start cold."""
MAX_RESTARTS = 3
"""Launchers that may die in a row before attempts start cold."""
SINGLE_THREAD_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""Keeps libraries from starting threads at import: forking a process with threads is unsafe."""
NO_CUDA_ENVIRONMENT = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""Lets torch count GPUs without initialising CUDA, which no forked child could use afterwards."""


class LauncherClient:
    """A launcher process, and the attempts that were passed to it but not yet confirmed."""

    def __init__(self, entry: str, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = [entry, *modules]
        self._environment = dict(environment)
        self._failures = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._started = 0.0
        self.ready = False
        self.import_seconds: float | None = None
        self.waiting: set[str] = set()
        self.refusal = ""

    @property
    def usable(self) -> bool:
        """Whether attempts may be passed to it; they wait in the socket while it still imports."""
        return not self.refusal and self._failures <= MAX_RESTARTS

    def fileno(self) -> int:
        """Return the descriptor to poll; -1 when there is no launcher."""
        return self._link.fileno() if self._link else -1

    def ensure(self) -> bool:
        """Start a launcher if there is none; return False when attempts must start cold."""
        if not self.usable:
            return False
        if self._link is None:
            self._spawn()
        return True

    def _spawn(self) -> None:
        runner_end, launcher_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        runner_end.setblocking(False)
        with launcher_end:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "hptui.running.launcher",
                    str(launcher_end.fileno()),
                    str(os.getpid()),
                    *self._command,
                ],
                pass_fds=[launcher_end.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                env={**self._environment, **SINGLE_THREAD_ENVIRONMENT, **NO_CUDA_ENVIRONMENT},
            )
        self._link, self._started, self.ready = runner_end, time.monotonic(), False

    def start(self, request: Mapping[str, Any], locks: Sequence[int]) -> bool:
        """Pass an attempt with its locks to the launcher; return False when it must be started cold."""
        if not self.ensure() or self._link is None:
            return False
        try:
            socket.send_fds(self._link, [json.dumps(request).encode()], list(locks))
        except OSError as error:  # it died, or the socket's buffer is full
            log.warning("the launcher takes no more: %s", error)
            if not isinstance(error, BlockingIOError):
                self._restart_later(f"{error}")
            return False
        self.waiting.add(request["token"])
        return True

    def poll(self) -> dict[str, int]:
        """Return what the launcher has answered: token -> pid of the shim. Never blocks."""
        started: dict[str, int] = {}
        while self._link is not None:
            try:
                data = self._link.recv(MAX_PACKET_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                self._restart_later(str(error))
                break
            if not data:
                self._restart_later("it ended")
                break
            self._handle_answer(json.loads(data), started)
        if self._link is not None and not self.ready and time.monotonic() - self._started > MAX_IMPORT_S:
            self.refusal = f"imports took over {MAX_IMPORT_S:.0f} s"
            self._restart_later(self.refusal)
        return started

    def _handle_answer(self, answer: Mapping[str, Any], started: dict[str, int]) -> None:
        if "pid" in answer:
            self.waiting.discard(answer["token"])
            started[answer["token"]] = answer["pid"]
            self._failures = 0
        elif answer["ready"]:
            self.ready, self.import_seconds = True, answer["seconds"]
        else:
            self.refusal = answer["error"]
            log.warning("no warm start: %s", self.refusal)

    def _restart_later(self, why: str) -> None:
        log.warning("the launcher is gone: %s", why)
        self._failures += 1
        self.waiting.clear()
        self.close()

    def close(self) -> None:
        """Kill the launcher; attempts that it started run on."""
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
