"""The search space: conditions, derived values, constraints, enumeration, and its JSON."""

from __future__ import annotations

import copy
import json
import pickle
import random
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hptui.core.errors import ExpressionError, StudyError
from hptui.core.expressions import Expression, parse
from hptui.core.space import Choice, Derived, Float, Int, Space, configuration_key, parse_parameter

LORA = Space(
    parameters=(
        Choice("lora_rank", (8, 16, 32, 64)),
        Choice("batch_size", (1, 2, 4)),
        Float("learning_rate", 1e-5, 5e-4, log=True, note="convergence speed"),
        Int("warmup_steps", 0, 200, when=parse("lr_schedule == 'cosine'")),
    ),
    derived=(Derived("lora_alpha", parse("2 * lora_rank"), note="as in the paper"),),
    constraints=(parse("lora_rank * batch_size <= 128"),),
)
COSINE = {"lr_schedule": "cosine", "lora_rank": 16, "lora_alpha": 32, "batch_size": 1, "warmup_steps": 100}
LINEAR = {**COSINE, "lr_schedule": "linear"}
DRAWN = {"lora_rank": 64, "batch_size": 2, "learning_rate": 1e-4, "warmup_steps": 50}


def test_names_are_in_order_of_definition() -> None:
    assert LORA.names == ("lora_rank", "batch_size", "learning_rate", "warmup_steps")
    assert LORA.get("batch_size") == Choice("batch_size", (1, 2, 4))
    assert LORA.get("lora_alpha") is None
    assert Space().names == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Space((Int("x", 0, 1), Float("x", 0, 1))),
        lambda: Space((Int("x", 0, 1),), (Derived("x", parse("1 + y")),)),
        lambda: Space((), (Derived("x", parse("1")), Derived("x", parse("2")))),
    ],
)
def test_a_name_stands_once(make) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StudyError, match=r"space\.x: this name stands there twice"):
        make()


@pytest.mark.parametrize(
    ("parameters", "derived", "message"),
    [
        ((), {"a": "b + 1", "b": "a + 1"}, r"space\.a\.expr: needs itself: a -> b -> a"),
        ((), {"z": "a", "a": "b", "b": "c", "c": "a"}, r"space\.a\.expr: needs itself: a -> b -> c -> a"),
        ((Int("x", 0, 1, when=parse("x > 0")),), {}, r"space\.x\.when: needs itself: x -> x"),
        ((Int("x", 0, 1, when=parse("y > 0")),), {"y": "x + 1"}, r"space\.x\.when: needs itself: x -> y -> x"),
    ],
)
def test_a_circle_is_refused_and_shown(parameters: tuple[Int, ...], derived: dict[str, str], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        Space(parameters, tuple(Derived(name, parse(text)) for name, text in derived.items()))


# -- what a configuration means


def test_settling_drops_the_inactive_and_adds_the_derived() -> None:
    assert LORA.settle(COSINE, DRAWN) == {**DRAWN, "lora_alpha": 128}
    assert LORA.settle(LINEAR, DRAWN) == {
        "lora_rank": 64,
        "batch_size": 2,
        "learning_rate": 1e-4,
        "lora_alpha": 128,
    }
    assert LORA.active(COSINE, DRAWN) == LORA.names
    assert LORA.active(LINEAR, DRAWN) == ("lora_rank", "batch_size", "learning_rate")


def test_settling_twice_changes_nothing() -> None:
    settled = LORA.settle(COSINE, DRAWN)
    assert settled == LORA.settle(COSINE, settled)


def test_a_condition_may_rest_on_a_searched_value_a_derived_one_or_a_later_one() -> None:
    space = Space(
        (
            Int("depth", 1, 9, when=parse("wide == 4")),
            Int("restarts", 1, 3, when=parse("schedule == 'cosine'")),
            Choice("schedule", ("linear", "cosine")),
            Choice("width", (1, 2)),
        ),
        (Derived("wide", parse("2 * width")),),
    )
    params = {"depth": 5, "restarts": 2, "schedule": "cosine", "width": 2}
    assert space.active({}, params) == ("depth", "restarts", "schedule", "width")
    assert space.active({}, {**params, "schedule": "linear"}) == ("depth", "schedule", "width")
    assert space.settle({}, {**params, "width": 1}) == {"restarts": 2, "schedule": "cosine", "width": 1, "wide": 2}


def test_a_condition_sees_what_the_trainer_will_use_of_an_inactive_parameter() -> None:
    space = Space(
        (
            Choice("b", (5, 6), when=parse("a == 2")),
            Choice("c", (7, 8), when=parse("b == 5")),
            Choice("a", (1, 2)),
        )
    )
    params = {"a": 1, "b": 5, "c": 7}
    assert space.active({"b": 5}, params) == ("c", "a")
    assert space.active({"b": 6}, params) == ("a",)
    assert space.active({}, params) == ("a",)  # b has no value at all


def test_derived_values_come_in_the_order_in_which_they_need_each_other() -> None:
    space = Space(
        (Choice("rank", (8, 16)),),
        (Derived("gamma", parse("alpha + rank")), Derived("alpha", parse("2 * rank"))),
    )
    assert space.settle({}, {"rank": 8}) == {"rank": 8, "alpha": 16, "gamma": 24}
    assert list(space.settle({}, {"rank": 8})) == ["rank", "alpha", "gamma"]


def test_a_derived_value_without_what_it_needs_is_left_out() -> None:
    space = Space((Int("x", 1, 3, when=parse("on")),), (Derived("y", parse("2 * x")),))
    assert space.settle({"on": False}, {"x": 2}) == {}
    assert space.settle({"on": False, "x": 1}, {"x": 2}) == {"y": 2}
    assert space.settle({"on": True}, {"x": 2}) == {"x": 2, "y": 4}


def test_a_stale_derived_value_is_computed_anew() -> None:
    assert LORA.settle(LINEAR, {"lora_rank": 8, "lora_alpha": 999})["lora_alpha"] == 16


def test_an_expression_that_cannot_be_computed_is_said() -> None:
    space = Space((Int("x", 0, 3),), (Derived("y", parse("1 / x")),))
    with pytest.raises(ExpressionError, match="'1 / x': division by zero, with x=0"):
        space.settle({}, {"x": 0})


def test_contains_looks_at_each_parameter() -> None:
    assert LORA.contains(DRAWN)
    assert LORA.contains(LORA.settle(LINEAR, DRAWN))
    assert not LORA.contains({**DRAWN, "lora_rank": 12})
    assert not LORA.contains({**DRAWN, "warmup_steps": 999})
    assert not LORA.contains({"lora_rank": 8})
    assert LORA.contains({**DRAWN, "epochs": 3})
    assert Space().contains({})


# -- constraints


def test_margin_and_missed_name_the_worst() -> None:
    tight = replace(LORA, constraints=(parse("lora_rank <= 32"), parse("batch_size <= 2"), parse("lora_alpha <= 32")))
    settled = tight.settle(COSINE, DRAWN)
    assert [constraint.text for constraint in tight.violated(COSINE, settled)] == [
        "lora_rank <= 32",
        "lora_alpha <= 32",
    ]
    assert tight.margin(COSINE, settled) == tight.constraints[2].margin(settled) > 0
    assert LORA.margin(COSINE, settled) == 0.0
    assert LORA.violated(COSINE, settled) == []
    assert Space().margin({}, {}) == 0.0


def test_the_base_stands_in_for_what_a_trial_does_not_set() -> None:
    assert LORA.violated({"lora_rank": 64, "batch_size": 4}, {}) == list(LORA.constraints)
    assert LORA.violated({"lora_rank": 64, "batch_size": 2}, {}) == []


def test_a_constraint_on_an_inactive_or_unknown_name_does_not_apply() -> None:
    space = replace(LORA, constraints=(parse("warmup_steps <= 10"), parse("elsewhere <= 10")))
    assert space.violated(LINEAR, space.settle(LINEAR, DRAWN)) == []
    assert [one.text for one in space.violated(COSINE, space.settle(COSINE, DRAWN))] == ["warmup_steps <= 10"]


def test_a_constraint_that_cannot_be_computed_is_missed() -> None:
    space = Space((Int("heads", 0, 8),), (), (parse("512 % heads == 0"),))
    assert space.margin({}, {"heads": 0}) == 1.0
    assert space.margin({}, {"heads": 8}) <= 0


# -- looking around


def test_enumerate_gives_each_feasible_configuration_once() -> None:
    space = Space(
        (Choice("mode", ("a", "b")), Int("n", 1, 3, when=parse("mode == 'a'")), Choice("rank", (8, 16))),
        (Derived("alpha", parse("2 * rank")),),
        (parse("rank * n <= 32"),),
    )
    found = space.enumerate({}, 12)
    assert found == [
        {"mode": "a", "n": 1, "rank": 8, "alpha": 16},
        {"mode": "a", "n": 1, "rank": 16, "alpha": 32},
        {"mode": "a", "n": 2, "rank": 8, "alpha": 16},
        {"mode": "a", "n": 2, "rank": 16, "alpha": 32},
        {"mode": "a", "n": 3, "rank": 8, "alpha": 16},
        {"mode": "b", "rank": 8, "alpha": 16},
        {"mode": "b", "rank": 16, "alpha": 32},
    ]
    assert space.size == 12
    assert space.enumerate({}, 11) is None
    assert LORA.size is None
    assert LORA.enumerate(COSINE, 10**9) is None
    assert Space((Int("x", 0, 10**9),)).enumerate({}, 10**12) is None
    assert Space().enumerate({}, 1) == [{}]


def test_an_impossible_constraint_is_found_beside_a_continuum() -> None:
    impossible = replace(LORA, constraints=(parse("lora_alpha * batch_size <= 8"),))
    part = impossible.constrained_subspace()
    assert part.names == ("lora_rank", "batch_size")
    assert [one.name for one in part.derived] == ["lora_alpha"]
    assert part.enumerate(COSINE, 100) == []
    assert len(LORA.constrained_subspace().enumerate(COSINE, 100) or []) == 11


def test_what_a_condition_needs_bears_on_a_constraint_too() -> None:
    space = replace(LORA, constraints=(parse("warmup_steps > 500"),))
    assert space.constrained_subspace().names == ("warmup_steps",)
    nested = Space((Choice("a", (1, 2)), Choice("b", (3, 4), when=parse("a == 1"))), (), (parse("b > 3"),))
    assert nested.constrained_subspace().names == ("a", "b")


def test_feasible_share() -> None:
    assert LORA.feasible_share(COSINE) == pytest.approx(11 / 12, abs=0.03)
    assert LORA.feasible_share(COSINE, seed=1) == LORA.feasible_share(COSINE, seed=1)
    assert replace(LORA, constraints=()).feasible_share(COSINE) == 1.0
    assert replace(LORA, constraints=(parse("lora_rank > 64"),)).feasible_share(COSINE, n=100) == 0.0


def test_fifty_thousand_points_are_looked_at_in_a_few_seconds() -> None:
    space = Space(
        (Int("a", 1, 100), Int("b", 1, 50), Choice("c", tuple(range(10)), when=parse("a > 1"))),
        (Derived("d", parse("2 * a")),),
        (parse("a * b <= 1000"), parse("d % 2 == 0")),
    )
    started = time.process_time()
    found = space.enumerate({}, 50_000)
    assert time.process_time() - started < 8
    assert found
    assert all(one["a"] * one["b"] <= 1000 for one in found)  # type: ignore[operator]


# -- JSON

WHENS = st.none() | st.sampled_from(["lr_schedule == 'cosine'", "flag", "n > 3 and true"]).map(parse)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    names = draw(st.lists(st.from_regex(r"[a-z]{3,6}_", fullmatch=True), unique=True, max_size=5))
    shorts = ["1e-5..1e-3 log", "0..1 step 0.1", "0.0..1.0", "2..24 int", "1..64 log", "0..10 step 5", "{1, 2.0, 1e-4}"]
    shorts += ["{a, 'b c', true, null}", '{[0.9, 0.95], {"k": 1}}', "{8}"]
    parameters = [
        parse_parameter(name, draw(st.sampled_from(shorts)), note=draw(st.text(max_size=5)), when=draw(WHENS))
        for name in names
    ]
    if draw(st.booleans()):
        parameters.append(Choice("Numbers", (3, 1, 2.5), ordered=False))
    derived = (Derived("Double", parse(f"2 * {names[0]}"), note="é"),) if names and draw(st.booleans()) else ()
    constraints: tuple[Expression, ...] = tuple(parse(f"{name} <= 3") for name in names[:2])
    return Space(tuple(parameters), derived, constraints)


@settings(max_examples=50, deadline=None)
@given(spaces())
def test_json_loses_nothing(space: Space) -> None:
    text = json.dumps(space.to_json(), allow_nan=False)
    again = Space.from_json(json.loads(text))
    assert space == again
    assert text == json.dumps(again.to_json())  # equal would not tell 1 from 1.0; the text does


def test_copies_and_pickles_are_equal_and_work() -> None:
    for again in (pickle.loads(pickle.dumps(LORA)), copy.deepcopy(LORA), replace(LORA)):
        assert again == LORA
        assert again.settle(LINEAR, DRAWN) == LORA.settle(LINEAR, DRAWN)
    assert hash(LORA) == hash(copy.deepcopy(LORA))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([COSINE, LINEAR]))
def test_a_sample_is_settled_and_inside(seed: int, base: dict[str, object]) -> None:
    drawn = LORA.sample(base, random.Random(seed))  # type: ignore[arg-type]
    assert LORA.contains(drawn)
    assert drawn == LORA.settle(base, drawn)  # type: ignore[arg-type]
    assert configuration_key(drawn) == configuration_key(dict(reversed(drawn.items())))
    assert (LORA.margin(base, drawn) <= 0) == (not LORA.violated(base, drawn))  # type: ignore[arg-type]
