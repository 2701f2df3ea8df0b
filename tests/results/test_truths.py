"""Sentences that once were wrong: of few trials, of a best middle, of negative values, of what was never measured."""

import math
import random
import re
import shlex
from dataclasses import replace

import pytest

from hptui.core.trial import Role
from hptui.core.values import read_value
from hptui.results.analysis.reference import metric_change
from hptui.results.analysis.significance import student_interval
from hptui.results.columns import column_value
from hptui.results.fact_index import render_with_index
from hptui.results.report import compose_report, write_report
from hptui.results.report_data import ReportData, read_report_data
from tests.results import seeds
from tests.results.kit import view_of
from tests.results.seeds import build, one

pytestmark = pytest.mark.process

BOWL = """
    name = "bowl"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "bowl:train"
    learning_rate = 1e-3
    width = 64
    [space]
    learning_rate = "1e-5..1e-1 log"
    width = { choices = [32, 64, 128] }
    [search]
    trials = 24
"""


def bowl(count=24, low=2.0):
    """Trials whose loss is lowest in the middle of the learning rates, whatever the width."""
    dice = random.Random(1)
    found = []
    for number in range(count):
        rate, width = 10 ** dice.uniform(-5, -1), dice.choice([32, 64, 128])
        loss = low + 0.5 * (math.log10(rate) + 3) ** 2 + dice.gauss(0, 0.05)
        found.append(one(number, {"learning_rate": rate, "width": width}, {"val_loss": loss}))
    return found


def text_of(trials, text=BOWL, style="results"):
    record = ReportData(view_of(trials, text))
    record.__dict__["importance"] = None
    return render_with_index(compose_report(record, style), "report.md")[0]


def test_a_setting_that_is_best_in_the_middle_has_an_effect_and_no_direction():
    text = text_of(bowl())
    assert "`learning_rate` matters for `val_loss` (evidence" in text
    assert "On average `val_loss` is lower at `learning_rate` = 1e-3 than at the ends of its range, " in text
    assert not re.search("rises|falls", text)
    assert "These trials do not show that `width` matters" in text
    assert "hptui space bowl learning_rate=" in text, "there is something to narrow"


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_handful_of_trials_says_nothing_of_edges(count):
    text = text_of(bowl(count))
    assert "edge of what was searched" not in text
    assert "Widen" not in text


def test_nothing_lies_beyond_the_least_value_there_is():
    study = BOWL.replace('learning_rate = "1e-5..1e-1 log"', 'learning_rate = "0..1"')
    trials = [one(n, {"learning_rate": n / 12, "width": 64}, {"val_loss": 1.0 + n}) for n in range(13)]
    text = text_of(trials, study)
    assert "`val_loss` rises as `learning_rate` grows" in text
    assert "Widen" not in text


def test_equal_trials_are_said_to_be_equal_and_promise_nothing():
    text = text_of([replace(trial, values={"val_loss": 1.5}, metrics={"val_loss": 1.5}) for trial in bowl(8)])
    assert "All 8 trials have the same `val_loss`, 1.5" in text
    assert "The best trials are in bold" in text
    assert "with a chance of" not in text
    assert "Widen" not in text


def test_a_value_that_is_no_number_is_never_the_best():
    odd = {2: math.inf, 3: math.nan, 4: -math.inf}
    trials = [replace(t, values={"val_loss": odd.get(t.number, t.values["val_loss"])}) for t in bowl(9)]
    record = ReportData(view_of(trials, BOWL))
    finite = min((t for t in trials if t.number not in odd), key=lambda t: t.values["val_loss"])
    assert record.best.number == finite.number
    assert [t.number for t in record.best_trials] == [finite.number]


def test_negative_values_have_a_sign_of_their_own_and_no_per_cent():
    base = one(0, {}, {"val_loss": -1.0}, role=Role.BASELINE)
    text = text_of([base, *(replace(t, number=t.number + 1) for t in bowl(10, low=-2.0))])
    row = next(line for line in text.splitlines() if line.startswith("- **Against the baseline**"))
    assert re.fullmatch(r"- \*\*Against the baseline\*\*: −1\.0+ → −1\.\d+ \(−0\.\d+\)", row)
    assert "%" not in "".join(line for line in text.splitlines() if "against the baseline" in line)
    assert not re.search(r"[ (]-\d", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    view = view_of([base], BOWL)
    assert metric_change(view, "val_loss", 0.0, 1.0).share is None
    assert metric_change(view, "val_loss", 2.0, 1.0).share == -0.5


def test_a_table_of_failures_shows_what_was_searched_and_a_cure_once():
    trials = bowl(18)
    bad = [one(t.number, {"learning_rate": 1e-2, "width": 128}, None, "failed", "oom") for t in trials]
    bad = [failed for t, failed in zip(trials, bad, strict=True) if t.params["width"] == 128]
    study = BOWL.replace("width = 64", "width = 64\n    batch_size = 8")
    text = text_of([*(t for t in trials if t.params["width"] != 128), *bad], study)
    numbers = [str(t.number) for t in bad]
    assert f"| trial {numbers[0]} | failed (oom) | 0.01 | 128 |" in text
    assert text.count("a smaller batch: batch_size 8 → 4") == 1
    assert f"- Trials {', '.join(numbers[:-1])} and {numbers[-1]}: a smaller batch" in text
    assert "Avoid `width` >= 128" in text
    assert f": {len(bad)} of {len(bad)} trials there ran out of memory." in text


def test_where_all_fail_it_is_still_said_what_to_avoid():
    trials = [
        one(n, {"learning_rate": 1e-3, "width": 128 if n % 2 else 32}, None, "failed", "nan" if n % 2 else "crash")
        for n in range(12)
    ]
    text = text_of(trials)
    assert "Avoid `width` >= 128: 6 of 6 trials there became NaN or infinite." in text
    assert "The best trial" not in text


def test_a_failure_without_words_has_those_of_its_reason():
    trials = [
        *bowl(3),
        one(3, {}, None, "failed", "timeout"),
        one(4, {}, None, "stopped", "user"),
        one(5, {}, None, "failed", None, role=Role.IMPORTED),
    ]
    told = [row.split(" | ")[-1] for row in text_of(trials).splitlines() if re.match(r"\| trial [345] \|", row)]
    assert told == [
        "it ran longer than it was allowed |",
        "a person stopped it |",
        "what it was imported from does not say |",
    ]


def test_two_values_have_no_interval_and_a_loss_is_not_below_zero():
    trials = [one(n, {"learning_rate": 1e-3, "width": w}, {"val_loss": v}) for n, (w, v) in enumerate(WIDTHS)]
    text = text_of(trials)
    assert "| 32 | 2 | 2 | 0 | 0 |" in text
    assert "95%" not in text
    assert student_interval([1.0, 4.0, 2.0]).low < 0 <= student_interval([1.0, 4.0, 2.0], 0.0).low


WIDTHS = [(32, 1.0), (32, 2.0), (64, 1.0), (64, 4.5), (64, 1.5), (128, 3.0)]


def test_a_search_of_one_setting_is_no_list_of_steps():
    trials = [replace(t, params={"learning_rate": t.params["learning_rate"]}) for t in bowl(14)]
    trials = [one(0, {}, {"val_loss": 2.2}, role=Role.BASELINE), *(replace(t, number=t.number + 1) for t in trials)]
    text = text_of(trials, BOWL.replace("    width = { choices = [32, 64, 128] }\n", ""))
    assert "| `learning_rate` |" in text
    assert "Changed alone" not in text


def test_two_objectives_both_have_their_effects_and_one_trial_stands_for_the_front():
    both = '[[objective]]\n    metric = "val_loss"\n    goal = "minimize"\n    [[objective]]\n    metric = "accuracy"'
    study = BOWL.replace('[objective]\n    metric = "val_loss"', f'{both}\n    goal = "maximize"')
    trials = [replace(t, values={**t.values, "accuracy": 20 / t.params["width"] + t.number / 100}) for t in bowl(14)]
    text = text_of(trials, study)
    assert "`width` matters for `accuracy`" in text
    assert "The Pareto front has 5 trials" in text
    first = min(trials, key=lambda t: t.values["val_loss"]).number
    assert f"Where one of them has to stand for all below, it is trial {first}." in text


def test_every_command_to_run_it_again_is_one_that_the_shell_and_hptui_take(home):
    study = """
        name = "odd"
        [objective]
        metric = "loss"
        [trainer]
        kind = "odd:train"
        "a|b" = 1
        text = "$HOME; x"
        [space]
        "a|b" = "1..9"
    """
    words = ["", "two words", "`x`", "it's"]
    trials = [one(0, {}, {"loss": 1.0}, role=Role.BASELINE)]
    by_hand = {"role": Role.MANUAL}
    trials += [one(n, {"a|b": n, "text": w}, {"loss": 2.0 + n}, **by_hand) for n, w in enumerate(words, start=1)]
    trials += [one(5, trials[1].params, {"loss": 3.1}, role=Role.REPLICATE, replicate_of=1)]
    trials += [one(6, {"a|b": 7}, None, "failed", "crash", **by_hand), one(7, {"a|b": 8}, {"loss": 9.0})]
    text = write_report(read_report_data(build(home, study, trials)), "report.md")[0]
    commands = [shlex.split(row, comments=True) for row in text.splitlines() if row.startswith("hptui add")]
    assert len(commands) == 6, "what the study file runs by itself needs no command of its own"
    for trial, (_, _, _, *own) in zip(trials[1:7], commands, strict=True):
        assert own, "hptui add wants a setting"
        if trial.role is Role.REPLICATE:
            assert own == ["--repeat", "1"]
            continue
        asked = {key: read_value(value) for key, _, value in (word.partition("=") for word in own)}
        assert asked == trial.params


def test_the_document_of_one_run_holds_its_own_settings_and_no_others(home):
    text = write_report(
        read_report_data(build(home, seeds.MEDICAL, seeds.medical_trials())), "report.md", "hyperparameters"
    )[0]
    assert "| Epochs (planned) | 5 |" in text
    assert "| Epochs | 3 |" not in text, "those of the baseline"


def test_an_empty_section_has_no_heading():
    assert "## Reproduce" not in text_of([])
    assert text_of(seeds.math_trials()[:1], seeds.MATH).count("(trial 0)") == 1


def test_an_imported_trial_is_marked_and_its_source_named(home):
    source = {"imported_from": "/tmp/earlier runs.csv", "imported_sha256": "0" * 64, "imported_place": "row 3"}
    known = one(4, {"learning_rate": 1e-3}, {"val_loss": 0.5}, role=Role.IMPORTED, seconds=0.0, seed=77, facts=source)
    text = text_of([*bowl(4), known])
    assert "| **4 (imported)** | **1e-3** | – | **0.500** |" in text
    assert "It was imported from row 3 of `earlier runs.csv`: only a person knows whether" in text
    assert "1 trial was imported: it ran elsewhere" in text
    assert "Imported trials ran elsewhere: what ran there, no command here repeats." in text
    assert "**Seeds of the training**: 42\n" in text, "its own seed is not known"


def test_only_trials_with_a_name_make_a_column_of_names():
    again = one(
        5, bowl(1)[0].params, None, "waiting", None, role=Role.REPLICATE, replicate_of=0, title="trial 0, seed 1"
    )
    assert "| Trial | learning_rate | width | val_loss |" in text_of([*bowl(5), again])


STAGES = """
    [search]
    evaluate_base = true
    [metrics.accuracy]
    heading = "Accuracy"
    [reference]
    metric = "accuracy"
    value = 0.5
    split = "validation"
    targets = [0.05]
    [[stage]]
    name = "coarse"
    trials = 8
    [[stage]]
    name = "final"
    from = "best 2"
    set = { steps = 12 }
    seeds = 2
"""


def staged():
    """Eight short trials, the best two again and longer, each with a second seed."""
    rates = [10 ** (-5 + n / 2) for n in range(8)]
    found = [one(0, {}, {"accuracy": 0.05}, role=Role.BASE, stage="coarse", title="Base model, untrained")]
    for n, rate in enumerate(rates, start=1):
        loss = (math.log10(rate) + 3) ** 2
        found.append(one(n, {"learning_rate": rate}, {"accuracy": 0.5 - loss / 20}, stage="coarse"))
    for n, (source, value) in enumerate([(5, 0.60), (6, 0.55)], start=9):
        more = {"stage": "final", "role": Role.LISTED, "title": f"best of coarse (trial {source}) in final"}
        params = {**found[source].params, "steps": 12}
        found.append(one(n, params, {"accuracy": value}, facts={"from_trial": source}, **more))
    for n, of in ((11, 9), (12, 10)):
        more = {"stage": "final", "role": Role.REPLICATE, "replicate_of": of, "seed": 43}
        found.append(one(n, found[of].params, {"accuracy": found[of].values["accuracy"] + 0.01}, **more))
    return found


@pytest.mark.parametrize("style", ["results", "hyperparameters"])
def test_the_mean_of_seeds_and_the_run_itself_are_two_numbers(style):
    study = BOWL.replace('metric = "val_loss"', 'metric = "accuracy"\n    goal = "maximize"')
    text = text_of(staged(), study.replace("    [search]\n    trials = 24\n", STAGES.lstrip("\n")), style)
    assert "of stage final, " in text.split("\n")[3]
    assert "It is the mean of 2 runs and the best of 2" in text
    if style == "results":
        assert "Stages**: coarse: 8 trials; final: the best 2 again with `steps` = 12, 2 seeds each" in text
        assert "| Metric | Base model (trial 0) | Fine-tuned model (trial 9) |" in text
        assert "the study does not say of which Accuracy is" in text
        assert "Among the trials of stage coarse, which has the most complete trials." in text
        assert "| `learning_rate` |" in text


def test_a_trend_that_may_be_chance_recommends_no_wider_range():
    values = [0.34, 0.56, 0.29, 0.45, 0.23, 0.53, 0.22, 0.53]
    widths = [128, 128, 64, 64, 128, 128, 32, 64]
    trials = [
        one(n, {"learning_rate": 1e-3, "width": w}, {"val_loss": 1 - v})
        for n, (v, w) in enumerate(zip(values, widths, strict=True))
    ]
    text = text_of(trials)
    assert "These trials do not show that `width` matters" in text
    assert "Widen" not in text
    up = [one(n, {"learning_rate": 1e-3, "width": 32 * 2 ** (n // 3)}, {"val_loss": 1 - n / 9}) for n in range(9)]
    text = text_of(up)
    assert (
        "Widen `width` beyond 128: the best lies at that end, which is better than a third of the range inwards" in text
    )


def test_a_setting_of_its_own_beside_the_baseline_and_whole_numbers_break_nothing():
    base = one(0, {}, {"val_loss": 1}, role=Role.BASELINE)
    own = one(1, {"steps": 5}, {"val_loss": 1.0})
    more = one(2, {"width": 32}, {"val_loss": 2})
    text = text_of([base, own, more])
    assert "| trial 1 | `steps` – → 5 | equal |" in text


def test_no_change_has_no_sign():
    base = one(0, {}, {"val_loss": 0.0}, role=Role.BASE)
    text = text_of([base, one(1, {"width": 32}, {"val_loss": 0.0})])
    assert "| `val_loss` | 0 | 0 | equal | equal |" in text
    text = text_of([replace(base, values={"val_loss": 2.0}), one(1, {"width": 32}, {"val_loss": 2.0})])
    assert "| `val_loss` | 2 | 2 | equal | equal |" in text


def test_what_an_import_calls_a_setting_is_its_setting():
    """Also where hptui has a key of that name for scripts, and a metric is called so."""
    text = BOWL.replace('kind = "bowl:train"', 'kind = "command"\n    command = ["python", "t.py"]')
    known = one(0, {"env": "conda"}, {"val_loss": 0.5}, role=Role.IMPORTED, metrics={"env": 0.25})
    assert column_value(view_of([known], text), known, "env") == "conda"
