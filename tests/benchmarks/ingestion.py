"""How many metric points a second go from `events.jsonl` into the store, while another process reads.

    python -m tests.benchmarks.ingestion [SECONDS]

Four trials log five metrics a step; the runner's side reads up to 64 KiB of lines, parses them and commits points and
offset together, checkpointing the log as the runner does; a reader polls four times a second like a screen. Then: what
a screen waits for on a study of 10,000 trials.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hptui.core.trial import Attempt, AttemptState, Role, Trial, TrialStatus
from hptui.store.metric_points import MetricPoint
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.safe_reading import read_lines
from hptui.store.store import Store

TRIALS = 4
METRICS = ("loss", "eval_loss", "accuracy", "learning_rate", "grad_norm")
BATCH_BYTES = 64 * 1024
CHECKPOINT_ROWS = 400_000


def begin(store: Store, trials: int) -> None:
    with store.transaction():
        for number in range(trials):
            params = {"learning_rate": 1e-4, "layers": 4, "batch_size": 8}
            store.insert_trial(Trial(number, f"trial-{number}", TrialStatus.RUNNING, Role.SEARCH, params))
            store.insert_attempt(Attempt(f"token-{number}", number, 1, AttemptState.RUNNING))


def write_events(folder: Path, steps: int) -> list[Path]:
    paths = [folder / f"events-{number}.jsonl" for number in range(TRIALS)]
    for number, path in enumerate(paths):
        with path.open("w") as out:
            for step in range(1, steps + 1):
                values = {name: math.sin(step / 100 + k + number) for k, name in enumerate(METRICS)}
                record = {"q": step, "k": "metrics", "t": step / 10, "step": step, "m": values}
                out.write(json.dumps(record, separators=(",", ":")) + "\n")
    return paths


def points_of(lines: list[bytes]) -> tuple[list[MetricPoint], int]:
    points: list[MetricPoint] = []
    sequence = 0
    for line in lines:
        event = json.loads(line)
        sequence, step, seconds = event["q"], event["step"], event["t"]
        points += [(name, step, value, None, seconds) for name, value in event["m"].items()]
    return points, sequence


def poll(root: Path, started: Event, stop: Event, waits: multiprocessing.SimpleQueue[float]) -> None:
    """A screen: is there news, which trials changed, how do their curves go on."""
    with StoreReader.open(StudyDir(root)) as reader:
        version, mark, seen = -1, 0, [-1] * TRIALS
        started.set()
        slowest = 0.0
        while not stop.wait(0.25):
            began = time.perf_counter()
            if (now := reader.connection.data_version()) != version:
                version = now
                changed, mark = reader.changed_trials(mark)
                for trial in changed:
                    fresh = reader.curve(trial.number, "loss", after=seen[trial.number])
                    seen[trial.number] = fresh[-1][0] if fresh else seen[trial.number]
            slowest = max(slowest, time.perf_counter() - began)
        waits.put(slowest)


def sustained(root: Path, seconds: float) -> tuple[float, float, float]:
    """Rows a second, the slowest commit, the slowest look of the reader."""
    context = multiprocessing.get_context("spawn")
    started, stop, waits = context.Event(), context.Event(), context.SimpleQueue()
    paths = write_events(root.parent, steps=20_000)
    with Store.create(StudyDir(root), {}, "benchmark") as store:
        begin(store, TRIALS)
        screen = context.Process(target=poll, args=(root, started, stop, waits))
        screen.start()
        started.wait()
        rows, slowest, since_checkpoint = 0, 0.0, 0
        offsets, laps = [0] * TRIALS, [0] * TRIALS
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            for number, path in enumerate(paths):
                lines, offset = read_lines(path, offsets[number], BATCH_BYTES)
                if not lines:  # the file is at its end: again from the start, with steps that go on
                    offsets[number], laps[number] = 0, laps[number] + 1
                    continue
                points, sequence = points_of(lines)
                if lap := laps[number] * 20_000:
                    points = [(name, step + lap, *rest) for name, step, *rest in points]
                at = time.perf_counter()
                store.ingest(f"token-{number}", number, 1, points, offset=offset, sequence=sequence)
                slowest = max(slowest, time.perf_counter() - at)
                offsets[number] = offset
                rows += len(points)
                since_checkpoint += len(points)
            if since_checkpoint > CHECKPOINT_ROWS:
                store.checkpoint_wal()
                since_checkpoint = 0
        took = time.perf_counter() - began
        stop.set()
        screen.join()
        (stored,) = store.connection.handle.execute("SELECT count(*) FROM points").fetchone()
        assert stored == rows, (stored, rows)
    return rows / took, slowest, waits.get()


def first_look(root: Path, trials: int) -> tuple[float, float]:
    """Seconds to open a store and read all its trials; to ask again when one has changed."""
    with Store.create(StudyDir(root), {}, "many") as store:
        begin(store, trials)
        with store.transaction():
            for number in range(trials):
                store.add_points(number, 1, [(name, step, 1.0, None, 0.0) for name in METRICS for step in range(3)])
        began = time.perf_counter()
        with StoreReader.open(StudyDir(root)) as reader:
            found, mark = reader.changed_trials()
            opened = time.perf_counter() - began
            assert len(found) == trials
            store.update_trial(7, note="news")
            began = time.perf_counter()
            assert len(reader.changed_trials(mark)[0]) == 1
            return opened, time.perf_counter() - began


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as name:
        rate, commit, look = sustained(Path(name) / "study", seconds)
        print(f"ingestion with a reader     {rate:12,.0f} rows/s   (target 50,000)")
        print(f"slowest batch               {commit * 1000:12.1f} ms")
        print(f"slowest look of the reader  {look * 1000:12.1f} ms")
        opened, again = first_look(Path(name) / "many", 10_000)
        print(f"first look, 10,000 trials   {opened * 1000:12.1f} ms")
        print(f"next look, one has changed  {again * 1000:12.1f} ms")


if __name__ == "__main__":
    main()
