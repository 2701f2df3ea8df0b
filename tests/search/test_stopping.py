"""Stop rules for a trial, and when a study has done enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hptui.core.expressions import parse
from hptui.core.study import Objective, Search, StoppingConditions, StopRule, Study, TrainerSettings
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.search.stopping import explain_rule, first_broken_rule, unreported_names, until_reached

HIGH = StopRule(parse("eval_loss > 0.7"), 0.1)
GAP = StopRule(parse("val_loss - train_loss > 0.5"))
LOSS, SPEED = Objective("loss"), Objective("speed", "maximize")


# -- stop rules


@pytest.mark.parametrize(
    ("progress", "metrics", "stops"),
    [
        (0.09, {"eval_loss": 0.8}, None),
        (0.1, {"eval_loss": 0.8}, HIGH),
        (1 - 0.9, {"eval_loss": 0.8}, HIGH),
        (0.1, {"eval_loss": 0.7}, None),
        (0.5, {"eval_loss": 0.8}, HIGH),
        (0.5, {"eval/loss": 0.8}, HIGH),
        (0.5, {"train_loss": 0.8}, None),
        (0.5, {}, None),
        (None, {"eval_loss": 0.8}, None),
        (None, {"val_loss": 1.0, "train_loss": 0.4}, GAP),
        (0.0, {"val_loss": 1.0, "train_loss": 0.4}, GAP),
        (0.5, {"val_loss": 1.0}, None),
        (0.5, {"eval_loss": float("nan")}, None),
        (0.5, {"eval_loss": float("inf")}, HIGH),
    ],
)
def test_a_rule_is_tried_at_its_share_of_training_and_from_then_on(progress, metrics, stops):
    shares = dict.fromkeys(metrics, progress) if progress is not None else {}
    assert first_broken_rule((HIGH, GAP), metrics, shares) is stops


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_only_values_that_were_measured_late_enough_break_a_rule(after, first, second):
    """However far the training is by another metric: what was measured before is no value of that moment."""
    shares = {"eval/loss": first, "train_loss": second, "other": 1.0}
    metrics = {"eval/loss": 9.0, "train_loss": 1.0, "other": 0.0}
    alone, both = StopRule(parse("eval_loss > 0.7"), after), StopRule(parse("eval_loss - train_loss > 1"), after)
    assert (first_broken_rule([alone], metrics, shares) is alone) == (not after or first >= after - 1e-9)
    assert (first_broken_rule([both], metrics, shares) is both) == (not after or min(first, second) >= after - 1e-9)
    assert explain_rule(both, metrics, shares).endswith(f" at {100 * min(first, second):.0f} % of training")


def test_the_first_broken_rule_is_the_one():
    assert (
        first_broken_rule((GAP, HIGH), {"eval_loss": 1.0, "val_loss": 1.0, "train_loss": 0.0}, {"eval_loss": 1.0})
        is GAP
    )
    assert first_broken_rule((), {"eval_loss": 1.0}, {"eval_loss": 1.0}) is None


def test_a_rule_that_cannot_be_worked_out_stops_nobody():
    assert first_broken_rule([StopRule(parse("1 / loss > 2"))], {"loss": 0.0}, {"loss": 0.5}) is None


def test_the_reason_has_the_numbers():
    assert explain_rule(HIGH, {"eval/loss": 0.70001, "other": 1.0}, {"eval/loss": 0.25, "other": 0.5}) == (
        "stop rule eval_loss > 0.7 after 10 %: eval_loss is 0.70001 at 25 % of training"
    )
    assert explain_rule(GAP, {"val_loss": 1.0, "train_loss": 0.25}, {"val_loss": 1.0}) == (
        "stop rule val_loss - train_loss > 0.5: train_loss is 0.25 and val_loss is 1"
    )


def test_what_a_rule_still_lacks():
    assert unreported_names(GAP, {"val_loss": 1.0}) == ("train_loss",)
    assert unreported_names(HIGH, {"eval/loss": 1.0}) == ()


# -- until


def study(objectives=(LOSS,), outcome=(), **until):
    return Study(
        "s", objectives, TrainerSettings("toy"), search=Search(until=StoppingConditions(**until), outcome=outcome)
    )


def trials(*values, roles=None, status=TrialStatus.COMPLETE):
    """Trials that ended one after the other; a value is a loss, or (loss, speed), or None for a pruned one."""
    return [
        Trial(
            number,
            f"t{number}",
            TrialStatus.PRUNED if value is None else status,
            (roles or {}).get(number, Role.SEARCH),
            {},
            values=None
            if value is None
            else dict(zip(("loss", "speed"), value if isinstance(value, tuple) else (value,), strict=False)),
            ended=100.0 + number,
        )
        for number, value in enumerate(values)
    ]


def test_without_until_a_study_never_has_enough():
    assert until_reached(study(), trials(1.0, 2.0, 3.0), 1e9) == ""


def test_hours():
    assert until_reached(study(hours=1), [], 3599) == ""
    assert until_reached(study(hours=1.5), [], 5400) == "the 1.5 hours of `until` are over"


def test_no_improvement_counts_complete_trials_since_the_best():
    asked = study(no_improvement=3)
    assert until_reached(asked, [], 0) == ""
    assert until_reached(asked, trials(2.0, 1.0, 1.5, 1.2), 0) == ""
    assert until_reached(asked, trials(2.0, 1.0, 1.5, 1.2, 1.0), 0) == (
        "no improvement in 3 trials on trial 1 (loss 1)"
    )
    assert until_reached(asked, trials(2.0, 1.0, 1.5, 1.2, 0.9), 0) == ""
    assert until_reached(asked, trials(2.0, 1.0, None, None, None, None), 0) == "", "pruned ones do not count"
    assert until_reached(asked, trials(2.0, 1.0, 1.5, 1.2, 1.1, status=TrialStatus.RUNNING), 0) == ""


def test_only_the_search_counts_but_others_may_be_the_best():
    asked = study(no_improvement=2)
    assert "on trial 0 (" in until_reached(asked, trials(1.0, 2.0, 2.0, roles={0: Role.BASELINE}), 0)
    listed = {1: Role.LISTED, 2: Role.MANUAL, 3: Role.BASELINE}
    assert until_reached(asked, trials(1.0, 2.0, 2.0, 2.0, 2.0, roles=listed), 0) == ""
    lucky = {2: Role.REPLICATE}
    assert "on trial 0 (" in until_reached(asked, trials(1.0, 2.0, 0.5, 2.0, roles=lucky), 0)


def test_what_breaks_the_outcome_is_no_improvement_and_no_target():
    bound = (parse("loss >= 0.8"),)
    found = trials(1.0, 0.5, 0.6)
    assert until_reached(study(no_improvement=2, outcome=bound), found, 0).startswith("no improvement in 2")
    assert until_reached(study(no_improvement=2), found, 0) == ""
    assert until_reached(study(target=0.7, outcome=bound), found, 0) == ""
    assert until_reached(study(no_improvement=2, outcome=(parse("loss > 9"),)), found, 0) == "", "none is best yet"


def test_several_objectives_improve_with_the_pareto_set():
    asked = study((LOSS, SPEED), no_improvement=2)
    assert until_reached(asked, trials((1.0, 5.0), (2.0, 9.0), (0.5, 1.0)), 0) == ""
    assert until_reached(asked, trials((1.0, 5.0), (2.0, 9.0), (2.0, 4.0), (1.0, 5.0)), 0) == (
        "the last 2 trials added nothing to the Pareto set"
    )


def test_the_target_respects_the_goal():
    assert until_reached(study(target=0.5), trials(0.51, 0.6), 0) == ""
    assert until_reached(study(target=0.5), trials(0.9, 0.5, 0.4), 0) == (
        "trial 1 reached the target: loss 0.5, wanted 0.5"
    )
    up = Objective("loss", "maximize")
    assert until_reached(study((up,), target=0.5), trials(0.4), 0) == ""
    assert until_reached(study((up,), target=0.5), trials(0.4, 0.75), 0).startswith("trial 1 reached")


def test_a_target_that_was_imported_is_not_reached():
    assert until_reached(study(target=0.5), trials(0.1, 0.6, roles={0: Role.IMPORTED}), 0) == ""
    assert until_reached(study(target=0.5), trials(0.1, roles={0: Role.BASELINE}), 0) != ""
