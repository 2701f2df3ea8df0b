"""The worker: the process that trains one trial and writes down what happens.

    python -m hptui.trainers.worker ATTEMPT_DIR...

A warm launcher calls `main` in a forked child instead; so importing this module does nothing, and nothing is assumed
about the process but that it is ours. It reads `config.json`, appends to `events.jsonl`, and ends with one `end` event.
SIGTERM only raises a flag: the trainer finishes its step, saves, and returns. SIGINT belongs to whoever sits at the
terminal, not to a trial.
"""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hptui.model.counts import spread
from hptui.model.trial import Reason, TrialStatus
from hptui.storage.rundir import EventWriter, RunDir, read_json, split_nonfinite
from hptui.trainers import environment, inputs, preparing, registry, tracebacks, userfunc
from hptui.trainers.context import TrialContext
from hptui.trainers.outcome import Failure, Outcome, of_error, of_stop, one_line

FINAL_METRICS = 200
LAST_WORDS_SECONDS = 60.0
"""How long the end of a trial waits for a full disk to have room for it."""


def main(attempt_dir: str) -> int:
    """Train the trial of one attempt directory. 0 when its end is on record, whatever that end is."""
    run = RunDir(Path(attempt_dir).absolute())
    config = read_json(run.config)
    if not isinstance(config, dict):
        print(f"{run.config} is missing or torn", file=sys.stderr)
        return 1
    limit_threads(config.get("threads") or 0)
    with listening() as terminated:
        events = EventWriter(run.events)
        try:
            if config.get("prepare"):
                outcome = preparing.carry_out(lambda: registry.preparation(config["kind"]), config, events)
                return 0 if end(events, outcome, {}) else 1
            outcome, final = begin(run, config, events, terminated)
            return 0 if end(events, outcome, final) else 1
        finally:
            events.close()


@contextmanager
def listening() -> Iterator[threading.Event]:
    """SIGTERM sets the flag and does nothing else; SIGINT is ignored."""
    flag = threading.Event()
    # A process that the trainer forks, to load data for instance, must die when it is told to.
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: flag.set()),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
    }
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def limit_threads(threads: int) -> None:
    """Keep this process to so many threads of arithmetic; 0 leaves the libraries' own choice."""
    if threads > 0:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[name] = str(threads)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)


def begin(
    run: RunDir, config: Mapping[str, Any], events: EventWriter, terminated: threading.Event
) -> tuple[Outcome, dict[str, float]]:
    """Carry the trial out, if the directory allows it."""
    try:
        trial = TrialContext(run, config, events, terminated.is_set)
    except Exception as error:  # noqa: BLE001  an unreadable directory must be on record, too
        tracebacks.tell(error)
        return of_error(error, reported=False), {}
    return carry_out(config, trial, events)


def carry_out(config: Mapping[str, Any], trial: TrialContext, events: EventWriter) -> tuple[Outcome, dict[str, float]]:
    """Load the trainer, introduce ourselves, train; what came of it, and the final metrics."""
    greeted = False
    try:
        trial.phase("load")
        body = registry.load(config["kind"], config["directory"])
        limit_threads(trial.threads)
        seed(trial.seed)
        if isinstance(body, registry.Foresees):
            body.foresee(config["settings"], trial)
        greeted = hello(trial, events, config)
        final = numbers(body(config["settings"], trial), trial)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  all of it is recorded
        if not greeted:
            hello(trial, events, config)
        if not isinstance(error, Failure):
            tracebacks.tell(error)
        return of_error(error, reported=trial.reports > 0), {}
    return conclude(trial, final), final


def hello(trial: TrialContext, events: EventWriter, config: Mapping[str, Any]) -> bool:
    """Say who runs, on what, and from what."""
    kind, directory = config["kind"], config["directory"]
    inputs_now = {**inputs.git(trial.directory), **inputs.data(config["settings"], trial.directory, trial.cache)}
    events.emit(
        "hello",
        time=time.time(),
        pid=os.getpid(),
        resumed_step=trial.resumed_step,
        total_steps=trial.total_steps,
        environment=_known(
            {**environment.capture(trial.threads), **userfunc.source(kind, directory), **inputs_now, **trial.about}
        ),
    )
    return True


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Without what a trainer has said to be unknown: its training runs in another process."""
    return {name: value for name, value in facts.items() if value is not None}


def seed(number: int) -> None:
    """Seed the generators of the libraries that are loaded, so that a trainer that does not is repeatable, too."""
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number % (1 << 32))
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)


def numbers(result: Mapping[str, Any], trial: TrialContext) -> dict[str, float]:
    """The final metrics that are numbers; others are warned about, not worth a trained trial."""
    final: dict[str, float] = {}
    if len(result) > FINAL_METRICS:
        trial.warn(f"the trainer returned {len(result)} metrics; the objectives and the first {FINAL_METRICS} are kept")
        kept = {name for name in trial.objectives if name in result} | set(list(result)[:FINAL_METRICS])
        result = {name: value for name, value in result.items() if name in kept}
    for name, value in result.items():
        try:
            final |= spread({str(name): value if isinstance(value, float) else float(value)})
        except (TypeError, ValueError):
            trial.warn(f"the trainer returned {name!r} = {str(value)[:80]!r}, which is no number")
    return final


def conclude(trial: TrialContext, final: Mapping[str, float]) -> Outcome:
    """The outcome of a trial whose trainer returned."""
    if trial.obeyed is not None:
        return of_stop(trial.obeyed)
    for name in trial.objectives:
        if not math.isfinite(final.get(name, 0.0)):
            return Outcome(TrialStatus.FAILED, Reason.NAN, f"{name} ended as {final[name]}")
    if trial.early:
        return Outcome(TrialStatus.COMPLETE, Reason.EARLY_STOP, trial.early)
    return Outcome(TrialStatus.COMPLETE, Reason.FINISHED)


def end(events: EventWriter, outcome: Outcome, final: Mapping[str, float]) -> bool:
    """Write the last event; False when even patience with a full disk did not get it there."""
    plain, odd = split_nonfinite(final)
    if events.dropped:
        events.emit("warning", message=f"{events.dropped} reports were lost while the disk was full")
    events.emit(
        "end",
        status=str(outcome.status),
        reason=str(outcome.reason),
        message=outcome.message,
        m=plain,
        nonfinite=odd,
        peak_gpu_gb=peak_gpu_gb(),
        peak_rss_gb=max(environment.host_peak(), environment.children_peak()),
    )
    deadline = time.monotonic() + LAST_WORDS_SECONDS
    while True:
        try:
            events.flush(sync=True)
        except OSError as error:
            print(f"the record cannot be written: {one_line(error)}", file=sys.stderr)
        else:
            if not events.pending:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)


def peak_gpu_gb() -> float | None:
    """The most GPU memory that torch held, in GiB; None where it held none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    peak: int = max(torch.cuda.max_memory_allocated(n) for n in range(torch.cuda.device_count()))
    return peak / (1 << 30)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a real text stream here
    sys.exit(max([main(directory) for directory in sys.argv[1:]], default=2))
