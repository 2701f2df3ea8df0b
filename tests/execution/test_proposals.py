"""Proposals: asked ahead where that changes nothing, and who proposes is recorded and said when it changes."""

import select
from dataclasses import replace

import pytest

from hptui import plugins
from hptui.core.parameters import Choice, Float, Int
from hptui.core.study import Search
from hptui.core.trial import Role, TrialStatus
from hptui.execution.proposals import Proposals
from hptui.execution.queue import insert_waiting
from hptui.search.engine_process import runs_in_own_process
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from hptui.studyfile import to_json
from tests.search.kit import space
from tests.search.kit import study as made

ASKING_AHEAD = [name for name in plugins.names("samplers") if plugins.spec("samplers", name).asks_ahead]
SPACE = space([Float("lr", 0, 1, step=0.05), Int("width", 1, 40, step=1), Choice("depth", (1, 2, 3))], "lr * width < 3")


@pytest.fixture
def store(tmp_path):
    with Store.create(StudyDir(tmp_path / "s"), to_json(study("random")), "s") as opened:
        yield opened


def study(sampler, **search):
    return replace(made(SPACE, sampler), search=Search(sampler=sampler, seed=5, **search))


class Counted(Proposals):
    """Counts how often its engine is really asked."""

    asked = 0

    def _answer_here(self, number, trials):
        self.asked += 1
        return super()._answer_here(number, trials)


def course(tmp_path, sampler, ahead):
    """Ten trials, each of which ends in its own way while the next proposal is there already, or is not."""
    with Store.create(StudyDir(tmp_path / f"{sampler}-{ahead}"), {"name": "s"}, "s") as store:
        proposals = Counted(store, study(sampler), {})
        for number in range(10):
            proposals.next(store.read.trials())
            if ahead:
                proposals.look_ahead(store.read.trials())
                proposals.look_ahead(store.read.trials())
            status = [TrialStatus.COMPLETE, TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED][number % 4]
            values = {"loss": float(number)} if status is TrialStatus.COMPLETE else None
            store.update_trial(number, status=status, values=values, ended=float(number + 1))
        facts = [(one.params, one.rejections, one.engine, one.seen) for one in store.read.trials()]
        return facts, proposals.asked


@pytest.mark.parametrize("sampler", [name for name in ASKING_AHEAD if name != "list"])
def test_asked_ahead_the_proposals_are_the_same_and_the_engine_is_asked_no_oftener(tmp_path, sampler):
    expected, asked = course(tmp_path, sampler, ahead=False)
    found, asked_ahead = course(tmp_path, sampler, ahead=True)
    assert found == expected
    assert (asked, asked_ahead) == (10, 11)


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsga2"])
def test_what_learns_is_never_asked_ahead(tmp_path, sampler):
    _, asked = course(tmp_path, sampler, ahead=True)
    assert asked == 10


def patiently(proposals, store):
    """The next trial, and how often the engine was still thinking."""
    thought = 0
    while (trial := proposals.next(store.read.trials())) is None:
        thought += 1
        select.select([proposals], [], [], 30)
        proposals.collect()
    return trial, thought


@pytest.mark.process
@pytest.mark.parametrize("sampler", ["tpe", "qmc"])
def test_an_engine_that_has_become_slow_thinks_in_a_process_of_its_own_and_proposes_the_same(
    tmp_path, monkeypatch, sampler
):
    def proposed(name, long):
        monkeypatch.setattr("hptui.execution.proposals.MAX_ASK_S", long)
        with Store.create(StudyDir(tmp_path / name), {"name": "s"}, "s") as store:
            proposals, apart = Proposals(store, study(sampler), {}), []
            for number in range(9):
                trial, thought = patiently(proposals, store)
                apart.append(thought > 0)
                proposals.look_ahead(store.read.trials())
                store.update_trial(trial.number, status=TrialStatus.COMPLETE, values={"loss": float(number % 4)})
            proposals.close()
            return [(one.params, one.engine) for one in store.read.trials()], apart

    here, waited = proposed("here", 1e9)
    assert not any(waited)
    there, waited = proposed("there", 0.0)
    assert waited[-1]
    assert not waited[0], "the first ask loads the library, and says nothing about the next"
    assert there == here


def test_with_many_trials_an_ask_is_expected_to_be_long(store):
    assert not runs_in_own_process("tpe", 10)
    assert runs_in_own_process("tpe", 5000)
    assert runs_in_own_process("gp")
    assert not any(runs_in_own_process(sampler, 5000) for sampler in ASKING_AHEAD)


def test_a_trial_added_by_hand_meanwhile_makes_it_ask_again(store):
    proposals = Counted(store, study("random"), {})
    proposals.next(store.read.trials())
    proposals.look_ahead(store.read.trials())
    insert_waiting(store, study("random"), Role.MANUAL, {"width": 7})
    trial = proposals.next(store.read.trials())
    assert trial.number == 2
    assert proposals.asked == 3


def test_another_version_of_the_engine_is_said_once(store):
    proposals = Proposals(store, study("random"), {})
    first = proposals.next(store.read.trials())
    store.update_trial(first.number, engine="random 0.9")
    later = Proposals(store, study("random"), {})
    for _ in range(3):
        later.next(store.read.trials())
    said = [event.message for event in store.read.events() if event.kind == "engine"]
    assert said == ["the search goes on with random; before it was random 0.9"]
