from fractions import Fraction

import pytest

from hptui.core.errors import UserError
from hptui.trainers.evals import GenerationOptions
from hptui.trainers.evals.answers import (
    CORRECT,
    FORMAT,
    WRONG,
    ExtractedAnswer,
    answers_equal,
    as_number,
    category_shares,
    classify,
    count_causes,
    expected_answer,
    extract_answer,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2 and 2 </think> <answer> 4 </answer>", ExtractedAnswer("4")),
        ("<think> 2 </think>\n<answer>4</answer> and more", ExtractedAnswer("4")),
        ("so </think> <answer>4</answer> <answer>5</answer>", ExtractedAnswer("4")),
        ("4", ExtractedAnswer(None, "no </think>")),
        ("<answer>4</answer>", ExtractedAnswer(None, "no </think>")),
        ("so </think> 4", ExtractedAnswer(None, "no <answer> after </think>")),
        ("so </think> it is <answer>4</answer>", ExtractedAnswer(None, "no <answer> after </think>")),
        ("so </think> <answer>4", ExtractedAnswer(None, "no </answer>")),
        ("so </think> <answer> </answer>", ExtractedAnswer(None, "empty answer")),
    ],
)
def test_answer_after_thought(text, found):
    assert extract_answer(text, "think") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"first \boxed{1}, then \boxed{2}", ExtractedAnswer("2")),
        (r"\boxed{\frac{1}{2}}", ExtractedAnswer(r"\frac{1}{2}")),
        (r"\boxed{\frac{1}{2}", ExtractedAnswer(None, r"\boxed not closed")),
        ("2", ExtractedAnswer(None, r"no \boxed")),
        (r"\boxed{ }", ExtractedAnswer(None, "empty answer")),
    ],
)
def test_boxed_answer(text, found):
    assert extract_answer(text, "boxed") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3 apples and 4 pears make 7.", ExtractedAnswer("7")),
        ("it costs $1,024.50 now", ExtractedAnswer("1,024.50")),
        ("minus -3", ExtractedAnswer("-3")),
        ("a half is 1/2", ExtractedAnswer("1/2")),
        ("none", ExtractedAnswer(None, "no number")),
    ],
)
def test_last_number(text, found):
    assert extract_answer(text, "last_number") == found


def test_answer_by_pattern_is_its_first_group_or_all_of_it():
    assert extract_answer("#### 12 #### 13", "regex", r"#### (\d+)") == ExtractedAnswer("12")
    assert extract_answer("a12", "regex", r"\d+") == ExtractedAnswer("12")
    assert extract_answer("a", "regex", r"\d+") == ExtractedAnswer(None, "pattern not found")
    assert extract_answer("#### x", "regex", r"####(\d*)") == ExtractedAnswer(None, "empty answer")


def test_all_of_the_text_can_be_the_answer():
    assert extract_answer(" Paris\n", "text") == ExtractedAnswer("Paris")
    assert extract_answer(" \n", "text") == ExtractedAnswer(None, "empty answer")


@pytest.mark.parametrize(
    ("reference", "answer_format", "answer"),
    [
        ("<think> 1+1 </think> <answer> 2 </answer>", "think", "2"),
        (r"We get \boxed{3}.", "think", "3"),
        ("We get\n#### 1,000", "think", "1,000"),
        (" 42 ", "think", "42"),
        ("4 and 5 make 9", "last_number", "9"),
    ],
)
def test_reference_may_be_a_whole_solution(reference, answer_format, answer):
    assert expected_answer(reference, answer_format) == answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,024", Fraction(1024)),
        ("0.50", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("-3/6", Fraction(-1, 2)),
        (r"\frac{1}{2}", Fraction(1, 2)),
        (r"-\dfrac12", Fraction(-1, 2)),
        ("$7", Fraction(7)),
        (r"$\boxed{7}$", Fraction(7)),
        ("7.", Fraction(7)),
        ("1/0", None),
        ("1,02", None),
        ("7 cm", None),
        ("", None),
        ("x", None),
    ],
)
def test_number(text, value):
    assert as_number(text) == value


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("0.5", r"\frac{1}{2}", True),
        ("12", "12.0", True),
        ("12", "13", False),
        (r"\text{even}", "even", True),
        (r"\left( 1, 2 \right)", "(1,2)", True),
        (r"$x^2$", "x^2", True),
        ("x", "X", False),
        (r"\dfrac{a}{b}", r"\frac{a}{b}", True),
    ],
)
def test_same(one, other, equal):
    assert answers_equal(one, other) is equal


def test_every_sample_is_one_of_three():
    options = GenerationOptions(metrics=("accuracy",), answer_format="think")
    grades = [
        classify("a </think> <answer>4</answer>", "4", options),
        classify("a </think> <answer>5</answer>", "4", options),
        classify("a </think> <answer>five</answer>", "4", options),
        classify("a </think> <answer>five</answer>", "four", options),
        classify("4 4 4 4", "4", options, cut=True),
        classify("4", "4", options),
        classify("5", "4", options),
    ]
    assert [g.category for g in grades] == [CORRECT, WRONG, WRONG, WRONG, FORMAT, FORMAT, FORMAT]
    found = category_shares(grades)
    assert {name: (share.k, share.n) for name, share in found.items()} == {
        "accuracy": (1, 7),
        "wrong_answer": (3, 7),
        "format_failure": (3, 7),
    }
    assert count_causes(grades) == {
        "format failure: no </think>": 2,
        "wrong answer: another number": 1,
        "wrong answer: not a number": 1,
        "wrong answer: another text": 1,
        "format failure: no </think>, cut off": 1,
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metrics": ("acuracy",)}, "accuracy"),
        ({"answer_format": "boxd"}, "boxed"),
        ({"answer_format": "regex"}, "pattern"),
        ({"answer_format": "regex", "answer_regex": "("}, "cannot be read"),
        ({"stop": ("",)}, "stop string"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"custom": ("metrics.brevity",)}, "file.py:function"),
    ],
)
def test_options_that_make_no_sense(given, said):
    with pytest.raises(UserError, match=said.replace(".", r"\.")):
        GenerationOptions(**given)
