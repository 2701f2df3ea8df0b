"""Parameters: what a constructor refuses and how it says so, what is inside, and the short form of one line."""

from __future__ import annotations

import math
import random
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hptui.core.errors import StudyError
from hptui.core.expressions import parse
from hptui.core.space import Choice, Derived, Float, Int, Parameter, configuration_key, parse_parameter
from hptui.core.values import number_text, read_value, value_text, values_equal

# -- refusals


@pytest.mark.parametrize(
    ("make", "where", "message"),
    [
        (lambda: Float("lr", 1e-3, 1e-4), "space.lr.low", "low < high must hold, got low=1e-3, high=1e-4"),
        (lambda: Int("rank", 24, 2), "space.rank.low", "low < high must hold, got low=24, high=2"),
        (lambda: Float("lr", 0.1, 0.1), "space.lr.low", "low < high must hold, got low=0.1, high=0.1"),
        (lambda: Float("lr", 0, 1, log=True), "space.lr.low", "log = true needs low > 0, got low=0"),
        (lambda: Int("rank", -1, 8, log=True), "space.rank.low", "log = true needs low > 0, got low=-1"),
        (lambda: Float("lr", 1e-5, 1, True, 0.1), "space.lr.step", "log and step exclude each other, got step=0.1"),
        (lambda: Float("p", 0, 1, step=0.0), "space.p.step", "step > 0 must hold, got step=0"),
        (lambda: Int("n", 0, 10, step=-2), "space.n.step", "step > 0 must hold, got step=-2"),
        (lambda: Int("n", 0, 1, step=2), "space.n.step", "step <= high - low must hold, got low=0, high=1, step=2"),
        (lambda: Float("p", 0, 1e9, step=1e-9), "space.p.step", "there are too many steps"),
        (lambda: Float("p", math.nan, 1), "space.p.low", "a finite number is needed, got nan"),
        (lambda: Float("p", 0, math.inf), "space.p.high", "a finite number is needed, got inf"),
        (lambda: Float("p", 0, 10**400), "space.p.high", "a finite number is needed"),
        (lambda: Float("p", "0", 1), "space.p.low", "a finite number is needed, got '0'"),
        (lambda: Float("p", True, 2), "space.p.low", "a finite number is needed, got True"),
        (lambda: Float("p", 0, 1, "yes"), "space.p.log", "true or false is needed, got 'yes'"),
        (lambda: Int("n", 0.5, 2), "space.n.low", "a whole number is needed, got 0.5"),
        (lambda: Int("n", False, 2), "space.n.low", "a whole number is needed, got False"),
        (lambda: Choice("c", ()), "space.c.choices", "at least one choice is needed, got []"),
        (lambda: Choice("c", "adam"), "space.c.choices", "a list is needed, got 'adam'"),
        (lambda: Choice("c", (8, 16, 8.0)), "space.c.choices", "8.0 stands there twice, got {8, 16, 8.0}"),
        (lambda: Choice("c", ([1, 2], [1, 2.0])), "space.c.choices", "[1, 2.0] stands there twice"),
        (lambda: Choice("c", (1.0, math.inf)), "space.c.choices", "a finite number is needed, got inf"),
        (lambda: Choice("c", ("a", "b"), ordered=True), "space.c.ordered", "only numbers have an order, got {a, b}"),
        (lambda: Choice("c", (1, 2), ordered="no"), "space.c.ordered", "true or false is needed, got 'no'"),
        (lambda: Derived("alpha", parse("alpha + 1")), "space.alpha.expr", "a derived value cannot need itself"),
        (lambda: Float("", 0, 1), "space", "a parameter needs a name, got ''"),
        (lambda: Int("a\x1b[31m", 0, 1), "space", "a parameter needs a name"),
    ],
)
def test_nonsense_is_refused_with_its_place_and_values(make, where: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StudyError) as caught:
        make()
    assert where == caught.value.where
    assert message in caught.value.problem


def test_an_unchanging_value_is_sent_to_the_trainer_table() -> None:
    with pytest.raises(StudyError, match=r"belongs in \[trainer\]: lr = 1e-4"):
        Float("lr", 1e-4, 1e-4)


# -- what is inside


def test_numbers_are_kept_as_they_are() -> None:
    choice = Choice("c", (1, 1e-4, 2.0, True, "1", [1, 2]))
    assert [int, float, float, bool, str, list] == [type(one) for one in choice.choices]
    assert type(Float("x", 0, 1).low) is float
    assert type(Int("x", 0.0, 2.0).high) is int  # type: ignore[arg-type]  # TOML's 2.0


@pytest.mark.parametrize(
    ("parameter", "inside", "outside"),
    [
        (Float("x", 0, 1), [0, 0.5, 1, 1.0], [-0.001, 1.001, True, "0.5", None, math.nan, math.inf, 10**400]),
        (Float("x", 1e-5, 1e-3, log=True), [1e-5, 1e-4, 1e-3], [0, 9e-6, 1.1e-3]),
        (Float("x", 0, 1, step=0.3), [0, 0.3, 0.6, 0.9, 0.1 * 3], [1.0, 1.2, -0.3, 0.5, 0.2999]),
        (Int("x", 2, 24), [2, 24, 5, 5.0], [1, 25, 5.5, True, "5", None]),
        (Int("x", 1, 10, step=4), [1, 5, 9], [2, 10, 13]),
        (Choice("x", (8, 16)), [8, 16.0], [12, "8", True, None]),
        (Choice("x", (True, "a", [0.9, 1])), [True, "a", [0.9, 1.0]], [1, "True", [0.9], 0.9]),
    ],
)
def test_contains(parameter: Parameter, inside: list[object], outside: list[object]) -> None:
    assert [one for one in inside if not parameter.contains(one)] == []  # type: ignore[arg-type]
    assert [one for one in outside if parameter.contains(one)] == []  # type: ignore[arg-type]


def test_what_logarithms_leave_beside_an_end_is_that_end() -> None:
    rates = Float("learning_rate", 1e-4, 5e-3, log=True)
    assert math.exp(math.log(5e-3)) != 5e-3
    assert rates.clamp(math.exp(math.log(5e-3))) == 5e-3
    assert rates.clamp(0.004999999999999999) == 5e-3
    assert (rates.clamp(1.0), rates.clamp(0.0), rates.clamp(2e-3)) == (5e-3, 1e-4, 2e-3)
    assert Float("tiny", 1e-15, 1.0, log=True).clamp(5e-15) == 5e-15
    assert Float("share", 0.0, 1.0).clamp(1e-17) == 0.0
    assert Int("layers", 2, 8).clamp(8.4) == 8


def test_values_and_top_follow_the_step() -> None:
    assert Float("x", 0, 0.3, step=0.1).values() == (0.0, 0.1, 0.2, 0.3)
    assert Float("x", 0.1, 0.3, step=0.2).values() == (0.1, 0.3)
    assert Float("x", 0, 1, step=0.3).highest == 0.9
    assert Float("x", 0, 1).values() is None
    assert Float("x", 0, 1).highest == 1.0
    assert Int("x", 1, 10, step=4).values() == (1, 5, 9)
    assert Int("x", 1, 10, step=4).highest == 9
    assert Int("x", 0, 10**9).values() is None
    assert Choice("x", ("b", "a")).values() == ("b", "a")


def test_numeric_choices_have_an_order_unless_they_say_not() -> None:
    choice = Choice("x", (64, 8, 16.5))
    assert choice.ordinal
    assert choice.levels == (8, 16.5, 64)
    assert choice.index(64.0) == 2
    assert not Choice("x", (64, 8), ordered=False).ordinal
    assert Choice("x", (64, 8), ordered=False).levels == (64, 8)
    assert not Choice("x", (True, False)).ordinal
    assert not Choice("x", (1, "a")).ordinal
    with pytest.raises(ValueError, match="9 is none of"):
        choice.index(9)


def test_a_log_scale_draws_small_values_as_often_as_large_ones() -> None:
    rng = random.Random(3)
    floats = [Float("x", 1e-5, 1e-1, log=True).sample(rng) for _ in range(4000)]
    assert 0.45 < sum(one < 1e-3 for one in floats) / 4000 < 0.55
    whole = [Int("x", 1, 100, log=True).sample(rng) for _ in range(4000)]
    assert 0.45 < sum(one <= 7 for one in whole) / 4000 < 0.55


# -- text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5e-6..1e-4 log", Float("x", 5e-6, 1e-4, log=True)),
        ("2..24 int", Int("x", 2, 24)),
        ("2..24", Int("x", 2, 24)),
        ("2..24 int log", Int("x", 2, 24, log=True)),
        ("2..24 log int", Int("x", 2, 24, log=True)),
        ("8..64 step 8", Int("x", 8, 64, step=8)),
        ("0..1 step 0.1", Float("x", 0, 1, step=0.1)),
        ("0..1 step=0.1", Float("x", 0, 1, step=0.1)),
        ("0 .. 1 float", Float("x", 0, 1)),
        ("0.0..1.0", Float("x", 0, 1)),
        (".1...5", Float("x", 0.1, 0.5)),
        ("-1.5..+2", Float("x", -1.5, 2)),
        ("1_000..2_000", Int("x", 1000, 2000)),
        ("1e2..1e4 int", Int("x", 100, 10000)),
        ("{128, 256, 512}", Choice("x", (128, 256, 512))),
        ("[8, 16]", Choice("x", (8, 16))),
        ("{8,}", Choice("x", (8,))),
        ("{1, 1e-4, true, adamw}", Choice("x", (1, 1e-4, True, "adamw"))),
        ('{\'a, b\', "c\\"]", Qwen/Qwen2.5-7B}', Choice("x", ("a, b", 'c"]', "Qwen/Qwen2.5-7B"))),
        ("[[0.9, 0.95], [0.9, 0.999]]", Choice("x", ([0.9, 0.95], [0.9, 0.999]))),
    ],
)
def test_short_form(text: str, expected: Parameter) -> None:
    found = parse_parameter("x", f" {text} ")
    assert expected == found
    assert expected == parse_parameter("x", found.describe())
    if isinstance(expected, Choice) and isinstance(found, Choice):
        assert [type(one) for one in expected.choices] == [type(one) for one in found.choices]


def test_short_form_carries_note_and_condition() -> None:
    when = parse("mode == 'cosine'")
    assert parse_parameter("x", "{1, 2}", note="why", when=when) == Choice("x", (1, 2), when=when, note="why")
    assert parse_parameter("x", "0..200", note="why", when=when) == Int("x", 0, 200, when=when, note="why")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is neither a range nor a list of choices"),
        ("5", "'5' is neither a range nor a list of choices"),
        ("1e-5-1e-4", "is neither a range"),
        ("8, 16", "is neither a range"),
        ("1..2 lgo", "has an unknown word 'lgo'\n  did you mean 'log'?"),
        ("1..2 step", "has no number after step, got ''"),
        ("1..2 step x", "has no number after step, got 'x'"),
        ("1..2 int float", "cannot be int and float"),
        ("{1, 2", "does not end with }"),
        ("{1, 2]", "does not end with }"),
        ("{}", "at least one choice is needed"),
        ("{1,,2}", "'' is no value"),
        ("{a b}", "'a b' is no value; a text with other characters needs quotes"),
        ("{[1, 2}", "cannot be read"),
        ("{" + "[" * 100_000 + "}", "cannot be read"),
        ("24..2", "low < high must hold, got low=24, high=2"),
        ("0.5..2 int", "a whole number is needed, got 0.5"),
        ("1__0..20", "is neither a range"),
        ("0..1e999", "a finite number is needed, got inf"),
        ("٣..٩", "is neither a range"),
    ],
)
def test_short_form_refuses(text: str, message: str) -> None:
    with pytest.raises(StudyError) as caught:
        parse_parameter("lr", text)
    assert message in str(caught.value)
    assert caught.value.where.startswith("space.lr")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5e-6, "5e-6"),
        (1e-4, "1e-4"),
        (0.001, "1e-3"),
        (0.0015, "0.0015"),
        (0.05, "0.05"),
        (1.0, "1"),
        (100.0, "100"),
        (1e5, "1e5"),
        (123456.0, "123456"),
        (-2.5e-7, "-2.5e-7"),
        (0.0, "0"),
        (512, "512"),
        (1e300, "1e300"),
    ],
)
def test_numbers_are_written_as_people_write_them(number: float, text: str) -> None:
    assert text == number_text(number)


def test_what_is_the_same_setting() -> None:
    assert values_equal(1, 1.0)
    assert values_equal([1, {"a": 2.0}], [1.0, {"a": 2}])
    assert not values_equal(1, True)
    assert not values_equal(0, False)
    assert not values_equal("1", 1)
    assert not values_equal(None, False)


def test_a_key_does_not_depend_on_order_or_kind_of_number() -> None:
    assert configuration_key({"a": 1, "b": [2.0, 1e-4]}) == configuration_key({"b": [2, 0.0001], "a": 1.0})
    assert configuration_key({"a": 1}) != configuration_key({"a": True})
    assert configuration_key({"a": 1}) != configuration_key({"a": "1"})
    assert configuration_key({"a": 1}) != configuration_key({"a": 1, "b": None})
    assert configuration_key({"a": -0.0}) == configuration_key({"a": 0})


# -- properties

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), FINITE, st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)
NAMES = st.just("x")


@st.composite
def floats(draw: st.DrawFn) -> Float:
    low, high = sorted(draw(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=2, unique=True)))
    if low > 0 and draw(st.booleans()):
        return Float("x", low, high, log=True)
    step = (high - low) / draw(st.floats(1, 1000)) if draw(st.booleans()) else None
    try:
        return Float("x", low, high, step=step)
    except StudyError:  # a step that rounding made too wide, or zero
        return Float("x", low, high)


@st.composite
def ints(draw: st.DrawFn) -> Int:
    low, high = sorted(draw(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=2, unique=True)))
    if low > 0 and draw(st.booleans()):
        return Int("x", low, high, log=True)
    return Int("x", low, high, step=draw(st.none() | st.integers(1, high - low)))


CHOICES = st.lists(VALUES, min_size=1, max_size=5, unique_by=lambda value: configuration_key({"": value})).map(
    lambda values: Choice("x", tuple(values))
)
PARAMETERS = st.one_of(floats(), ints(), CHOICES)


@settings(max_examples=200, deadline=None)
@given(PARAMETERS, st.integers(0, 2**32))
def test_a_sample_is_inside(parameter: Parameter, seed: int) -> None:
    rng = random.Random(seed)
    assert all(parameter.contains(parameter.sample(rng)) for _ in range(5))


@settings(max_examples=200, deadline=None)
@given(PARAMETERS)
def test_all_values_are_inside_and_differ(parameter: Parameter) -> None:
    if parameter.size is not None and parameter.size > 5000:
        return
    values = parameter.values()
    if values is None:
        assert parameter.size is None
        return
    assert parameter.size == len(values) == len({configuration_key({"": value}) for value in values})
    assert all(parameter.contains(value) for value in values)


@settings(max_examples=200, deadline=None)
@given(PARAMETERS)
@example(Float("x", 1, 1e5))
@example(Float("x", 0, 10, step=2))
@example(Choice("x", ("true", "null", "None", "1", "1e5", "a b", "", "'", '"', "{", ",", "\u2028", None)))
def test_what_describe_writes_is_read_back(parameter: Parameter) -> None:
    again = parse_parameter("x", parameter.describe())
    assert parameter == again
    if isinstance(parameter, Choice) and isinstance(again, Choice):
        assert [type(one) for one in parameter.choices] == [type(one) for one in again.choices]


@settings(max_examples=200)
@given(FINITE)
@example(sys.float_info.max)
@example(5e-324)
@example(-0.0)
def test_a_written_number_reads_back_as_itself(number: float) -> None:
    assert number == float(number_text(number))
    assert repr(number) == repr(read_value(value_text(number)))


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_any_short_text_is_read_or_refused(text: str) -> None:
    try:
        parse_parameter("x", text)
    except StudyError:
        return  # any other exception fails


@given(VALUES, VALUES)
def test_same_is_equality_of_keys(one: object, other: object) -> None:
    assert values_equal(one, other) == (configuration_key({"": one}) == configuration_key({"": other}))  # type: ignore[arg-type,dict-item]
