"""The report of a study with 5,000 trials, without figures.   python -m tests.benchmarks.report [TRIALS]

Prints seconds of CPU for reading, composing and rendering, and the size of what was written. The promise: under 5 s.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path

from hptui import studyfile
from hptui.core.trial import Attempt, AttemptState
from hptui.results.fact_index import render_with_index
from hptui.results.report import compose_report
from hptui.results.report_data import read_report_data
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.results import seeds

POINTS = 20


def fill(home: Path, count: int) -> StudyDir:
    """A study with so many trials, a tenth of them out of memory, each with a short curve."""
    study = seeds.study_of(seeds.MATH, home)
    sd = StudyDir.for_study(home, study.name)
    rng = random.Random(1)
    with Store.create(sd, studyfile.to_json(study), study.name) as store, store.transaction():
        for number in range(count):
            params = {"learning_rate": 10 ** rng.uniform(-5.3, -4), "batch_size": rng.choice([128, 256, 512, 1024])}
            correct = rng.binomialvariate(200, 0.03) if hasattr(rng, "binomialvariate") else rng.randint(0, 12)
            failed = params["batch_size"] == 1024 and rng.random() < 0.4
            trial = seeds.one(number, params, {"accuracy": correct / 200})
            if failed:
                trial = seeds.one(number, params, None, "failed", "oom", message="CUDA out of memory")
            store.insert_trial(replace(trial, peak_memory_gb=rng.uniform(3, 5)))
            token = uuid.uuid4().hex
            store.insert_attempt(Attempt(token, number, 1, AttemptState.DONE, started=seeds.START, seconds=240.0))
            points = [("loss", step, 4.0 / step + rng.random(), None, float(step)) for step in range(1, POINTS + 1)]
            points += [("accuracy", POINTS, correct / 200, None, 1.0)] * (not failed)
            store.ingest(token, number, 1, points, offset=1, sequence=1)
    return sd


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sd = fill(Path(folder), count)
        begun = time.process_time()
        record = read_report_data(sd)
        had = time.process_time()
        document = compose_report(record)
        made = time.process_time()
        text, facts = render_with_index(document, "report.md")
        done = time.process_time()
    print(f"{count:,} trials: {done - begun:.2f} s in all")
    print(f"  read {had - begun:.2f} s, compose {made - had:.2f} s, render {done - made:.2f} s")
    print(f"  {len(text):,} characters, facts.json {len(facts):,}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
