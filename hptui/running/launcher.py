"""The launcher: imports once what the study's trainer needs, then forks shim and worker for each attempt.

    python -m hptui.execution.local.launcher SOCKET_FD RUNNER_PID ENTRY MODULE...

A fresh process pays seconds of imports for a trial that may train for ten. The launcher pays them once, stays on one
thread and never touches CUDA, so that a forked child is as good as a fresh process. Running attempts do not depend on
it: when it dies they go on, and the runner starts another. It dies with its runner.

Messages (one packet each): {"ready": true, "seconds": s} or {"ready": false, "error": text} once, then for every
request {directory, token, cwd, environment, pause_grace, stop_grace} (with the attempt's lock descriptors attached)
the answer {"token", "pid"}.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hptui.running import shim

MAX_PACKET_BYTES = 1 << 20  # bytes
MAX_ATTACHED_FDS = 16  # descriptors


def thread_count() -> int:
    """Return the number of threads of this process."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()


def load_worker(entry: str, modules: Sequence[str]) -> Callable[[str], int]:
    """Import all modules; return the function that trains one attempt directory.

    Raises: RuntimeError when an import has started threads, since forking a process with threads is unsafe.
    """
    for name in modules:
        importlib.import_module(name)
    module, _, function = entry.partition(":")
    body: Callable[[str], int] = getattr(importlib.import_module(module), function)
    if thread_count() > 1:
        raise RuntimeError(f"importing {', '.join(modules)} left {thread_count()} threads; forking needs one")
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the shared pages
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
        try:
            link.send(json.dumps({"token": request["token"], "pid": pid}).encode())
        except BrokenPipeError:
            return


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
        link.send(json.dumps({"ready": False, "error": f"{type(error).__name__}: {error}"[:2000]}).encode())
        return
    link.send(json.dumps({"ready": True, "seconds": round(time.monotonic() - began, 3)}).encode())
    serve_requests(link, worker)


if __name__ == "__main__":
    main(sys.argv[1:])
