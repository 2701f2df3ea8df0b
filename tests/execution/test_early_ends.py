"""What ends a trial or a study early: pruners, stop rules, limits, a spent space; and the samplers that fill it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hptui.core.trial import Reason, Role, TrialStatus
from hptui.execution.pruning import FinishedCurves, Pruning
from hptui.execution.running_attempt import RunningAttempt
from hptui.operations.run import read_study, run
from hptui.operations.runner_lock import runner_status
from hptui.search.pruners.base import ProgressCurve
from hptui.store.store import Store
from tests.support import events, rest, run_to_rest, state, toy, trials, until


def statuses(found: list) -> list[str]:  # type: ignore[type-arg]
    return [str(one.status) for one in found]


def test_a_median_pruner_cuts_hopeless_trials_and_says_why(home: Path, tmp_path: Path) -> None:
    search = 'pruner = { kind = "median", warmup = 0.2, startup = 2 }'
    bad = "[[trial]]\nset = { learning_rate = 2e-3 }\n[[trial]]\nset = { learning_rate = 1.5e-3 }"
    path = toy(tmp_path, trials=6, steps=40, step_seconds=0.02, search=search, rest=bad)
    sd = run_to_rest(home, path)
    pruned = [one for one in trials(sd) if one.status is TrialStatus.PRUNED]
    assert pruned
    assert all(one.role is Role.SEARCH and one.values is None for one in pruned)
    assert all("median" in one.message and "% of training" in one.message for one in pruned)
    assert all((one.last_step or 0) < 40 for one in pruned)


@pytest.mark.parametrize("kind", ["median", "asha", "percentile", "patient"])
def test_a_trial_that_has_come_to_its_end_is_complete_however_bad(tmp_path: Path, kind: str) -> None:
    """Whichever reports a turn hears of at once: when the last step is among them nothing is left to prune."""
    options = "patience = 2" if kind == "patient" else "startup = 1" if kind != "asha" else "eta = 2, startup = 1"
    study = read_study(toy(tmp_path, trials=9, steps=9, search=f'pruner = {{ kind = "{kind}", {options} }}'), {})
    shares = [step / 9 for step in range(1, 10)]
    finished = {n: ProgressCurve(tuple(shares), tuple(1 - share for share in shares)) for n in range(5)}
    pruning = Pruning(cast(Store, None), study, FinishedCurves({"loss": finished}, set(finished)))
    pruned = 0
    for heard in range(3, 10):
        live = RunningAttempt(*(cast(Any, None) for _ in range(4)))
        live.trial = cast(Any, SimpleNamespace(number=7, role=Role.SEARCH, name=""))
        live.curves = {"loss": [(share, 2.0 + share) for share in shares[:heard]]}
        live.progress, live.has_new_values = shares[heard - 1], True
        asked, _ = pruning.verdict(live, [live])
        assert asked == "" or heard < 9
        pruned += asked != ""
    assert pruned >= 4


def test_a_trial_without_progress_is_not_pruned_and_that_is_said_once(home: Path, tmp_path: Path) -> None:
    search = 'pruner = { kind = "median", warmup = 0.0, startup = 1 }'
    path = toy(tmp_path, trials=4, steps=20, step_seconds=0.02, search=search, trainer="report_total = false")
    sd = run_to_rest(home, path)
    assert statuses(trials(sd)) == ["complete"] * 4
    assert len(events(sd, "pruner")) == 1


def test_hours_end_a_study_that_has_no_other_limit(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, steps=10, step_seconds=0.02, search="until = { hours = 0.0006 }")
    path.write_text(path.read_text().replace("trials = 3", ""))
    sd = run_to_rest(home, path)
    study, message = state(sd)
    assert study == "done"
    assert "hours" in message
    assert set(statuses(trials(sd))) == {"complete"}


def test_a_grid_ends_when_its_space_is_spent(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=50, steps=1, sampler="grid", search="baseline = false")
    path.write_text(path.read_text().replace("{ low = 1e-5, high = 1e-1, log = true }", "{ choices = [1e-4, 1e-3] }"))
    sd = run_to_rest(home, path)
    assert [dict(one.params) for one in trials(sd)] == [{"learning_rate": 1e-4}, {"learning_rate": 1e-3}]
    assert "spent" in state(sd)[1]


def test_a_stop_rule_ends_a_trial_and_spares_the_baseline(home: Path, tmp_path: Path) -> None:
    search = 'stop = [{ when = "loss > 0.5", after = 0.2 }]'
    sd = run_to_rest(home, toy(tmp_path, trials=3, steps=40, step_seconds=0.02, search=search))
    base, *others = trials(sd)
    assert base.status is TrialStatus.COMPLETE
    assert [(one.status, one.reason) for one in others] == [(TrialStatus.PRUNED, Reason.THRESHOLD)] * 2
    assert all("loss > 0.5" in one.message and "% of training" in one.message for one in others)
    assert all(8 <= (one.last_step or 0) < 40 for one in others)


SLOWLY_MEASURED = """
import time

def train(trial, rate=0.1):
    trial.total_steps = 10
    for step in range(1, 11):
        trial.report(step, train_loss=1.0)
        if step % 3 == 0:
            time.sleep(1.0)  # the evaluation, longer than a turn of the runner
            trial.report(step, loss=0.9 if step < 6 else 0.1)
"""


def test_a_stop_rule_waits_for_a_value_of_its_moment(home: Path, tmp_path: Path) -> None:
    """At its share of the training the last evaluation was an earlier one, and the next is on its way."""
    (tmp_path / "slowly.py").write_text(SLOWLY_MEASURED)
    file = tmp_path / "study.toml"
    file.write_text(
        'name = "slowly"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "slowly:train"\n'
        '[space]\nrate = "0.1..1"\n[search]\nsampler = "random"\ntrials = 2\nbaseline = false\n'
        'stop = [{ when = "loss > 0.5", after = 0.6 }]\n[resources]\nparallel = 2\n'
    )
    sd = run_to_rest(home, file)
    assert statuses(trials(sd)) == ["complete", "complete"]
    assert events(sd, "threshold") == []


def test_a_stop_rule_about_a_metric_that_never_comes_is_said(home: Path, tmp_path: Path) -> None:
    search = 'stop = [{ when = "grad_norm > 5", after = 0.2 }]'
    sd = run_to_rest(home, toy(tmp_path, trials=2, search=search))
    assert statuses(trials(sd)) == ["complete", "complete"]
    [said] = events(sd, "stop_rules")
    assert "grad_norm" in said


def test_a_study_ends_when_nothing_improves_any_more(home: Path, tmp_path: Path) -> None:
    fixed = "[[trial]]\nset = { learning_rate = 2e-3 }"
    path = toy(tmp_path, trials=40, steps=2, search="until = { no_improvement = 3 }", rest=fixed)
    sd = run_to_rest(home, path)
    study, message = state(sd)
    assert study == "done"
    assert "improve" in message
    assert 4 <= len(trials(sd)) < 40


def test_a_study_ends_on_its_target(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=40, steps=5, search="until = { target = 100.0 }")
    sd = run_to_rest(home, path)
    assert len(trials(sd)) == 1
    assert "target" in state(sd)[1]


def test_a_trial_that_breaks_an_outcome_constraint_is_not_the_best(home: Path, tmp_path: Path) -> None:
    from hptui.results.view import read_view

    sd = run_to_rest(home, toy(tmp_path, trials=6, steps=5, search='outcome = ["accuracy <= 0.2"]'))
    view = read_view(sd)
    assert all(one.status is TrialStatus.COMPLETE for one in view.trials)
    assert view.best is not None
    assert view.best.metrics["accuracy"] <= 0.2
    loose = min(view.trials, key=lambda one: (one.values or {})["loss"])
    assert loose.metrics["accuracy"] > 0.2, "else this proves nothing"


@pytest.mark.parametrize("kind", ["percentile", "asha", "hyperband", "patient"])
def test_every_pruner_cuts_something_in_a_real_study(home: Path, tmp_path: Path, kind: str) -> None:
    options = {"percentile": "percentile = 50, startup = 2", "patient": "patience = 2, min_delta = 0.2"}.get(
        kind, "warmup = 0.1"
    )
    search = f'pruner = {{ kind = "{kind}", {options} }}'
    count = 18 if kind == "hyperband" else 8  # its gentlest bracket cuts nothing
    path = toy(tmp_path, trials=count, steps=30, step_seconds=0.02, search=search, rest="[resources]\nparallel = 2")
    sd = run_to_rest(home, path)
    cut = [one for one in trials(sd) if one.status is TrialStatus.PRUNED]
    assert cut
    assert all(one.message and one.role is Role.SEARCH for one in cut)


def _kill_engines(runner: object) -> None:
    """Kill the engines that a runner has started."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"hptui.search.engine_process" in words and str(runner).encode() in words:
            os.kill(int(entry.name), signal.SIGKILL)


def test_an_engine_that_dies_is_named_a_random_trial_is_tried_and_nothing_is_lost(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=12, steps=10, step_seconds=0.02, sampler="gp"))).sd
    until(lambda: len(trials(sd)) > 3)

    def dies() -> bool:
        _kill_engines(runner_status(sd)["pid"])
        return bool(events(sd, "study_draining"))

    until(dies)
    rest(sd)
    study, message = state(sd)
    assert study == "paused"
    assert "the sampler 'gp' failed" in message
    found = trials(sd)
    assert found[-1].engine == "random (fallback)"
    assert set(statuses(found)) == {"complete"}
    run_to_rest(home, "toy")
    assert statuses(trials(sd)) == ["complete"] * 12


@pytest.mark.parametrize(
    "sampler", [*(pytest.param(name, marks=pytest.mark.slow) for name in ("gp", "ax")), "cmaes", "qmc", "nsga2"]
)
def test_every_sampler_carries_a_study_and_the_runner_never_loads_torch(
    home: Path, tmp_path: Path, sampler: str
) -> None:
    path = toy(tmp_path, trials=8, steps=5, step_seconds=0.05, sampler=sampler)
    sd = run(home, str(path)).sd
    until(lambda: len(trials(sd)) > 6)
    maps = Path(f"/proc/{runner_status(sd)['pid']}/maps").read_text()
    assert "torch" not in maps
    rest(sd)
    found = trials(sd)
    assert statuses(found) == ["complete"] * 8
    assert all(one.engine.split()[0] in ("optuna", "ax") for one in found[1:])
    assert len({str(dict(one.params)) for one in found}) == 8


def test_auto_says_what_it_chose_and_why(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=20, steps=1, sampler="auto")
    path.write_text(path.read_text().replace("{ low = 1e-5, high = 1e-1, log = true }", "{ choices = [1e-4, 1e-2] }"))
    sd = run_to_rest(home, path)
    assert events(sd, "sampler") == ["auto chose grid: there are only 2 configurations, so all of them are tried"]
    assert len(trials(sd)) == 3


def test_several_objectives_have_a_pareto_set(home: Path, tmp_path: Path) -> None:
    from hptui.results.view import best_trials, read_view

    path = toy(tmp_path, trials=10, steps=5, sampler="tpe", space="width = { choices = [8, 64, 512] }")
    second = '[[objective]]\nmetric = "loss"\ngoal = "minimize"\n[[objective]]\nmetric = "accuracy"\ngoal = "minimize"'
    path.write_text(path.read_text().replace('[objective]\nmetric = "loss"', second))
    sd = run_to_rest(home, path)
    view = read_view(sd)
    assert statuses(list(view.trials)) == ["complete"] * 10
    best = best_trials(view.study, view.trials)
    assert len(best) >= 2
    assert all(set(one.values or {}) == {"loss", "accuracy"} for one in best)
