"""The worker: the process that trains one trial and records what happens.

    python -m hptui.trainers.worker ATTEMPT_DIR...

A warm launcher calls `main` in a forked child instead; so importing this module does nothing, and nothing is assumed
about the process but that it is ours. It reads `config.json`, appends to `events.jsonl`, and ends with one `end` event.
SIGTERM only raises a flag: the trainer finishes its step, saves, and returns. SIGINT is ignored: it is meant for the
program at the terminal, not for a trial."""

from __future__ import annotations

import math
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hptui.core.format import with_counts
from hptui.core.trial import Reason, TrialStatus
from hptui.store.run_directory import SYNC_INTERVAL_S, EventWriter, RunDir, read_json, split_nonfinite
from hptui.trainers import provenance, registry, spec, user_function
from hptui.trainers.context import TrialContext
from hptui.trainers.failures import Diverged, Failure, Outcome, one_line, outcome_of_error, outcome_of_stop
from hptui.trainers.packs import client

TRAINERS_FOLDER = Path(__file__).resolve().parent
"""The folder of this package's trainers."""
INTERNAL_FILES = {
    str(TRAINERS_FOLDER / name)
    for name in ("worker.py", "context.py", "registry.py", "user_function.py", "settings.py")
}
"""Source files of hptui that call a trainer; their frames are left out of tracebacks."""


def user_traceback(error: BaseException) -> None:
    """Print the traceback of a trainer's error to standard error, which is the trial's log."""
    if isinstance(error, Diverged):
        print(f"diverged: {one_line(error)}", file=sys.stderr, flush=True)
        return
    formatted = traceback.TracebackException.from_exception(error)
    _strip(formatted, set())
    print("".join(formatted.format()), end="", file=sys.stderr, flush=True)


def _strip(formatted: traceback.TracebackException | None, seen: set[int]) -> None:
    """Remove hptui's frames from an error and from the errors that it was raised from.

    An error that consists of hptui's frames alone keeps them.
    """
    if formatted is None or id(formatted) in seen:
        return
    seen.add(id(formatted))
    theirs = [frame for frame in formatted.stack if frame.filename not in INTERNAL_FILES]
    if theirs:
        formatted.stack[:] = theirs
    for link in (formatted.__cause__, formatted.__context__, *(getattr(formatted, "exceptions", None) or ())):
        _strip(link, seen)


MAX_FINAL_METRICS = 200
"""Final metrics of a trial that are recorded, besides the objectives."""
MAX_END_WAIT_S = 60.0
"""Seconds that the end of a trial waits for room on a full disk."""


def main(attempt_dir: str) -> int:
    """Train the trial of one attempt directory; return 0 when its end is recorded, whatever that end is."""
    run = RunDir(Path(attempt_dir).absolute())
    config = read_json(run.config)
    if not isinstance(config, dict):
        print(f"{run.config} is missing or torn", file=sys.stderr)
        return 1
    limit_threads(config.get("threads") or 0)
    with catch_sigterm() as terminated:
        if config.get("hosts"):
            return be_host(run, config, terminated)
        events = EventWriter(run.events, sync_s=config.get("sync_seconds") or SYNC_INTERVAL_S)
        try:
            if config.get("prepare"):
                outcome = spec.run_preparation(
                    lambda: registry.preparation(config["kind"], config["directory"]), config, events
                )
                return 0 if write_end(events, outcome, {}) else 1
            outcome, final = open_and_train(run, config, events, terminated)
            return 0 if write_end(events, outcome, final) else 1
        finally:
            events.close()


def prepare_to_fork() -> None:
    """Look up once what each worker that is forked from this process would look up again."""
    provenance.remember_versions()


def be_host(run: RunDir, config: Mapping[str, Any], terminated: threading.Event) -> int:
    """Compute for the trials that share this process, until it is needed no more; return the exit code."""
    from hptui.trainers.packs import host  # only here

    packing = registry.packing(config["kind"], config["directory"])
    if packing is None:
        print(f"the trainer {config['kind']!r} runs one trial in a process", file=sys.stderr)
        return 1
    return host.main(run, config, packing, terminated)


@contextmanager
def catch_sigterm() -> Iterator[threading.Event]:
    """Set the yielded flag on SIGTERM, and ignore SIGINT, for a block."""
    flag = threading.Event()
    # A process that the trainer forks, to load data for instance, must die of SIGTERM.
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
    """Limit the arithmetic libraries of this process to `threads` threads; 0 leaves their own choice."""
    if threads > 0:
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[name] = str(threads)
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(threads)


def open_and_train(
    run: RunDir, config: Mapping[str, Any], events: EventWriter, terminated: threading.Event
) -> tuple[Outcome, dict[str, float]]:
    """Open the attempt directory and train its trial; return the outcome and the final metrics."""
    try:
        trial = TrialContext(run, config, events, terminated.is_set)
    except Exception as error:  # noqa: BLE001  an unreadable directory must be on record, too
        user_traceback(error)
        return outcome_of_error(error, reported=False), {}
    return load_and_train(config, trial, events)


def load_and_train(
    config: Mapping[str, Any], trial: TrialContext, events: EventWriter
) -> tuple[Outcome, dict[str, float]]:
    """Load the trainer, write the `hello` event and train; return the outcome and the final metrics."""
    hello_written = False
    try:
        trial.phase("load")
        host = client.host_of(config)
        trainer: registry.Train = (
            registry.load(config["kind"], config["directory"])
            if host is None
            else client.HostedTrainer(host, config, events)
        )
        limit_threads(trial.threads)
        if host is None:  # else this process computes nothing
            seed(trial.seed)
        if isinstance(trainer, registry.AnnouncesResume):
            trainer.foresee(config["settings"], trial)
        if isinstance(trainer, client.HostedTrainer):
            trainer.greet(trial)
        hello_written = write_hello(trial, events, config)
        if shrunk := config.get("shrunk"):
            trial.effective(**shrunk)
        final = numeric_metrics(trainer(config["settings"], trial), trial)
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001  all of it is recorded
        if not hello_written:
            write_hello(trial, events, config)
        if not isinstance(error, Failure):
            user_traceback(error)
        return outcome_of_error(error, reported=trial.reports > 0), {}
    return final_outcome(trial, final), final


def write_hello(trial: TrialContext, events: EventWriter, config: Mapping[str, Any]) -> bool:
    """Write the `hello` event: the process, its environment, and the files that it trains from."""
    kind, directory = config["kind"], config["directory"]
    hosted = client.host_of(config) is not None  # its host says what computes
    facts = provenance.interpreter_facts if hosted else provenance.environment_facts
    input_facts = {
        **(config.get("code") or provenance.git_facts(trial.directory)),
        **provenance.data_facts(config["settings"], trial.directory, trial.cache),
    }
    events.emit(
        "hello",
        time=time.time(),
        pid=os.getpid(),
        resumed_step=trial.resumed_step,
        total_steps=trial.total_steps,
        environment=_without_unknown(
            {
                **facts(trial.threads),
                **user_function.trainer_file_facts(kind, directory),
                **input_facts,
                **trial.about,
            }
        ),
    )
    return True


def _without_unknown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts without those that a trainer set to None because it trains in another process."""
    return {name: value for name, value in facts.items() if value is not None}


def seed(number: int) -> None:
    """Seed the random generators of all loaded libraries, for trainers that do not seed them."""
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number % (1 << 32))
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(number)


def numeric_metrics(result: Mapping[str, Any], trial: TrialContext) -> dict[str, float]:
    """Return the final metrics that are numbers; warn about the others instead of failing the trial."""
    final: dict[str, float] = {}
    if len(result) > MAX_FINAL_METRICS:
        trial.warn(
            f"the trainer returned {len(result)} metrics; the objectives and the first {MAX_FINAL_METRICS} are kept"
        )
        names = {name for name in trial.objectives if name in result} | set(list(result)[:MAX_FINAL_METRICS])
        result = {name: value for name, value in result.items() if name in names}
    for name, value in result.items():
        try:
            final |= with_counts({str(name): value if isinstance(value, float) else float(value)})
        except (TypeError, ValueError):
            trial.warn(f"the trainer returned {name!r} = {str(value)[:80]!r}, which is no number")
    return final


def final_outcome(trial: TrialContext, final: Mapping[str, float]) -> Outcome:
    """Return the outcome of a trial whose trainer returned."""
    if trial.obeyed is not None:
        return outcome_of_stop(trial.obeyed)
    for name in trial.objectives:
        if not math.isfinite(final.get(name, 0.0)):
            return Outcome(TrialStatus.FAILED, Reason.NAN, f"{name} ended as {final[name]}")
    if trial.early:
        return Outcome(TrialStatus.COMPLETE, Reason.EARLY_STOP, trial.early)
    return Outcome(TrialStatus.COMPLETE, Reason.FINISHED)


def write_end(events: EventWriter, outcome: Outcome, final: Mapping[str, float]) -> bool:
    """Write the `end` event; return False when the disk stayed full for `MAX_END_WAIT_S`."""
    finite, nonfinite = split_nonfinite(final)
    if events.dropped:
        events.emit("warning", message=f"{events.dropped} reports were lost while the disk was full")
    events.emit(
        "end",
        status=str(outcome.status),
        reason=str(outcome.reason),
        message=outcome.message,
        m=finite,
        nonfinite=nonfinite,
        peak_gpu_gb=peak_gpu_gb(),
        peak_rss_gb=max(provenance.host_peak_gib(), provenance.children_peak_gib()),
    )
    deadline = time.monotonic() + MAX_END_WAIT_S
    while True:
        try:
            events.flush(sync=True)  # on disk before the process exits: the runner judges the trial by this event
        except OSError as error:
            print(f"the record cannot be written: {one_line(error)}", file=sys.stderr)
        else:
            if not events.unwritten_bytes:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)  # the disk is full: retry until there is room or the deadline has passed


def peak_gpu_gb() -> float | None:
    """Return the most memory of one GPU that torch held, in GiB; None where CUDA was not used.

    It is what another process could not have had: allocated blocks and those kept for reuse, without the context.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return None
    peak: int = max(torch.cuda.max_memory_reserved(n) for n in range(torch.cuda.device_count()))
    return peak / (1 << 30)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a real text stream here
    sys.exit(max([main(directory) for directory in sys.argv[1:]], default=2))
