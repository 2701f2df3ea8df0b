"""Real fine-tunings that share a process, under kills. `python -m tests.faults.sft_packs` fights longer."""

from __future__ import annotations

import os
import random
import signal
import textwrap
from pathlib import Path
from typing import Any

import pytest

from hptui.core.trial import HOST_LOST, HOST_REFUSED, Reason, Trial, TrialStatus
from hptui.operations.run import run
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, read_json
from hptui.trainers import worker
from tests.faults import sft_packs
from tests.support import rest, trials, until
from tests.trainers.attempts import events
from tests.trainers.sft import tiny

pytestmark = [pytest.mark.process, pytest.mark.torch]


def loss_alone(folder: Path, settings: dict[str, Any], number: int) -> float:
    """The last loss of a trial that is trained by itself in this process."""
    if not (folder / "base").exists():
        folder.mkdir(exist_ok=True)
        tiny.study(folder)
    given = {**tiny.TINY, "log_every": 60, **settings}
    run = tiny.make(folder, "sft", given, number=number, seed=3, objectives=["eval_loss"])
    assert worker.main(str(run.root)) == 0
    loss: float = [e["m"]["eval_loss"] for e in events(run, "metrics") if "eval_loss" in e["m"]][-1]
    return loss


def alone(folder: Path, numbers: list[int]) -> dict[int, float]:
    """The losses of the listed trials, each by itself."""
    settings = {"steps": sft_packs.STEPS, "eval_every": 20, "lora_alpha": 8, "batch_size": 4}
    return {n: loss_alone(folder / "alone", settings | dict(sft_packs.TRIALS[n]), n) for n in numbers}


def attempts(sd: StudyDir) -> dict[int, int]:
    with StoreReader.open(sd) as reader:
        lost = [one for one in reader.attempts() if HOST_LOST in one.environment]
    return {one.trial: one.n for one in lost}


def test_losses_are_those_of_each_trial_alone_whoever_is_killed(home: Path, tmp_path: Path) -> None:
    """A worker and then the host are killed while one trial diverges: nobody else is touched, nothing is repeated."""
    folder = tiny.study(tmp_path)
    file = sft_packs.file_of(folder, "pack = 4", count=4)
    sd = sft_packs.battle(home, file, ["worker", "host"], seed=1)
    assert sft_packs.judge(sd, alone(folder, [0, 1, 3])) == []
    shared = [trial for trial in trials(sd) if "pack_with" in trial.facts or trial.attempts > 1]
    assert len(shared) >= 3
    assert max(trial.attempts for trial in trials(sd)) >= 2
    assert len(attempts(sd)) in (0, 2, 3)  # none where the trials had ended before the host was killed


# one of each ---------------------------------------------------------------------------------------------------------

PRUNED, FULL, PAUSED, KILLED, UNTOUCHED = 1e-12, 5e-3, 2e-2, 3e-3, 1e-2
"""The learning rates of five trials by what becomes of them; with FULL memory runs out in the optimizer."""
ALLOCATION = """
    import sys
    from importlib.abc import MetaPathFinder
    from importlib.util import find_spec

    class Planted(MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name != "hptui.trainers.sft.learner":
                return None
            sys.meta_path.remove(self)
            spec = find_spec(name)
            load = spec.loader.exec_module

            def planted(module):
                load(module)
                plain = module.Learner._apply

                def apply(learner):
                    if learner.settings.learning_rate == {rate} and learner.place.step == {step}:
                        module.torch.empty(1 << 46)  # the allocator itself refuses it
                    return plain(learner)

                module.Learner._apply = apply

            spec.loader.exec_module = planted
            return spec

    sys.meta_path.insert(0, Planted())
"""
STUDY = """
    name = "one-of-each"
    [objective]
    metric = "eval_loss"
    goal = "minimize"
    select = "last"
    [trainer]
    kind = "sft"
    model = "base"
    train = "train.jsonl"
    validation = "validation.jsonl"
    batch_size = 4
    steps = {steps}
    log_every = 1
    eval_every = 5
    save_every = 5
    max_length = 64
    lora_alpha = 8
    lora_rank = 4
    lora_dropout = {dropout}
    lr_schedule = "cosine"
    [space]
    learning_rate = {{ choices = {rates} }}
    [search]
    sampler = "grid"
    baseline = false
    seed = 3
    stop = [{{ when = "eval_loss > 5.5", after = 0.6 }}]
    [resources]
    pack = {pack}
    lost_retries = 1000
    min_free_gb = 0.0
"""


def one_of_each(home: Path, folder: Path, steps: int, pack: int, dropout: float, seed: int) -> None:
    """Memory runs out in one trial, one is pruned, one paused, the worker of one is killed: each is as it is alone."""
    draw = random.Random(seed)
    rates = [PRUNED, FULL, PAUSED, KILLED, UNTOUCHED]
    planted, full_at = folder / "planted", draw.randint(steps // 5, steps // 2)
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(textwrap.dedent(ALLOCATION.format(rate=FULL, step=full_at)))
    tiny.study(folder)
    file = folder / "study.toml"
    file.write_text(textwrap.dedent(STUDY.format(steps=steps, pack=pack, dropout=dropout, rates=rates)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(planted), prepend=os.pathsep)
        sd = run(home, str(file)).sd

        def of(rate: float) -> Trial | None:
            return next((one for one in trials(sd) if one.params["learning_rate"] == rate), None)

        def reached(rate: float, step: int) -> bool:
            one = of(rate)
            return one is not None and ((one.last_step or 0) >= step or not one.status.open)

        moments = {PAUSED: draw.randint(1, steps // 2), KILLED: draw.randint(1, steps // 2)}
        for rate in sorted(moments, key=moments.__getitem__):
            until(lambda rate=rate: reached(rate, moments[rate]), seconds=sft_packs.LONG_S)  # type: ignore[misc]
            one = of(rate)
            assert one is not None
            if rate == PAUSED:
                send_command(sd, "pause", {"trials": [one.number]}, wait=10.0)
            else:
                os.kill(read_json(RunDir(sd.attempt(one.number, one.attempts)).shim)["worker"], signal.SIGKILL)
        rest(sd, sft_packs.LONG_S)
        paused = of(PAUSED)
        assert paused is not None
        assert (paused.status, paused.reason) == (TrialStatus.PAUSED, Reason.USER)
        send_command(sd, "resume", {"trials": [paused.number]}, wait=10.0)
        rest(run(home, sd.name).sd, sft_packs.LONG_S)
    found = {one.params["learning_rate"]: one for one in trials(sd)}
    assert (found[PRUNED].status, found[PRUNED].attempts) == (TrialStatus.PRUNED, 1), found[PRUNED].message
    assert (found[FULL].status, found[FULL].reason) == (TrialStatus.FAILED, Reason.HOST_OOM), found[FULL].message
    assert found[FULL].last_step == full_at
    assert refusals(sd) == {found[FULL].number}, "it is to blame only for what it does alone"
    for rate, attempts_ in ((UNTOUCHED, 1), (PAUSED, 2), (KILLED, 2)):
        one = found[rate]
        settings = {"steps": steps, "eval_every": 5, "lora_alpha": 8, "batch_size": 4, "learning_rate": rate}
        more: dict[str, Any] = {"lora_dropout": dropout, "lr_schedule": "cosine", "lora_rank": 4}
        expected = loss_alone(folder / f"alone-{one.number}", settings | more, one.number)
        assert (one.status, one.attempts) == (TrialStatus.COMPLETE, attempts_), one.message
        assert one.values == pytest.approx({"eval_loss": expected}, rel=sft_packs.CLOSE)


def refusals(sd: StudyDir) -> set[int]:
    """The trials that a host sent away."""
    with StoreReader.open(sd) as reader:
        return {one.trial for one in reader.attempts() if HOST_REFUSED in one.environment}


def test_prune_pause_kill_and_memory_of_one_leave_the_others_as_they_are_alone(home: Path, tmp_path: Path) -> None:
    one_of_each(home, tmp_path, steps=25, pack=5, dropout=0.0, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("pack", "dropout", "seed"), [(5, 0.1, 2), (3, 0.2, 3), (2, 0.0, 4), (4, 0.3, 5), (5, 0.0, 6)])
def test_the_same_at_other_moments(home: Path, tmp_path: Path, pack: int, dropout: float, seed: int) -> None:
    one_of_each(home, tmp_path, steps=60, pack=pack, dropout=dropout, seed=seed)
