"""Proposals: asked ahead where that changes nothing, and who proposes is recorded and said when it changes."""

import json
import select
from dataclasses import replace

import pytest

from hptui import plugins
from hptui.core.parameters import Choice, Float, Int
from hptui.core.study import Search
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.execution.proposals import Proposals
from hptui.execution.queue import insert_waiting
from hptui.search.engine_process import runs_in_own_process
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from hptui.studyfile import to_json
from tests.benchmarks import memory_wall as wall
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


PEAKS = {"memory_capacity_gb": 10.0}


def of_memory(store, sizes, mode):
    """Proposals after trials with these sizes; one beyond 10 GiB has run out of memory."""
    space_ = space([Int("batch_size", 1, 64)])
    spec = replace(made(space_, "random"), search=Search(sampler="random", memory=mode))
    spec = replace(spec, trainer=replace(spec.trainer, kind="sft"))
    for size in sizes:
        trial = insert_waiting(store, spec, Role.SEARCH, {"batch_size": size})
        ended = {"ended": 1.0, "facts": {**PEAKS, "peak_gpu_allocated_gb": float(size)}}
        if size > 10:
            ended = {"status": TrialStatus.FAILED, "reason": Reason.OOM, "ended": 1.0, "facts": PEAKS}
        store.update_trial(trial.number, **{"status": TrialStatus.COMPLETE, **ended})
    return spec, Proposals(store, spec, {"batch_size": 4})


def test_a_proposal_beyond_the_memory_is_not_made_and_that_is_recorded(store):
    _, proposals = of_memory(store, (2, 4, 6, 8, 40), "refuse")
    for _ in range(5):
        trial = proposals.next(store.read.trials())
        assert trial.params["batch_size"] < 16
        assert trial.params["batch_size"] < 5 or 2.5 <= trial.facts["memory_predicted_gb"] <= 12
    [event] = [event for event in store.read.events() if event.kind == "memory"]
    assert "of the space is predicted to need more than 10 GiB and is not proposed" in event.message
    assert "from 4 measured trials and 1 that ran out" in event.message


def test_a_proposal_made_in_advance_is_made_again_when_more_is_known_of_the_memory(store):
    spec, _ = of_memory(store, (2, 4, 6, 8), "refuse")
    proposals = Counted(store, spec, {"batch_size": 4})
    waiting = insert_waiting(store, spec, Role.SEARCH, {"batch_size": 40})
    store.update_trial(waiting.number, status=TrialStatus.RUNNING)
    proposals.next(store.read.trials())
    proposals.look_ahead(store.read.trials())
    store.update_trial(waiting.number, status=TrialStatus.FAILED, reason=Reason.OOM, ended=1.0, facts=PEAKS)
    proposals.look_ahead(store.read.trials())
    answer = proposals._precomputed[1]
    assert proposals.asked == 3
    other = Proposals(store, spec, {"batch_size": 4})
    other.prepare()
    assert other._answer_here(store.read.next_number(), store.read.trials()) == answer


@pytest.mark.parametrize(("mode", "role"), [(m, r) for m in ("refuse", "shrink") for r in (Role.MANUAL, Role.SEARCH)])
def test_a_trial_is_made_smaller_only_where_that_is_asked_for(store, tmp_path, mode, role):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(wall.SHAPE))
    spec = wall.make("random", "sizes", mode, 0, tmp_path)
    for trial in wall.course(spec, "sizes", 10, 0, wall.capacity()):
        store.insert_trial(trial)
    proposals = Proposals(store, spec, wall.BASE)
    large = {"batch_size": 64, "max_length": 2048}
    asked = insert_waiting(store, spec, role, large)
    fitted = proposals.memory.fitted(asked, store.read.trials())
    events = [event.message for event in store.read.events() if event.kind == "memory" and event.trial == asked.number]
    if mode == "shrink":
        smaller = fitted.facts["memory_shrunk"]
        assert smaller["batch_size"] * smaller["gradient_accumulation"] == 64
        assert store.read.trial(asked.number).facts["memory_shrunk"] == smaller
        assert store.read.trial(asked.number).params == large
        assert len(events) == 1
        assert "so that it fits" in events[0]
        assert proposals.memory.fitted(fitted, store.read.trials()) == fitted
    else:
        assert fitted == asked
        assert [("it runs because it was asked for" in event) for event in events] == [True] * (role is Role.MANUAL)


@pytest.mark.parametrize(
    ("parameters", "constraint", "words"),
    [
        (
            [Choice("depth", (1, 2))],
            "depth > 0",
            "the search space is spent: every feasible configuration has been tried",
        ),
        ([Float("lr", 0, 1), Choice("depth", (1, 2))], "lr < 0", "nothing more to propose: the sampler finds no new"),
    ],
    ids=["finite", "continuous"],
)
def test_a_space_is_said_to_be_spent_only_if_it_can_be(store, parameters, constraint, words):
    proposals = Proposals(store, replace(study("random"), space=space(parameters, constraint)), {})
    assert proposals.why_exhausted == ""
    while (trial := proposals.next(store.read.trials())) is not None:
        store.update_trial(trial.number, status=TrialStatus.COMPLETE, values={"loss": 1.0}, ended=1.0)
    assert proposals.why_exhausted.startswith(words)
