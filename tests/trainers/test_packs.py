"""Sharing a process, without any: how groups are chosen, how many trials a host holds, and its messages."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import StudyError
from hptui.core.expressions import parse
from hptui.core.study import Objective, Resources, Search, Study, TrainerSettings
from hptui.execution.executor import WorkerSpec, find_executor
from hptui.execution.packing import cannot_pack, first_lanes, judged_reason, most_lanes
from hptui.studyfile.pack import read_pack
from hptui.trainers import registry
from hptui.trainers.packs.channel import MAX_WAITING_BYTES, Channel, Gone
from hptui.trainers.packs.lanes import Lanes
from hptui.trainers.packs.planner import MeasuredGroups

# the planner ----------------------------------------------------------------------------------------------------------

LAWS: dict[str, Callable[[int], float]] = {
    "free": lambda g: 1.0,
    "bound by the host": lambda g: max(1.0, 0.3 + 0.1 * g),
    "bound by arithmetic": lambda g: float(g),
    "worse together": lambda g: g**1.1,
    "best at two": lambda g: {1: 1.0, 2: 1.2}.get(g, 1.0 * g),
}


def drive(law: Callable[[int], float], residents: int, noise: float, seed: int, passes: int) -> tuple[float, float]:
    """(time of a trial's step as it was run, and if it had been run one after another); noise only prolongs."""
    draw, model, spent, steps = random.Random(seed), MeasuredGroups(16), 0.0, 0
    for _ in range(passes):
        group = model.next_group(residents, 100)
        assert 1 <= group <= residents
        took = law(group) * (1 + draw.expovariate(1 / noise) if noise else 1)
        spent, steps = spent + law(group), steps + group
        if model.measures:
            model.measured(group, 100, took)
    return spent / steps, law(1)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("residents", [1, 2, 3, 5, 8, 16])
def test_the_best_group_is_found_and_nothing_is_slower_than_one_after_another(law: str, residents: int) -> None:
    best = min(LAWS[law](g) / g for g in range(1, residents + 1) if g in (1, 2, 4, 8, 16, residents))
    for seed in range(3):
        for noise in (0.0, 0.03):
            step, alone = drive(LAWS[law], residents, noise, seed, 1500)
            assert step <= best * (1.08 if noise else 1.05), (seed, noise)
            assert step <= alone / 0.97, (seed, noise)


def test_lengths_are_measured_apart() -> None:
    model = MeasuredGroups(4)
    for tokens, law in ((32, LAWS["free"]), (4096, LAWS["bound by arithmetic"])):
        for _ in range(20):
            group = model.next_group(4, tokens)
            model.measured(group, tokens, law(group))
    assert (model.best(32), model.best(4096)) == (4, 1)
    assert model.best(60) == 4
    assert model.sentence(1) == "not measured yet"


def test_less_memory_means_smaller_groups_and_fewer_trials() -> None:
    lanes = Lanes(MeasuredGroups(16), 8, 16)
    lanes.limit(3)
    for _ in range(60):
        group = lanes.group([100] * 8)
        assert group <= 3
        lanes.measured("train", group, 100 * group, 1.0)
    plan = lanes.plan()
    assert (plan["group"], plan["lanes"]) == (3, 3)
    assert plan["why"].endswith("memory holds 3")


@pytest.mark.parametrize(("law", "expected"), [("free", 16), ("bound by arithmetic", 1), ("best at two", 2)])
def test_the_number_of_trials_follows_what_was_measured(law: str, expected: int) -> None:
    lanes = Lanes(MeasuredGroups(16), 4, 16)
    for _ in range(400):
        group = lanes.group([64] * int(lanes.plan()["lanes"]))
        lanes.measured("train", group, 64 * group, LAWS[law](group))
        lanes.measured("evaluate", group, 64, 1000.0)  # says nothing about the training
    assert lanes.plan()["lanes"] == expected


def test_nothing_is_measured_while_clients_start() -> None:
    lanes = Lanes(MeasuredGroups(8), 4, 8)
    for _ in range(10):
        assert lanes.group([64] * 4, settled=False) == 4
        lanes.measured("train", 4, 256, 100.0)
    assert lanes.plan()["times"] == {}


# how many -------------------------------------------------------------------------------------------------------------


def study(sampler: str = "random", trials: int | None = 40, **resources: object) -> Study:
    return Study(
        name="s",
        objectives=(Objective("loss"),),
        trainer=TrainerSettings("toy", {}),
        search=Search(sampler=sampler, trials=trials),
        resources=Resources(**{"pack": "auto", **resources}),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("sampler", "trials", "slots", "expected"),
    [
        *[("random", trials, slots, 8) for trials in (1, 5, 1000, None) for slots in (1, 4)],
        *[("tpe", trials, 1, lanes) for trials, lanes in ((4, 1), (5, 1), (10, 2), (24, 4), (40, 8), (400, 8))],
        *[("tpe", 40, slots, 8 // slots) for slots in (2, 4)],
        ("gp", 40, 16, 1),
        ("tpe", None, 1, 4),
    ],
)
def test_a_sampler_that_learns_has_at_most_a_fifth_of_its_trials_at_once(
    sampler: str, trials: int | None, slots: int, expected: int
) -> None:
    assert most_lanes(study(sampler, trials), on_gpu=False, slots=slots) == expected
    assert most_lanes(study(sampler, trials, pack=5), on_gpu=False, slots=slots) == 5
    for on_gpu in (False, True):
        first = first_lanes(study(sampler, trials), on_gpu=on_gpu, most=expected)
        assert first == (expected if sampler == "random" and not on_gpu else min(4, expected))
        assert first_lanes(study(sampler, trials, pack=5), on_gpu=on_gpu, most=5) == 5


def test_what_packs_is_declared_by_the_trainer() -> None:
    for kind, reason in (("toy", ""), ("sft", ""), ("charlm", "runs one trial in a process"), ("command", "runs one")):
        spec = WorkerSpec((), packing=registry.packing(kind))
        named = study()
        found = cannot_pack(named, spec, find_executor("local"))
        assert (reason in found) if reason else not found
    elsewhere = study(executor="hptui.testing.executors:InProcessExecutor")
    spec = WorkerSpec((), packing=registry.packing("toy"))
    assert "only on this machine" in cannot_pack(elsewhere, spec, find_executor(elsewhere.resources.executor))


@pytest.mark.parametrize(
    ("search", "metric", "judge"),
    [
        ({"outcome": (parse("seconds <= 60"),)}, "eval_loss", "search.outcome[0] judges seconds"),
        ({"outcome": (parse("peak_memory_gb <= 16"),)}, "eval_loss", "search.outcome[0] judges peak_memory_gb"),
        ({}, "tokens_per_second", "objective.metric judges tokens_per_second"),
        ({}, "eval_loss", ""),
    ],
)
def test_what_is_judged_by_time_speed_or_memory_shares_no_process(
    search: dict[str, Any], metric: str, judge: str
) -> None:
    given = study("random", 10)
    given = replace(given, search=replace(given.search, **search), objectives=(Objective(metric),))
    found = judged_reason(given, registry.packing("sft").shared_metrics)  # type: ignore[union-attr]
    assert found.startswith(judge) if judge else not found


@pytest.mark.parametrize("value", [0, -1, 65, True, "all", "4", 2.5, [4], None, {"k": 1}])
def test_other_values_of_pack_are_refused_with_the_forms_that_it_has(value: object) -> None:
    with pytest.raises(StudyError) as caught:
        read_pack(value, "resources.pack")  # type: ignore[arg-type]
    assert "resources.pack" in str(caught.value)
    assert '"auto", 1, or the most trials' in str(caught.value)


def test_nothing_is_packed_unless_it_is_asked_for() -> None:
    cases = ((None, False, None), ("auto", False, "auto"), (1, False, 1), (4, True, None), ("auto", True, None))
    for pack, isolate, expected in cases:
        assert Resources(pack=pack, isolate=isolate).packing == expected  # type: ignore[arg-type]


# messages -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    one, other = map(Channel, socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    yield one, other
    one.close()
    other.close()


def flood(sender: Channel, characters: int) -> None:
    for _ in range(characters // 1_000_000):
        sender.send({"text": "x" * 1_000_000})


def read_to_the_end(receiver: Channel) -> None:
    while True:
        receiver.receive()


@pytest.mark.parametrize("size", [0, 1, 59_990, 60_000, 200_001, 1_000_000])
def test_messages_of_any_length_arrive_in_order(pair: tuple[Channel, Channel], size: int) -> None:
    sender, receiver = pair
    sent = [{"n": n, "text": "é" * (size // 2)} for n in range(3)]
    found: list[dict[str, object]] = []
    for message in sent:
        sender.send(message)
    while len(found) < 3:
        sender.flush()
        if (received := receiver.receive()) is not None:
            found.append(received)
    assert found == sent
    assert receiver.receive() is None


def test_a_peer_that_reads_nothing_is_cut_off(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    with pytest.raises(Gone):
        flood(sender, 2 * MAX_WAITING_BYTES)
    assert sender.closed
    with pytest.raises(Gone):
        read_to_the_end(receiver)


def test_the_end_of_a_peer_is_noticed_by_both_sides(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    sender.close()
    with pytest.raises(Gone):
        receiver.send({"a": 1})
    with pytest.raises(Gone):
        receiver.receive()


def test_a_socket_has_a_short_name_however_deep_its_directory_lies(tmp_path: Path) -> None:
    from hptui.trainers.packs import channel

    deep = tmp_path.joinpath(*["a" * 60] * 4)
    deep.mkdir(parents=True)
    assert channel.connect(deep) is None
    server = channel.listen(deep)
    link = channel.connect(deep)
    assert link is not None
    assert (deep / channel.SOCKET_NAME).stat().st_mode & 0o777 == 0o600
    link.close()
    server.close()
