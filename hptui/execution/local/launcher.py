"""The launcher: imports once what the study's trainer needs, then forks shim and worker for each attempt.

    python -m hptui.execution.local.launcher SOCKET_FD RUNNER_PID ENTRY MODULE...

A fresh process pays seconds of imports for a trial that may train for ten. The launcher pays them once, stays on one
thread and never touches CUDA, so that a forked child is as good as a fresh process. Running attempts do not depend on
it: when it dies they go on, and the runner starts another. It dies with its runner. `LauncherClient` is the runner's
end of the connection.

Messages (one packet each): {"ready": true, "seconds": s} or {"ready": false, "error": text} once, then for every
request {directory, token, cwd, environment, pause_grace, stop_grace} (with the attempt's lock descriptors attached)
the answer {"token", "pid"}."""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from hptui.execution.local import shim
from hptui.execution.local.cuda_guard import cuda_use

MAX_PACKET_BYTES = 1 << 20  # bytes
MAX_ATTACHED_FDS = 16  # descriptors


def thread_count() -> int:
    """Return the number of threads of this process."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading  # only when it is asked

        return threading.active_count()


def load_worker(entry: str, modules: Sequence[str]) -> Callable[[str], int]:
    """Import all modules; return the function that trains one attempt directory.

    Raises: RuntimeError when an import has started threads or CUDA: forking a process with threads is unsafe, and no
    forked child could use CUDA.
    """
    gc.disable()  # imports make hundreds of thousands of objects and no garbage: half a second of looking for it
    for name in modules:
        importlib.import_module(name)
    name, _, function = entry.partition(":")
    module = importlib.import_module(name)
    body: Callable[[str], int] = getattr(module, function)
    if prepare := getattr(module, "prepare_to_fork", None):
        prepare()
    if thread_count() > 1:
        raise RuntimeError(f"importing {', '.join(modules)} left {thread_count()} threads; forking needs one")
    if use := cuda_use():
        raise RuntimeError(
            f"importing {', '.join(modules)} started CUDA ({use}), and no forked process can use it then"
        )
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages
    gc.enable()
    return body


def run_worker(worker: Callable[[str], int], request: Mapping[str, Any]) -> None:
    """Set up the worker's process as a fresh one would be, train, and exit. Never returns."""
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a real text stream here
    sys.argv = ["hptui-worker", request["directory"]]
    code = worker(request["directory"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def become_shim(
    worker: Callable[[str], int], request: Mapping[str, Any], locks: list[int], link: socket.socket
) -> None:
    """Leave the launcher's session and connection, and supervise the worker. Runs in a forked child."""
    link.close()
    os.setsid()
    shim.supervise(
        request["directory"],
        request["token"],
        locks,
        request["pause_grace"],
        request["stop_grace"],
        lambda: run_worker(worker, request),
    )


def serve_requests(link: socket.socket, worker: Callable[[str], int]) -> None:
    """Answer requests until the runner closes the connection."""
    while True:
        try:
            data, locks, _, _ = socket.recv_fds(link, MAX_PACKET_BYTES, MAX_ATTACHED_FDS)
        except ConnectionResetError:  # the runner died before it had read all our answers
            return
        if not data:
            return
        request = json.loads(data)
        for fd in locks:
            os.set_inheritable(fd, False)
        pid = os.fork()
        if pid == 0:
            try:
                become_shim(worker, request, locks, link)
            finally:
                os._exit(0)
        for fd in locks:
            os.close(fd)
        if not tell(link, {"token": request["token"], "pid": pid}):
            return


def tell(link: socket.socket, message: Mapping[str, Any]) -> bool:
    """Send a message to the runner; return False when it has gone, or wants nothing more of this launcher."""
    try:
        link.send(json.dumps(message).encode())
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def main(argv: Sequence[str]) -> None:
    """Import what the command line names, report the result, and serve requests."""
    fd, runner, entry, *modules = argv
    shim.prctl(shim.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(runner):
        return
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended shims are reaped by the kernel
    link, began = socket.socket(fileno=int(fd)), time.monotonic()
    os.set_inheritable(link.fileno(), False)
    try:
        worker = load_worker(entry, modules)
    except Exception as error:  # noqa: BLE001  whatever an import raises, the runner can still start cold
        tell(link, {"ready": False, "error": f"{type(error).__name__}: {error}"[:2000]})
        return
    if tell(link, {"ready": True, "seconds": round(time.monotonic() - began, 3)}):
        serve_requests(link, worker)


if __name__ == "__main__":
    main(sys.argv[1:])


log = logging.getLogger(__name__)

MAX_IMPORT_S = 600.0
"""Time for the launcher's imports; after it attempts start cold."""
MAX_RESTARTS = 3
"""Launchers that may die in a row before attempts start cold."""
SINGLE_THREAD_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""Keeps libraries from starting threads at import: forking a process with threads is unsafe."""
NO_CUDA_ENVIRONMENT = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""Lets torch count GPUs without initialising CUDA, which no forked child could use afterwards."""


SHORT_WAITS = {"GOMP_SPINCOUNT": "3000"}
"""Lets torch's threads wait for each other a tenth of a millisecond before they give up the processor: by default they
never do, and where other programs want it too, two threads then take twice the time of one."""


def launcher_environment(environment: Mapping[str, str], modules: Collection[str]) -> dict[str, str]:
    """Return the environment of a launcher of these modules.

    What the user has set for the waits of threads stays.
    """
    waits = SHORT_WAITS if "torch" in modules else {}
    return {**waits, **environment, **SINGLE_THREAD_ENVIRONMENT, **NO_CUDA_ENVIRONMENT}


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
        self._noticed = False

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
                    "hptui.execution.local.launcher",
                    str(launcher_end.fileno()),
                    str(os.getpid()),
                    *self._command,
                ],
                pass_fds=[launcher_end.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                env=launcher_environment(self._environment, self._command),
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

    def refusal_notice(self) -> str:
        """Return a sentence about the refusal, once; '' without one."""
        if not self.refusal or self._noticed:
            return ""
        self._noticed = True
        return f"attempts start in fresh processes, which takes longer: {self.refusal}"

    def refuse(self, why: str) -> None:
        """Start nothing more from here: attempts start in fresh processes."""
        self.refusal = why
        self.waiting.clear()
        self.close()

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
