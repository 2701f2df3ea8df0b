"""Calls the program many times without starting Python as often: one process has it loaded and forks for every call.

Run as a program it reads a call a line, `{"words": […], "cwd": …, "env": {…}, "warm": …}`, and answers with exit code,
stdout and stderr. Of the package it knows one name, the entry point `hptui.cli.main:main`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

LIMIT = 120.0
"""Seconds for one call."""


class Server:
    """The program, loaded."""

    def __init__(self, env: Mapping[str, str], warm: Sequence[Sequence[str]] = (), cwd: Path | None = None) -> None:
        self._cwd = str(cwd or Path.cwd())
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for words in warm:
            self._ask({"words": list(words), "cwd": self._cwd, "env": {}, "warm": True})

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def call(self, *words: str, cwd: Path | None = None, **env: str) -> dict[str, Any]:
        """One call: its exit code, stdout and stderr."""
        return self._ask({"words": words, "cwd": str(cwd or self._cwd), "env": env, "warm": False})

    def _ask(self, call: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the server died over {call['words']}")
        found: dict[str, Any] = json.loads(answer)
        return found


def _serve() -> None:
    """Read calls, fork, answer. Returns in a child only, as the program that is to be run."""
    answers = os.fdopen(os.dup(1), "w")
    calls = os.fdopen(os.dup(0), "r")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    while line := calls.readline():
        call = json.loads(line)
        os.chdir(call["cwd"])
        if call["warm"]:
            _warm(call["words"], nothing)
            answers.write("{}\n")
            answers.flush()
            continue
        files = [os.memfd_create(name) for name in ("stdout", "stderr")]
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            for number, fd in enumerate(files, 1):
                os.dup2(fd, number)
            os.environ.update(call["env"])
            sys.argv = ["hptui", *call["words"]]
            os.setsid()
            return
        code = _wait(pid)
        texts = []
        for fd in files:
            os.lseek(fd, 0, os.SEEK_SET)
            with os.fdopen(fd, "rb") as file:
                texts.append(file.read().decode("utf-8", "backslashreplace"))
        answers.write(json.dumps({"code": code, "out": texts[0], "err": texts[1]}) + "\n")
        answers.flush()
    os._exit(0)


def _wait(pid: int) -> int:
    import signal
    import time

    deadline = time.monotonic() + LIMIT
    pause = 0.001
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(pause)
        pause = min(pause * 1.3, 0.02)


def _warm(words: Sequence[str], nothing: int) -> None:
    """A call in this process, so that its modules are loaded."""
    kept = [os.dup(1), os.dup(2)]
    sys.argv = ["hptui", *words]
    try:
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        main()
    except SystemExit:
        pass
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, fd in enumerate(kept, 1):
            os.dup2(fd, number)
            os.close(fd)


def _run() -> None:
    """The program; at its end the interpreter is not taken apart, which takes longer than most calls."""
    code: object = 1
    try:
        main()
    except SystemExit as error:
        code = error.code
    threading._shutdown()  # type: ignore[attr-defined]  # threads are waited for, as always
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    from hptui.cli.main import main

    _serve()
    _run()
