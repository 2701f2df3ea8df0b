"""What this package adds keeps what hptui promises of such things: the suites come with hptui."""

from typing import ClassVar

from hptui.testing.engines import EngineContract
from hptui.testing.metrics import MetricsReaderContract
from hptui.testing.pruners import PrunerContract
from hptui.testing.study import run_to_rest, study
from hptui.testing.trainers import TrainerContract


class TestHalton(EngineContract):
    sampler = "halton"


class TestHaltonByItsPlace(EngineContract):
    sampler = "acme_hptui:SPEC"
    settings: ClassVar = {"skip": 20}


class TestBowl(TrainerContract):
    trainer = "bowl"


class TestLaggard(PrunerContract):
    pruner = "laggard"


class TestReader(MetricsReaderContract):
    format = "acme"
    file_name = "log.acme"

    def content(self, points):
        return b"".join(f"{step}\t{loss}\n".encode() for step, loss in points)


def test_a_study_runs(tmp_path):
    done = run_to_rest(study(tmp_path, trainer={"kind": "bowl"}, search={"sampler": "halton", "trials": 4}))
    assert [str(trial.status) for trial in done.trials] == ["complete"] * len(done.trials)
