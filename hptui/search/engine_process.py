"""Runs slow engines in a process of their own: one child of the runner, which stays up between asks.

    EngineProcess(study, base)      starts it; it loads its libraries meanwhile
    begin(number, trials)           sends a question, and never waits
    poll()                          the reply once it is there, or the failure
    fileno()                        to wait on; another one after a failure

The child is `python -m hptui.search.engine_process FD RUNNER`. Questions reach it as open files, so that a long history
is sent without blocking; replies come back over the socket, prefixed with their length. It ends with the runner.
Trials and proposals are JSON, in which NaN and infinities are written as Python writes them: both ends are ours."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

from hptui import plugins
from hptui.core.dataclass import dataclass
from hptui.core.garbage import no_collection
from hptui.core.study import Study
from hptui.core.time_given import TimeGiven
from hptui.core.trial import Reason, Rejection, Role, Trial, TrialStatus, Value
from hptui.search.engine import Engine, Proposal, choose_sampler, make_engine
from hptui.search.plain import RandomEngine
from hptui.studyfile import from_json, to_json
from hptui.studyfile.validate_search import validate_abilities

log = logging.getLogger(__name__)


TRIAL_DEFAULTS: dict[str, Any] = {
    field.name: field.default if field.default_factory is MISSING else field.default_factory()
    for field in fields(Trial)
}
"""Default of every field of a trial; fields with this value are not sent."""


def trial_to_json(trial: Trial) -> dict[str, Any]:
    """Return the fields of a trial that differ from the defaults."""
    document = {name: value for name, default in TRIAL_DEFAULTS.items() if (value := getattr(trial, name)) != default}
    if trial.rejections:
        document["rejections"] = [_rejection_to_json(rejection) for rejection in trial.rejections]
    return document


def trial_from_json(document: Mapping[str, Any]) -> Trial:
    """Return the trial that `trial_to_json` wrote."""
    special: dict[str, Any] = {"status": TrialStatus(document["status"]), "role": Role(document["role"])}
    if "reason" in document:
        special["reason"] = Reason(document["reason"])
    if "rejections" in document:
        special["rejections"] = tuple(map(_rejection_from_json, document["rejections"]))
    if "seen" in document:
        special["seen"] = tuple(document["seen"])
    return Trial(**{**document, **special})


def proposal_to_json(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON, with its rejections."""
    return {
        "params": proposal.params,
        "rejections": [_rejection_to_json(rejection) for rejection in proposal.rejections],
        "engine": proposal.engine,
    }


def proposal_from_json(document: Mapping[str, Any]) -> Proposal:
    """Return the proposal that `proposal_to_json` wrote."""
    return Proposal(document["params"], tuple(map(_rejection_from_json, document["rejections"])), document["engine"])


def _rejection_to_json(rejection: Rejection) -> list[Any]:
    return [rejection.params, rejection.why, rejection.margin]


def _rejection_from_json(values: list[Any]) -> Rejection:
    return Rejection(*values)


MAX_TRIES = 3
"""Processes that a question is put to when they die over it: somebody may have killed the first."""
MAX_ASK_S = 0.3
"""Maximum seconds of an ask for which a runner may block."""

PR_SET_PDEATHSIG = 1
"""prctl option: the signal that the kernel sends when the parent dies."""
NICENESS = 5
"""Added to the child's niceness, so that trials and runner have precedence."""
LENGTH_PREFIX = struct.Struct(">I")
"""Prefix of a reply: its length in bytes."""
QUESTION_BYTE = b"?"
"""Byte that accompanies the open file of a question."""
SINGLE_THREAD_ENV = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""Environment that keeps numeric libraries from taking the cores of the trials."""


@dataclass(frozen=True, slots=True)
class EngineReply:
    """Result of an ask for a trial: a proposal, or `exhausted`, or an `error` that names the engine."""

    number: int
    proposal: Proposal | None = None
    exhausted: bool = False
    error: str = ""


def runs_in_own_process(sampler: str, trials: int = 0, directory: str = "") -> bool:
    """Return whether an ask of this sampler after `trials` trials belongs into an `EngineProcess`.

    `sampler` is what `choose_sampler` returns, never `auto`; `directory` is the study file's.
    """
    slow_from = plugins.spec("samplers", sampler, directory).own_process_from
    return slow_from is not None and trials >= slow_from


def propose_at_random(study: Study, base: Mapping[str, Value], trials: Sequence[Trial], number: int) -> Proposal | None:
    """Return a random feasible new point, for when the engine fails; None if there is none."""
    engine = RandomEngine(study, base)
    engine.sync(trials)
    proposal = engine.ask(number)
    return None if proposal is None else replace(proposal, engine="random (fallback)")


class EngineProcess:
    """The engine of one revision of a study, in a child process that is restarted when it crashed or hung."""

    def __init__(self, study: Study, base: Mapping[str, Value], timeout: float = 300.0) -> None:
        validate_abilities(study)
        self.sampler = choose_sampler(study, base).sampler
        self.timeout = timeout
        self._first_document = {"study": to_json(study), "base": dict(base)}
        self._number: int | None = None
        self._question: dict[str, Any] = {}
        self._tries, self._buffer = 0, b""
        self._start()
        self._time_given = TimeGiven(self._process.pid)

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 when there is no process."""
        return self._link.fileno()

    @property
    def busy(self) -> bool:
        """True while a reply is outstanding."""
        return self._number is not None

    def begin(self, number: int, trials: Sequence[Trial]) -> None:
        """Ask for one proposal, as `sync` and `ask` would. Only one question may be outstanding."""
        assert self._number is None, f"still asked for trial {self._number}"
        self._question = {"number": number, "trials": [trial_to_json(trial) for trial in trials]}
        self._tries = 1
        try:
            _send_document(self._link, self._question)
        except OSError:  # the child ended since the last reply
            self._restart()
            _send_document(self._link, self._question)
        self._number, self._time_given = number, TimeGiven(self._process.pid)

    def poll(self) -> EngineReply | None:
        """Return the reply to the question, once; None while there is none, or nothing was asked."""
        if self._number is None:
            return None
        alive = self._receive()
        if (message := self._take_message()) is not None:
            number, self._number = self._number, None
            proposal = proposal_from_json(message["proposal"]) if message["proposal"] else None
            return EngineReply(
                number, proposal, not proposal and not message["error"], self._naming_sampler(message["error"])
            )
        if not alive:
            return self._ask_again(f"its process died ({self._exit_text()})")
        # A hung engine must not stop the study: it is killed and restarted.
        if self._time_given.exceeds(self.timeout):
            return self._failed(f"no answer within {self.timeout:g} s")
        return None

    def close(self) -> None:
        """Kill the process, whatever it is doing."""
        self._link.close()
        self._process.kill()
        self._process.wait()
        self._buffer, self._number = b"", None

    def _start(self) -> None:
        self._link, child_link = socket.socketpair()
        self._link.setblocking(False)
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        with child_link:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "hptui.search.engine_process", str(child_link.fileno()), str(os.getpid())],
                pass_fds=[child_link.fileno()],
                start_new_session=True,  # a Ctrl-C in the terminal reaches only the runner
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Engines compute on the CPU: the GPUs belong to trials.
                env={**os.environ, **SINGLE_THREAD_ENV, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": path},
            )
        _send_document(self._link, self._first_document)

    def _receive(self) -> bool:
        """Read what has arrived; return False when the other end is closed."""
        while True:
            try:
                data = self._link.recv(1 << 16)
            except BlockingIOError:
                return True
            except ConnectionError:
                return False
            if not data:
                return False
            self._buffer += data

    def _take_message(self) -> dict[str, Any] | None:
        """Remove and return the first complete message of the buffer; None if there is none."""
        if len(self._buffer) < LENGTH_PREFIX.size:
            return None
        end = LENGTH_PREFIX.size + LENGTH_PREFIX.unpack_from(self._buffer)[0]
        if len(self._buffer) < end:
            return None
        body, self._buffer = self._buffer[LENGTH_PREFIX.size : end], self._buffer[end:]
        message: dict[str, Any] = json.loads(body)
        return message

    def _ask_again(self, reason: str) -> EngineReply | None:
        """Put the question to a fresh process, which gives the same answer; after some, give up."""
        if self._tries >= MAX_TRIES:
            return self._failed(f"{reason}, {self._tries} times")
        number = self._number
        log.warning("%s; it is asked again", self._naming_sampler(reason))
        self._restart()
        self._number, self._time_given, self._tries = number, TimeGiven(self._process.pid), self._tries + 1
        with suppress(OSError):  # dead again: the next poll sees it
            _send_document(self._link, self._question)
        return None

    def _failed(self, reason: str) -> EngineReply:
        """Return the failed reply, and start a new process for the next question."""
        assert self._number is not None
        number = self._number
        self._restart()
        return EngineReply(number, error=self._naming_sampler(reason))

    def _restart(self) -> None:
        self.close()
        self._start()

    def _naming_sampler(self, reason: str) -> str:
        return reason and f"the sampler {self.sampler!r} failed: {reason}"

    def _exit_text(self) -> str:
        try:
            # The socket closes just before the process ends.
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "it hung up"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _send_document(link: socket.socket, document: Mapping[str, Any]) -> None:
    """Send a document as an open file: a socket's buffer may be smaller than a history."""
    with tempfile.TemporaryFile() as file:
        file.write(json.dumps(document).encode())
        file.flush()
        socket.send_fds(link, [QUESTION_BYTE], [file.fileno()])


def main(argv: Sequence[str]) -> None:
    """Run the child: build the engine of the first document, and reply until the runner closes the socket."""
    fd, runner = map(int, argv)
    _end_with(runner)
    os.nice(NICENESS)
    link = socket.socket(fileno=fd)
    os.set_inheritable(fd, False)
    documents = _documents(link)
    engine, failure = _build_engine(next(documents, {}))
    for question in documents:
        answer = _answer(engine, question) if engine else _error_message(failure)
        body = json.dumps(answer).encode()
        try:
            link.sendall(LENGTH_PREFIX.pack(len(body)) + body)
        except ConnectionError:
            return


def _end_with(runner: int) -> None:
    """Let the kernel kill this process when the runner dies.

    Elsewhere than on Linux, the end of the socket does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != runner:  # the runner died before prctl took effect
        os._exit(0)


def _documents(link: socket.socket) -> Iterator[dict[str, Any]]:
    while True:
        try:
            data, fds, _, _ = socket.recv_fds(link, len(QUESTION_BYTE), 1)
        except ConnectionError:
            return
        if not data:
            return
        with os.fdopen(fds[0], "rb") as file:
            file.seek(0)
            yield json.load(file)


def _build_engine(first_document: Mapping[str, Any]) -> tuple[Engine | None, str]:
    """Return the engine, or the reason why there is none."""
    try:
        with no_collection():  # the libraries of an engine are large
            return make_engine(from_json(first_document["study"]), first_document["base"]), ""
    except Exception as error:  # noqa: BLE001  a library may raise anything on import; the runner reports it
        return None, f"{type(error).__name__}: {error}"


def _answer(engine: Engine, question: Mapping[str, Any]) -> dict[str, Any]:
    try:
        engine.sync([trial_from_json(document) for document in question["trials"]])
        proposal = engine.ask(question["number"])
    except Exception as error:  # noqa: BLE001  a library may raise anything; the reply names it
        return _error_message(f"{engine.name}: {type(error).__name__}: {error}")
    return {"proposal": proposal and proposal_to_json(proposal), "error": ""}


def _error_message(text: str) -> dict[str, Any]:
    return {"proposal": None, "error": text[:2000]}


if __name__ == "__main__":
    main(sys.argv[1:])
