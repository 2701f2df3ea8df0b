"""Slow engines live in a process of their own: one child of the runner, which stays up between asks.

    EngineProcess(study, base)      starts it; it loads its libraries meanwhile
    begin(number, trials)           hands a question over, and never waits
    poll()                          the answer once it is there, or who failed and how
    fileno()                        to wait on; another one after a failure

The child is `python -m hptui.search.process FD RUNNER`. Questions reach it as open files, so that a long history fits
at once; answers come back over the socket with their length in front. It ends with the runner.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hptui.model.study import Study
from hptui.model.trial import Trial, Value
from hptui.search.auto import resolve
from hptui.search.engine import Engine, Proposal, make_engine
from hptui.search.plain import RandomEngine
from hptui.search.wire import proposal_from_json, proposal_to_json, trial_from_json, trial_to_json
from hptui.storage.studyfile import from_json, to_json
from hptui.storage.studyfile.samplers import check_abilities

LONG = 0.3
"""Seconds of an ask for which a runner had better not stand still."""

LONG_FROM = {"gp": 0, "ax": 0, "cmaes": 500, "tpe": 1000, "nsga2": 1000}
"""From so many trials on an ask is expected to be long; those of gp and ax always are, and load torch."""

PR_SET_PDEATHSIG = 1
NICENESS = 5
LENGTH = struct.Struct(">I")
QUESTION = b"?"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the ask for a trial: a proposal, or `spent`, or an `error` that names the engine."""

    number: int
    proposal: Proposal | None = None
    spent: bool = False
    error: str = ""


def lives_apart(sampler: str, trials: int = 0) -> bool:
    """Whether this sampler (as `resolve` names it, never `auto`), asked after so many trials, belongs into an
    `EngineProcess`.
    """
    return sampler in LONG_FROM and trials >= LONG_FROM[sampler]


def fallback(study: Study, base: Mapping[str, Value], trials: Sequence[Trial], number: int) -> Proposal | None:
    """A random feasible new point, for when the engine fails; None: there is none."""
    engine = RandomEngine(study, base)
    engine.sync(trials)
    proposal = engine.ask(number)
    return None if proposal is None else replace(proposal, engine="random (fallback)")


class EngineProcess:
    """The engine of one revision of a study, in a child. It is started again when it crashed or hung."""

    def __init__(self, study: Study, base: Mapping[str, Value], timeout: float = 300.0) -> None:
        check_abilities(study)
        self.sampler = resolve(study, base).sampler
        self.timeout = timeout
        self._hello = {"study": to_json(study), "base": dict(base)}
        self._number: int | None = None
        self._since = 0.0
        self._received = b""
        self._start()

    def fileno(self) -> int:
        """To wait on; -1 when there is no process."""
        return self._link.fileno()

    @property
    def busy(self) -> bool:
        """Whether an answer is outstanding."""
        return self._number is not None

    def begin(self, number: int, trials: Sequence[Trial]) -> None:
        """Ask for one proposal, as `sync` and `ask` would. One question at a time."""
        assert self._number is None, f"still asked for trial {self._number}"
        question = {"number": number, "trials": [trial_to_json(trial) for trial in trials]}
        try:
            _hand_over(self._link, question)
        except OSError:  # it ended since the last answer
            self.close()
            self._start()
            _hand_over(self._link, question)
        self._number, self._since = number, time.monotonic()

    def poll(self) -> Answer | None:
        """The answer to the question, once. None: not yet, or nothing was asked."""
        if self._number is None:
            return None
        alive = self._receive()
        if (found := self._message()) is not None:
            number, self._number = self._number, None
            proposal = proposal_from_json(found["proposal"]) if found["proposal"] else None
            return Answer(number, proposal, not proposal and not found["error"], self._named(found["error"]))
        if not alive:
            return self._failed(f"its process died ({self._ending()})")
        if time.monotonic() - self._since > self.timeout:
            return self._failed(f"no answer within {self.timeout:g} s")
        return None

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._link.close()
        self._process.kill()
        self._process.wait()
        self._received, self._number = b"", None

    def _start(self) -> None:
        self._link, theirs = socket.socketpair()
        self._link.setblocking(False)
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hptui.search.process", str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": path},
            )
        _hand_over(self._link, self._hello)

    def _receive(self) -> bool:
        """Take what has arrived; False: the other end is closed."""
        while True:
            try:
                data = self._link.recv(1 << 16)
            except BlockingIOError:
                return True
            except ConnectionError:
                return False
            if not data:
                return False
            self._received += data

    def _message(self) -> dict[str, Any] | None:
        """The message that has arrived whole."""
        if len(self._received) < LENGTH.size:
            return None
        end = LENGTH.size + LENGTH.unpack_from(self._received)[0]
        if len(self._received) < end:
            return None
        text, self._received = self._received[LENGTH.size : end], self._received[end:]
        found: dict[str, Any] = json.loads(text)
        return found

    def _failed(self, why: str) -> Answer:
        """The engine is named; the next question finds a new process."""
        assert self._number is not None
        number = self._number
        self.close()
        self._start()
        return Answer(number, error=self._named(why))

    def _named(self, why: str) -> str:
        return why and f"the sampler {self.sampler!r} failed: {why}"

    def _ending(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it hung up"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _hand_over(link: socket.socket, document: Mapping[str, Any]) -> None:
    """Send a document as an open file: a socket's buffer may be smaller than a history."""
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(document).encode())
        file.flush()
        socket.send_fds(link, [QUESTION], [file.fileno()])


def main(argv: Sequence[str]) -> None:
    """The child: build the engine that the first document describes, and answer until the runner hangs up."""
    fd, runner = map(int, argv)
    _die_with(runner)
    os.nice(NICENESS)
    link = socket.socket(fileno=fd)
    os.set_inheritable(fd, False)
    documents = _documents(link)
    engine, broken = _built(next(documents, {}))
    for question in documents:
        answer = _answer(engine, question) if engine else _error(broken)
        body = json.dumps(answer).encode()
        try:
            link.sendall(LENGTH.pack(len(body)) + body)
        except ConnectionError:
            return


def _die_with(runner: int) -> None:
    """No orphans: the kernel kills the child when the runner dies; elsewhere than on Linux the socket's end does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != runner:  # it died before that took effect
        os._exit(0)


def _documents(link: socket.socket) -> Iterator[dict[str, Any]]:
    while True:
        try:
            data, fds, _, _ = socket.recv_fds(link, len(QUESTION), 1)
        except ConnectionError:
            return
        if not data:
            return
        with os.fdopen(fds[0], "rb") as file:
            file.seek(0)
            yield json.load(file)


def _built(hello: Mapping[str, Any]) -> tuple[Engine | None, str]:
    """The engine, or why there is none."""
    try:
        return make_engine(from_json(hello["study"]), hello["base"]), ""
    except Exception as error:  # noqa: BLE001  whatever a library raises on import, the runner must hear of it
        return None, f"{type(error).__name__}: {error}"


def _answer(engine: Engine, question: Mapping[str, Any]) -> dict[str, Any]:
    try:
        engine.sync([trial_from_json(found) for found in question["trials"]])
        proposal = engine.ask(question["number"])
    except Exception as error:  # noqa: BLE001  a library's failure is an answer, and names the library
        return _error(f"{engine.name}: {type(error).__name__}: {error}")
    return {"proposal": proposal and proposal_to_json(proposal), "error": ""}


def _error(text: str) -> dict[str, Any]:
    return {"proposal": None, "error": text[:2000]}


if __name__ == "__main__":
    main(sys.argv[1:])
