"""What every sampler promises, as a test suite.

    class TestHalton(EngineContract):
        sampler = "halton"

The suite needs no trainer: histories are made, and trials are measured by a function."""

from __future__ import annotations

import json
import logging
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hptui.core.errors import Unsupported
from hptui.core.parameters import Choice, Int, Parameter
from hptui.core.space import configuration_key
from hptui.core.trial import Reason, Rejection, Role, Trial, TrialStatus
from hptui.operations.plugins import check_plugin
from hptui.search.engine import Proposal, make_engine
from hptui.search.engine_process import trial_from_json, trial_to_json
from hptui.search.projection import DUPLICATE_REASON
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from hptui.studyfile import from_json, to_json
from hptui.testing.engine_stage import (
    BASE,
    BATCH,
    CHANGES,
    FULL,
    LR,
    MOMENTUM,
    NARROW,
    OPTIMIZER,
    RANK,
    SCARCE,
    EngineStage,
    check_fits,
    measure,
    measure_over_base,
    measure_scarce,
    odd_history,
)
from hptui.testing.searches import ask, drive, make_space, make_trial, trial_of

__all__ = ["EngineContract"]


class EngineContract(EngineStage):
    """The suite. A subclass names the sampler; see `EngineStage` for what else it may say."""

    # what is proposed -------------------------------------------------------------------------------------------

    def test_its_spec_is_light(self) -> None:
        """Check that naming the sampler imports no heavy library."""
        [check] = check_plugin(self.sampler, "samplers")
        assert not check.error
        assert not check.heavy
        assert not any(check.parts.values()), check.parts

    def test_its_name_is_recorded(self) -> None:
        """Check that a proposal names the engine that made it."""
        engine = make_engine(self.study())
        engine.sync([])
        proposal = engine.ask(0)
        assert proposal is not None
        assert proposal.engine == engine.name != ""

    def test_proposals_are_feasible_settled_and_new(self) -> None:
        """Check each proposal of a whole search."""
        count = self.some(40, 20)
        trials = drive(self.study(), count, measure, self.history(self.some(0, 18)))
        self.check_course(trials, count)

    def check_course(self, trials: Sequence[Trial], count: int) -> None:
        """Check the trials of a search."""
        assert len(trials) == count
        for trial in trials:
            check_fits(self.space, Proposal(dict(trial.params)))
            assert trial.params["alpha"] == 2 * trial.params["rank"]  # type: ignore[operator]  # a number here
            if self.space is FULL:
                assert ("momentum" in trial.params) == (trial.params["optimizer"] == "sgd")
            assert all(type(trial.params[name]) is int for name in ("rank", "batch"))
            assert not {name for rejection in trial.rejections for name in rejection.params} - {*BASE}
        assert len({configuration_key(trial.params) for trial in trials}) == count

    def test_an_engine_rebuilt_before_every_ask_proposes_what_the_lasting_one_does(self) -> None:
        """Check that a proposal depends on seed, number and history alone."""
        study, trials = self.study(), self.history(self.some(0, 12))
        lasting = make_engine(study)
        for number in range(len(trials), self.some(25, 14)):
            lasting.sync(trials)
            proposal = lasting.ask(number)
            assert ask(study, trials) == proposal
            if not self.slow:
                assert lasting.ask(number) == proposal, "asking twice changes nothing"
            assert proposal is not None
            trials.append(trial_of(number, proposal, measure_over_base(proposal.params)))

    def test_the_order_in_which_trials_are_handed_over_does_not_matter(self) -> None:
        """Check that a history is a set."""
        study, trials = self.study(), self.history(15)
        expected = ask(study, trials)
        for seed in range(self.some(3, 1)):
            assert ask(study, random.Random(seed).sample(trials, 15)) == expected

    def test_a_history_that_was_stored_and_read_back_gives_the_same_proposal(self, tmp_path: Path) -> None:
        """Check a history from SQLite, and one on the way to the engine's process and back."""
        study, trials = self.study(), self.history(15)
        trials[3] = replace(trials[3], rejections=(Rejection({**trials[2].params, "batch": 4}, "it was so", 0.25),))
        sent = [trial_from_json(json.loads(json.dumps(trial_to_json(trial), sort_keys=True))) for trial in trials]
        assert sent == trials
        with Store.create(StudyDir(tmp_path / "stored"), {"name": "stored"}, "stored") as store:
            for trial in trials:
                store.insert_trial(trial)
                points = [(name, 1, value, None, 0.0) for name, value in trial.metrics.items()]
                store.add_points(trial.number, 1, points)
        with Store.open(StudyDir(tmp_path / "stored")) as store:
            stored = store.read.trials()
        assert [trial.rejections for trial in stored] == [trial.rejections for trial in trials]
        expected = ask(study, trials)
        assert ask(study, stored) == expected
        assert ask(study, sent) == expected

    def test_proposals_do_not_depend_on_the_process(self) -> None:
        """Check a search in another process, where sets and hashes have another order."""
        count, study = self.some(12, 7), self.study()
        expected = [trial.params for trial in drive(study, count, measure)]
        environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "hptui.testing.engines", str(count)]
        process = subprocess.run(
            command, input=json.dumps(to_json(study)), capture_output=True, text=True, check=True, env=environment
        )
        assert json.loads(process.stdout) == json.loads(json.dumps(expected))

    # what is left -----------------------------------------------------------------------------------------------

    def test_every_configuration_is_proposed_once_and_then_the_space_is_spent(self) -> None:
        """Check that no configuration is repeated or forgotten, and that the end is None."""
        batch = Int("batch", 1, 2) if self.slow else BATCH
        others: list[Parameter] = [OPTIMIZER, MOMENTUM] if self.space is FULL and not self.slow else []
        small = make_space([Choice("rank", (8, 16, 32)), batch, *others], "rank * batch <= 32")
        everything = {configuration_key(params) for params in small.enumerate(BASE, 10_000) or ()}
        study = self.study(small)
        trials = drive(study, 1000, measure_over_base)
        assert sorted(configuration_key(trial.params) for trial in trials) == sorted(everything)
        assert ask(study, trials) is None
        assert ask(study, trials, 5000) is None

    def test_a_space_without_feasible_points_is_spent_at_once(self) -> None:
        """Check that nothing is proposed where nothing can be."""
        assert ask(self.study(make_space([LR, RANK], "rank > 64")), []) is None

    def test_an_empty_space_has_one_configuration(self) -> None:
        """Check that the baseline alone is proposed, once."""
        study = self.study(make_space([]))
        proposal = ask(study, [])
        assert proposal is not None
        assert proposal.params == {}
        assert ask(study, [make_trial(0, {}, {"loss": 1.0, "speed": 1.0})]) is None

    def test_parameters_with_one_value_are_no_parameters(self) -> None:
        """Check that they do not stand in the way of the others."""
        space = make_space([Choice("rank", (16,)), BATCH, Int("epochs", 3, 4, step=1), Choice("lr", (1e-3,))])
        known = [
            make_trial(n, {"rank": 16, "batch": 1 + n % 4, "epochs": 3 + n // 4}, {"loss": 1.0 + n, "speed": 1.0})
            for n in range(7)
        ]
        proposal = ask(self.study(space), known)
        assert proposal is not None
        assert proposal.params == {"rank": 16, "batch": 4, "epochs": 4, "lr": 1e-3}

    @pytest.mark.parametrize("status", list(TrialStatus))
    def test_a_configuration_with_a_trial_is_not_proposed_again(self, status: TrialStatus) -> None:
        """Check that it is so whatever became of the trial."""
        study = self.study(make_space([RANK]))
        values = {"loss": 1.0, "speed": 1.0} if status is TrialStatus.COMPLETE else None
        known = [make_trial(n, {"rank": rank}, values, status=status) for n, rank in enumerate((8, 32, 64))]
        proposal = ask(study, known)
        assert proposal is not None
        assert proposal.params == {"rank": 16}

    def test_the_baseline_is_a_configuration_like_any_other(self) -> None:
        """Check that it is not proposed where it has run."""
        baseline = make_trial(0, {}, {"loss": 1.0, "speed": 1.0}, role=Role.BASELINE)
        trials = drive(self.study(make_space([RANK])), 10, measure_over_base, [baseline])
        assert sorted(trial.params["rank"] for trial in trials[1:]) == [8, 32, 64]  # type: ignore[type-var]

    def test_a_listed_trial_that_changes_something_else_is_another_configuration(self) -> None:
        """Check that settings outside of the space tell configurations apart."""
        listed = make_trial(0, {"rank": 8, "epochs": 30}, {"loss": 1.0, "speed": 1.0}, role=Role.LISTED)
        trials = drive(self.study(make_space([RANK])), 10, measure_over_base, [listed])
        assert sorted(trial.params["rank"] for trial in trials[1:]) == [8, 16, 32, 64]  # type: ignore[type-var]

    # what it hears of ---------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("change", CHANGES)
    def test_a_space_can_be_edited_under_a_history(self, change: str) -> None:
        """Check that proposals lie in the new space, and that the search goes on."""
        before, after = self.history(self.some(20, 60)), CHANGES[change]
        study = self.study(after)
        if change in self.refused_changes:
            with pytest.raises(Unsupported, match=f"'{self.sampler}'"):
                make_engine(study)
            return
        more = self.some(6, 1)
        trials = drive(study, len(before) + more, measure_over_base, before)
        assert len(trials) == len(before) + more
        for trial in trials[len(before) :]:
            check_fits(after, Proposal(dict(trial.params)))

    def test_any_history_is_understood(self) -> None:
        """Check trials of every status and reason, without numbers, or with infinite ones."""
        trials = list(odd_history(self.space))
        for length in range(self.some(1, len(trials) - 1), len(trials), 9):
            check_fits(self.space, ask(self.study(), trials[:length]))

    @pytest.mark.parametrize("reason", [Reason.NAN, Reason.OOM, Reason.CRASH])
    def test_a_history_of_nothing_but_failures_is_understood(self, reason: Reason) -> None:
        """Check that a search goes on where nothing has worked."""
        rng, values = random.Random(4), {"loss": math.nan}
        trials = [
            make_trial(n, self.space.sample(BASE, rng), status=TrialStatus.FAILED, reason=reason, metrics=values)
            for n in range(12)
        ]
        check_fits(self.space, ask(self.study(), trials))

    @pytest.mark.parametrize("loss", [0.0, 1e308, -1e308])
    def test_a_history_of_equal_values_is_understood(self, loss: float) -> None:
        """Check that no scale of values is assumed."""
        trials = [replace(trial, values={"loss": loss, "speed": 1.0}) for trial in self.history(8)]
        check_fits(self.space, ask(self.study(), trials))

    @pytest.mark.parametrize("name", NARROW)
    def test_a_tiny_feasible_share_does_not_stall(self, name: str) -> None:
        """Check that what is feasible is found, and its end seen, in bounded time."""
        study, slowest = self.study(NARROW[name], base={}), 0.0
        trials: list[Trial] = []
        count = self.some(4, 6)
        for number in range(count):
            start = time.process_time()
            proposal = ask(study, trials, number)
            slowest = max(slowest, time.process_time() - start)
            if proposal is None:
                break
            assert NARROW[name].margin({}, proposal.params) <= 0
            trials.append(trial_of(number, proposal, {"loss": float(number), "speed": 1.0}))
        assert len(trials) == {"one in 3600": 1, "one in 1800, with others": count, "none in 3600": 0}[name]
        assert slowest < self.some(2, 60), "a busy machine is allowed for: alone it takes a tenth of this"

    def test_a_small_feasible_share_costs_few_rejections(self) -> None:
        """Check a space of ranges of which three in a hundred configurations are feasible."""
        if not self.continuous:
            pytest.skip(f"{self.sampler} searches no ranges")
        count = self.some(30, 6)
        trials = drive(self.study(SCARCE, base={}), count, measure_scarce)
        assert len(trials) == count
        assert all(SCARCE.margin({}, trial.params) <= 0 for trial in trials)
        assert max(len(trial.rejections) for trial in trials) <= 30

    def test_an_expression_that_cannot_be_computed_everywhere_rules_out_only_those_points(self) -> None:
        """Check divisions by zero in a constraint and in a derived value."""
        shaky = make_space([Int("a", 0, 4), Int("b", 0, 4)], "a / b >= 1", derived={"ratio": "10 // (a - 2)"})
        expected = {(a, b) for a in (0, 1, 3, 4) for b in (1, 2, 3, 4) if a >= b}
        known = [
            make_trial(number, shaky.settle({}, {"a": a, "b": b}), {"loss": a, "speed": b})
            for number, (a, b) in enumerate(sorted(expected)[: self.some(0, len(expected) - 1)])
        ]
        trials = drive(
            self.study(shaky, base={}), 100, lambda settings: {"loss": settings["a"], "speed": settings["b"]}, known
        )
        assert {(trial.params["a"], trial.params["b"]) for trial in trials} == expected

    def test_an_engine_is_silent(self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
        """Check that nothing is printed or logged."""
        for library in ("optuna", "ax"):
            caplog.set_level(logging.DEBUG, logger=library)
        drive(self.study(), self.some(12, 7), measure)
        assert capfd.readouterr() == ("", "")
        assert caplog.messages == []

    def test_trials_are_not_altered(self) -> None:
        """Check that the history is only read."""
        study, trials = self.study(), self.history(12)
        before = repr(trials)
        ask(study, trials)
        assert repr(trials) == before

    def test_what_was_made_up_for_an_engine_never_leaves_it(self) -> None:
        """Check that a proposal holds values of the space, and real margins of real constraints."""
        failed = {"values": None, "status": TrialStatus.FAILED, "reason": Reason.NAN}
        trials = [replace(trial, **failed) for trial in self.history(4)]  # type: ignore[arg-type]  # fields by name
        trials += [replace(trial, number=trial.number + 4) for trial in self.history(self.some(16, 12))]
        study, before = self.study(), repr(trials)
        for number in range(len(trials), len(trials) + self.some(8, 1)):
            proposal = ask(study, trials, number)
            check_fits(self.space, proposal)
            for rejection in proposal.rejections if proposal else ():
                margin = self.space.margin(BASE, self.space.settle(BASE, rejection.params))
                assert rejection.margin == (0.0 if rejection.why == DUPLICATE_REASON else margin)
        assert repr(trials) == before

    def test_what_another_study_has_run_may_be_run_here(self) -> None:
        """Check that trials of other studies, whose numbers are below 0, inform and do not count as run."""
        known = [
            replace(trial, number=-n, role=Role.IMPORTED, ended=0.0, engine="")
            for n, trial in enumerate(self.history(12), start=1)
        ]
        values = {"loss": 1.0, "speed": 1.0}
        trials = [make_trial(-n, {"rank": rank}, values) for n, rank in enumerate((8, 16, 32, 64), start=1)]
        study = self.study(make_space([RANK]))
        done: list[Trial] = []
        for number in range(4):
            proposal = ask(study, [*trials, *done], number)
            assert proposal is not None
            done.append(trial_of(number, proposal, values))
        assert sorted(trial.params["rank"] for trial in done) == [8, 16, 32, 64]  # type: ignore[type-var]
        assert ask(study, [*trials, *done], 4) is None
        check_fits(self.space, ask(self.study(), known, 0))


def main(count: int) -> None:
    """Print the proposals of a search, as JSON; the study comes as JSON on standard input."""
    trials = drive(from_json(json.load(sys.stdin)), count, measure)
    print(json.dumps([trial.params for trial in trials]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
