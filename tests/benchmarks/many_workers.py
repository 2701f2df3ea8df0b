"""A runner that feeds very many places, without a process for any.   python -m tests.benchmarks.many_workers

    [--trials 10000] [--recorded 0] [--places 1000] [--ends 17] [--sampler random] [--search 'LINE']...

The executor's clock is virtual: so many attempts end in each turn, and no turn waits. Everything else is what a study
does: the store, run directories, events, decisions, proposals. Prints the CPU time that the runner pays for each trial,
at the beginning and at the end, its memory, and how many trials a second it could feed with 60 % of a core.
With `--recorded` so many of the trials are in the store already, complete, before it begins. `--search` adds a line to
[search], such as `pruner = "median"` or `until = { no_improvement = 500 }`.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hptui.core.study import Resources
from hptui.core.trial import Attempt, AttemptState, Reason, Role, StudyState, Trial, TrialStatus
from hptui.execution.controller import Hooks
from hptui.execution.executor import Launch, LaunchRecord, Lease, State, WorkerSpec
from hptui.execution.runner import Runner
from hptui.operations.run import create_study, read_study
from hptui.store.paths import StudyDir
from hptui.store.records import Sample
from hptui.store.store import Store
from tests.benchmarks.common import machine, scratch
from tests.faults.poison import EXIT, dump, events

SHARE = 0.6
"""Share of a core that the runner may take."""


class SimulatedHandle:
    """An attempt that has written everything at its start, and lives until its turn to end has come."""

    warm = True

    def __init__(self, record: LaunchRecord, forget: Callable[[str], None]) -> None:
        self.token, self.run, self.label, self._forget = record.token, record.run, record.label, forget
        self.ended = False

    def state(self) -> State:
        return State("gone", "exit") if self.ended else State("alive")

    def signal(self, verb: str) -> None:
        self.ended = True

    def fence(self) -> None:
        self.ended = True

    def sync(self) -> None: ...

    def collect(self) -> None: ...

    def usage(self) -> Sample | None:
        return None

    def forget(self) -> None:
        self._forget(self.token)

    def close(self) -> None: ...


class Simulated:
    """So many places; `ends` attempts end in each turn, the oldest first."""

    name = "simulated"
    ends = 17

    def __init__(self) -> None:
        self.waiting = ""
        self._free: list[str] = []
        self._living: deque[SimulatedHandle] = deque()
        self._labels: dict[str, str] = {}
        self._places = 0
        self._always, writer = os.pipe()
        os.close(writer)  # readable at once, so that no turn waits

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak: Callable[[], float | None]
    ) -> None:
        self._places = resources.parallel
        self._free = [f"place {number}" for number in range(self._places)]

    def revise(self, resources: Resources) -> None: ...

    def has_gpus(self) -> bool:
        return False

    def capacity(self) -> int:
        return self._places

    def free_places(self) -> int:
        """How many places nothing holds."""
        return len(self._free)

    def reserve(self) -> Lease | None:
        return Lease(label=self._free.pop(), host="here") if self._free else None

    def release(self, lease: Lease) -> None:
        self._free.append(lease.label)

    def start(self, launch: Launch, lease: Lease) -> SimulatedHandle:
        launch.run.root.mkdir(parents=True, mode=0o700)
        lines = [dump(event) for event in events(1.0 / (1 + int(launch.config["trial"])))]
        launch.run.events.write_bytes(b"\n".join(lines) + b"\n")
        launch.run.exit.write_bytes(dump({**EXIT, "token": launch.token}))
        handle = self.adopt(LaunchRecord(launch.token, launch.run, lease.label, lease.boot))
        self._labels[launch.token] = lease.label
        return handle

    def adopt(self, record: LaunchRecord) -> SimulatedHandle:
        handle = SimulatedHandle(record, self._drop)
        self._living.append(handle)
        return handle

    def _drop(self, token: str) -> None:
        self._free.append(self._labels.pop(token))

    def poll(self) -> None:
        for _ in range(min(self.ends, len(self._living))):
            self._living.popleft().ended = True

    def wait_handles(self) -> Iterator[int]:
        yield self._always

    def settled(self) -> bool:
        return True

    def retire(self) -> None: ...

    def close(self) -> None: ...


def study(folder: Path, trials: int, places: int, sampler: str, search: Sequence[str] = ()) -> Path:
    path, lines = folder / "many.toml", "".join(f"{line}\n" for line in search)
    path.write_text(
        f'name = "many"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "toy"\n[space]\n'
        f'learning_rate = "1e-5..1e-1 log"\nwidth = "8..512 log"\n[search]\nsampler = "{sampler}"\ntrials = {trials}\n'
        f"{lines}"
        f'[resources]\nexecutor = "tests.benchmarks.many_workers:Simulated"\nparallel = {places}\nmin_free_gb = 0.0\n'
    )
    return path


def record(store: Store, count: int) -> None:
    """Record complete trials after the baseline, each of another configuration, as fast as SQLite copies rows."""
    params, revision = {"learning_rate": 0.001, "width": 64}, store.read.study().revision
    done = {"reason": Reason.FINISHED, "values": {"loss": 1.0}, "started": 1.0, "ended": 2.0, "engine": "random"}
    distinct = "json_set(params_json, '$.width', 8 + i / 200000.0)"
    copied = {
        ("trials", "number"): {"number": "i", "changed": "i + 1", "params_json": distinct},
        ("attempts", "trial"): {"token": "'t' || i", "trial": "i"},
    }
    with store.transaction():
        trial = Trial(1, "", TrialStatus.COMPLETE, Role.SEARCH, params, revision=revision, **done)  # type: ignore[arg-type]
        store.insert_trial(trial)
        store.insert_attempt(Attempt("t1", 1, 1, AttemptState.DONE, started=1.0))
        for (table, key), values in copied.items():
            columns = [row[1] for row in store.connection.rows(f"PRAGMA table_info({table})")]
            chosen = ", ".join(values.get(name, name) for name in columns)
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
            first = f"(SELECT * FROM {table} WHERE {key} = 1)"
            store.connection.execute(
                f"{numbers} INSERT INTO {table}({', '.join(columns)}) SELECT {chosen} FROM n, {first}"
            )


def run(
    folder: Path, trials: int, places: int, sampler: str, recorded: int = 0, search: Sequence[str] = ()
) -> list[float]:
    """Run a study to its end; return the CPU seconds at which each trial had ended."""
    sd = StudyDir.for_study(folder / "home", "many")
    create_study(sd, read_study(study(folder, trials, places, sampler, search), {}))
    ends: list[float] = []
    with Store.open(sd) as store:
        if recorded:
            record(store, recorded)
        store.set_state(StudyState.RUNNING)
        runner = Runner(sd, store, Hooks(lambda _: WorkerSpec(("false",)), lambda *_: None))
        follow = runner.controller.attempt_ended

        def ended(*args: object) -> None:
            follow(*args)  # type: ignore[arg-type]
            ends.append(time.process_time())
            if len(ends) % 1000 == 0:
                print(f"{len(ends):,} trials: {ends[-1]:.0f} s", flush=True)

        runner.controller.attempt_ended = ended  # type: ignore[method-assign]
        started = time.process_time()
        end = runner.run()
        row = store.read.study()
        if len(ends) < trials - recorded:
            counts = {str(status): count for status, count in store.read.status_counts().items()}
            raise SystemExit(f"it ended early: {end}, {row.state}: {row.message}; {counts}")
    return [end - started for end in ends]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--places", type=int, default=1_000)
    parser.add_argument("--ends", type=int, default=17, help="attempts that end in one turn")
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--recorded", type=int, default=0, help="trials that are recorded already")
    parser.add_argument("--search", action="append", default=[], metavar="LINE", help="a further line of [search]")
    options = parser.parse_args()
    Simulated.ends = options.ends
    print(machine())
    with scratch() as folder:
        ends = run(folder, options.trials, options.places, options.sampler, options.recorded, options.search)
    part = len(ends) // 10  # the first tenth also fills the places, the last one starts nothing
    first, last = (ends[2 * part] - ends[part]) / part, (ends[8 * part] - ends[7 * part]) / part
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.recorded:
        print(f"{options.recorded:,} trials were recorded before")
    print(f"{len(ends):,} trials on {options.places:,} places, {options.ends} ends a turn, sampler {options.sampler}:")
    print(f"CPU of a trial: {1000 * first:.1f} ms in the second tenth, {1000 * last:.1f} ms in the eighth")
    print(f"with {SHARE:.0%} of a core {SHARE / last:.1f} trials a second; {memory:.0f} MiB")


if __name__ == "__main__":
    main()
