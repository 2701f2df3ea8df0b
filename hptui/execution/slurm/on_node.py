"""What a job runs on its node: the shim of one attempt, which hears from Slurm that its time is over.

    python -m hptui.execution.slurm.on_node DIRECTORY

It is the batch process itself, so signals reach it. It starts nothing if somebody has claimed the attempt before: its
runner, which then does without it, or another job, after Slurm has started this one again. It knows nothing of queues;
the runner reads what it writes into the directory."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.trial import NOTICE_FILE, Reason
from hptui.execution.local import shim
from hptui.execution.slurm.claim import claim, claimed_by

ORDER = "order.json"
"""File with what is to be run, in the attempt's directory: only its owner can read it, unlike a job's script."""
PROBE = "--probe"
"""Instead of a directory's attempt: write into it what this node is like."""


def main(argv: Sequence[str]) -> int:
    """Run the attempt of a directory, unless it is claimed."""
    if argv[0] == PROBE:
        return probe(Path(argv[1]))
    run = Path(argv[0])
    try:
        order: dict[str, Any] = json.loads((run / ORDER).read_bytes())
    except (OSError, ValueError) as error:
        print(f"nothing is started: the attempt's order cannot be read ({error})", flush=True)
        return 0
    if not claim(run, claimant()):
        print(f"nothing is started: the attempt belongs to {claimed_by(run)}", flush=True)
        return 0
    os.environ |= {**order["environment"], "HPTUI_ATTEMPT": order["token"]}
    command = [sys.executable, *order["arguments"]]
    pause_on_signals(run)

    def body() -> None:
        for number in (signal.SIGUSR1, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(order["cwd"] if os.path.isdir(order["cwd"]) else run)
        os.execv(command[0], command)  # noqa: S606  a list, no shell

    shim.supervise(str(run), order["token"], [], float(order["pause_grace"]), float(order["stop_grace"]), body)
    return 0


def probe(folder: Path) -> int:
    """Write down what this node is like, for `hptui doctor --probe`."""
    from hptui.core.version import __version__  # a job that trains does not need it

    study = os.environ.get("HPTUI_STUDY", "")
    gpus = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    facts: dict[str, Any] = {"node": os.environ.get("SLURMD_NODENAME") or socket.gethostname(), "version": __version__}
    facts["python"] = sys.version.split()[0]
    facts |= {"gpus": len(gpus), "directories": [study] if os.path.isdir(study) else []}
    shim.write_json_durably(str(folder), "probe.json", facts)
    return 0


def claimant() -> str:
    """Return what this job writes as its claim: its number, node, boot and process."""
    node = os.environ.get("SLURMD_NODENAME") or socket.gethostname()
    return f"{os.environ.get('SLURM_JOB_ID', '')} {node} {shim.boot_id()} {os.getpid()}"


def pause_on_signals(run: Path) -> None:
    """Turn Slurm's signals into a request to pause, with a note of why.

    SIGUSR1 says that the time limit comes near, SIGTERM that the job ends for whatever reason.
    """

    def on_signal(number: int, _: object) -> None:
        why = Reason.LIMIT if number == signal.SIGUSR1 else Reason.PREEMPTED
        if not (run / NOTICE_FILE).exists():  # the first one says why: a limit ends in SIGTERM, too
            shim.write_json_durably(str(run), NOTICE_FILE, {"why": str(why)}, timeout_s=0)
        with suppress(OSError):  # a verb is there
            fd = os.open(run / "control", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(fd, b"pause")
            os.close(fd)

    shim.ignored_signals.remove(signal.SIGTERM)
    for number in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, on_signal)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
