"""Reports: what the seeds' tables give, and what no report may ever say."""

import json
import math
import re
from dataclasses import replace

import pytest

from hptui.results.document import CodeBlock, Image, ReportDocument, lines_of
from hptui.results.export.text_formats import toml_value
from hptui.results.fact_index import read_fact_index, render_with_index
from hptui.results.facts import Bold, Fact, Name, UserText, line
from hptui.results.report import STYLES, compose_report, write_report
from hptui.results.report_data import read_report_data
from tests.operations.made import EVIL, make
from tests.results import seeds
from tests.results.seeds import build, one
from tests.results.test_markdown import html


def text_of(home, study, trials, style="results", **more):
    return write_report(read_report_data(build(home, study, trials, **more)), "report.md", style)[0]


@pytest.fixture
def maths(home):
    return text_of(home, seeds.MATH, seeds.math_trials())


@pytest.fixture
def medical(home):
    return text_of(home, seeds.MEDICAL, seeds.medical_trials())


# what the seeds' tables give ------------------------------------------------------------------------------------


def test_the_winner_of_two_hundred_questions(maths):
    assert "- **Best**: trial 1, Accuracy 0.0300 (3.0%)" in maths
    assert "It cannot be told apart from any of the 14 others (Tukey's range of rates)." in maths
    assert "Wilson" not in maths, "an interval of one run does not hold for the best of fifteen"
    assert "| **1** | **7.98e-6** | **256** | **0.0300 (3.0%)** |" in maths


def test_the_region_of_zeros_names_its_exception(maths):
    assert "4 of 5 trials with Learning Rate >= 3.09e-5 had nothing right, 0 of 10 others" in maths
    assert "an exception is trial 9 (Learning Rate 3.64e-5)" in maths
    assert "Avoid Learning Rate" not in maths


def test_batch_size_and_learning_rate_are_never_told_apart(maths):
    assert not re.search(r"(Batch Size|Learning Rate) matters", maths.replace("Learning Rate or Batch Size", ""))


def test_each_setting_stands_in_isolation(maths):
    rows = [row for row in maths.splitlines() if re.match(r"\|( Batch Size)?  ?\| (128|256|512|1024) \|", row)]
    assert [row.split(" | ")[2:6] for row in rows] == [[n, n, "0", "0"] for n in ("5", "4", "4", "2")]
    assert rows[1].endswith("| 0.0300 (3.0%) | 1 (the best) |")


def test_the_medical_table_has_its_columns_and_a_worse_value_is_called_worse(medical):
    heads = "Experiment | Learning Rate | Batch Size | LoRA r | LoRA α | Epochs | Perplexity | BLEU | ROUGE-L"
    assert f"| {heads} | Training Time | GPU Memory | Notes |" in medical
    (row,) = [row for row in medical.splitlines() if row.startswith("| Exp 2 | ")]
    assert "| 19.5 | 0.40 | 0.49 | ~45 min | 4.2 GiB | “Higher LR” |" in row
    assert "| Exp 2 (trial 3) | Learning Rate 2e-4 → 5e-4 | +0.8 worse | −0.02 worse | −0.02 worse |" in medical


def test_base_model_against_fine_tuned(medical):
    assert "| Perplexity | 45.2 | 17.8 | −60.6% | better |" in medical
    assert "| BLEU | 0.23 | 0.44 | +91.3% | better |" in medical
    assert "| ROUGE-L | 0.31 | 0.53 | +71.0% | better |" in medical


def test_single_runs_have_no_interval(medical):
    assert "It ran once, so its value has no interval." in medical  # no other trial has its length
    assert "95%" not in medical


def test_a_longer_training_is_flagged_everywhere(medical):
    assert "**Sure that it is better?** not comparable: they trained for different lengths" in medical
    assert "Careful: the first trained for 3 epochs, the second for 5 epochs." in medical
    assert "Trial 7 (Exp 6) did not train for 3 epochs as most did" in medical


def test_what_helped_alone_is_proposed_together(medical):
    assert "they have not run together: LoRA r = 16, LoRA α = 32 and Epochs = 5." in medical
    assert "hptui add tinyllama-medical lora_rank=16 lora_alpha=32 epochs=5" in medical


def test_what_was_measured_differently_is_not_compared(home):
    text = text_of(home, seeds.DIRECTOR, seeds.director_trials())
    assert "It was measured differently, so the two are not compared" in text
    assert "after 3 epochs, the trial trained for 1" in text
    assert "**Against the baseline**: 0.610 → 0.562 (−8%)" in text, "the trial that is the baseline may be compared"


# what no report may say -----------------------------------------------------------------------------------------

STUDIES = {
    "math": (seeds.MATH, seeds.math_trials),
    "director": (seeds.DIRECTOR, seeds.director_trials),
    "medical": (seeds.MEDICAL, seeds.medical_trials),
}


def literals(parts):
    for part in parts:
        if isinstance(part, Bold):
            yield from literals(part.parts)
        elif isinstance(part, str):
            yield part


def document_of(sd, style="results"):
    return compose_report(read_report_data(sd), style)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", STUDIES)
def test_no_number_is_typed_every_one_is_a_fact(home, name, style):
    text, trials = STUDIES[name]
    document = document_of(build(home, text, trials()), style)
    for block in document.blocks:
        if isinstance(block, CodeBlock) and block.language != "text":
            continue
        for parts in lines_of(block):
            typed = [word for word in literals(parts) if re.search(r"\d", word)]
            assert not typed, typed


@pytest.mark.parametrize("name", STUDIES)
def test_every_fact_that_names_a_field_is_that_field(home, name):
    """What claims to be a stored number is one: looked up anew, not as the report computed it."""
    text, trials = STUDIES[name]
    record = read_report_data(build(home, text, trials()))
    by = {trial.number: trial for trial in record.view.trials}
    looked = 0
    for fact in compose_report(record, "results").facts():
        kind, _, rest = fact.field.partition(".")
        if len(fact.trials) != 1 or kind not in ("values", "metrics", "params", "seconds", "peak_memory_gb", "number"):
            continue
        trial = by[fact.trials[0]]
        found = getattr(trial, kind)
        assert fact.value == (found[rest] if rest else found), fact
        looked += 1
    assert looked > 20


@pytest.mark.parametrize("name", STUDIES)
def test_a_changed_number_changes_or_removes_every_statement_that_used_it(home, tmp_path, name):
    text, make_trials = STUDIES[name]
    trials = make_trials()
    before = ledger_of(build(home, text, trials))
    for index, trial in list(enumerate(trials))[1::6]:
        for field, other in mutations(trial):
            changed = [*trials[:index], other, *trials[index + 1 :]]
            after = ledger_of(build(tmp_path / f"{index}-{field}", text, changed))
            for key, fact in before.facts.items():
                if fact.field == field and trial.number in fact.trials:
                    still = after.facts.get(key)
                    assert still is None or still.value != fact.value, (field, key)


def mutations(trial):
    """The trial with one stored number changed, for each of its numbers."""
    for name, value in (trial.values or {}).items():
        changed = {**trial.values, name: value + 0.015}
        yield f"values.{name}", replace(trial, values=changed, metrics={**trial.metrics, **changed})
    for name, value in trial.metrics.items():
        if name not in (trial.values or {}):
            yield f"metrics.{name}", replace(trial, metrics={**trial.metrics, name: value + 0.015})
    for name, value in trial.params.items():
        yield f"params.{name}", replace(trial, params={**trial.params, name: value * 2})
    yield "seconds", replace(trial, seconds=trial.seconds * 1.5 + 7)
    if trial.peak_memory_gb is not None:
        yield "peak_memory_gb", replace(trial, peak_memory_gb=trial.peak_memory_gb * 1.5)


def ledger_of(sd):
    return read_fact_index(write_report(read_report_data(sd), "report.md", "results")[1])


def test_the_same_store_gives_the_same_bytes(home):
    sd = build(home, seeds.MEDICAL, seeds.medical_trials())
    assert write_report(read_report_data(sd), "report.md") == write_report(read_report_data(sd), "report.md")


def test_every_place_of_the_ledger_is_right(home):
    sd = build(home, seeds.MATH, seeds.math_trials())
    text, ledger = write_report(read_report_data(sd), "report.md")
    rows = text.splitlines()
    found = read_fact_index(ledger)
    assert len(found.places) > 150
    for place in found.places:
        assert rows[place.line - 1][place.column : place.column + len(place.text)] == place.text
        assert place.key in found.facts
    assert json.loads(ledger)["study"] == "math-sft"


# odd studies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "trials",
    [
        [],
        [one(0, {}, {"accuracy": 0.5})],
        [
            one(n, {"learning_rate": 1e-5 * (n + 1)}, None, "failed", "oom", message="CUDA out of memory")
            for n in range(4)
        ],
        [one(n, {"learning_rate": 1e-5 * (n + 1), "batch_size": 128}, {"accuracy": 0.5}) for n in range(8)],
        [one(n, {"learning_rate": 1e-5}, {"accuracy": v}) for n, v in enumerate([math.nan, math.inf, 0.2])],
        [
            one(0, {}, {"accuracy": 0.5}, metrics={"accuracy": 0.5, "bleu": 0.1}),
            one(1, {"batch_size": 512}, {"accuracy": 0.4}),
        ],
        [one(0, {}, None, "running", None, ended=None), one(1, {}, None, "waiting", None, started=None, ended=None)],
        [
            one(0, {}, None, "pruned", "pruner", metrics={"accuracy": 0.3}),
            one(1, {"batch_size": 512}, {"accuracy": 0.4}),
        ],
    ],
    ids=["empty", "one", "all failed", "all equal", "not numbers", "metric in some", "running", "pruned"],
)
def test_odd_studies_have_a_report(home, trials, style):
    text = text_of(home, seeds.MATH, trials, style)
    assert text.startswith("# Hyperparameter Optimization\n")
    if not any(trial.status == "complete" for trial in trials):
        assert "none is the best" in text
    pruned = [row for row in text.splitlines() if "pruned (pruner)" in row and row.startswith("| 0 ")]
    assert all("0.3000" not in row for row in pruned), "a pruned trial has no value of the objective"


def test_failures_are_counted_by_reason_and_never_have_a_value(home):
    trials = [one(n, {"learning_rate": 1e-5 * (n + 1)}, {"accuracy": 0.1 * n}) for n in range(3)]
    trials += [one(3 + n, {"batch_size": 1024}, None, "failed", "oom", message="CUDA out of memory") for n in range(2)]
    trials += [one(5, {}, None, "failed", "timeout", message="took longer than 30 min")]
    text = text_of(home, seeds.MATH, trials)
    assert "6 trials: 3 complete, 3 failed" in text
    assert "- **Went wrong**: 2 ran out of memory, 1 took too long, of 6" in text
    assert re.search(r"\| trial 5 \| failed \(timeout\) \|.*took longer than 30 min", text)
    assert "a smaller batch: batch_size 1024 → 512" in text


def test_a_persons_words_are_marked_as_theirs(medical):
    assert "“Lower rank”" in medical
    assert "What stands in quotation marks under Notes was written by a person." in medical


@pytest.mark.parametrize(
    "evil", ["a|b", "<img src=x onerror=alert(1)>", "`x`", "# h", "[l](javascript:x)", EVIL, "🚀 **b**"]
)
def test_hostile_names_and_notes_break_nothing(home, evil):
    trials = [one(n, {"learning_rate": 1e-5 * (n + 1)}, {"accuracy": 0.1}, note=evil, title=evil) for n in range(2)]
    trials += [one(2, {}, None, "failed", "crash", message=evil)]
    said = f"[notes]\n    rationale = {toml_value(evil)}\n    future = [{toml_value(evil)}]\n    [report]"
    text = text_of(home, seeds.MATH.replace("[report]", said), trials)
    assert "\x1b" not in text
    _, tags = html(text)
    assert not {"img", "script", "a", "del"} & set(tags)
    assert tags.count("h1") == 1
    rows = [row for row in text.splitlines() if row.startswith("|")]
    head = next(row for row in rows if "Learning Rate" in row and "Accuracy" in row)
    body = [row for row in rows if "| 1e-5 |" in row.replace("**", "") and "0.1000" in row]
    assert body
    assert len(re.split(r"(?<!\\)\|", body[0])) == len(head.split("|"))


def test_pictures_stand_with_their_captions_and_facts(home):
    record = read_report_data(build(home, seeds.MATH, seeds.math_trials()))
    caption = line("Accuracy of {n} trials.", n=Fact("figure.n", 15, "15", tuple(range(15))))
    text, ledger = render_with_index(
        compose_report(record, "results", [Image("images/eval_accuracy.png", "accuracy", caption)]), "r.md"
    )
    assert "![accuracy](<images/eval_accuracy.png>)\n*Accuracy of 15 trials.*" in text
    assert "figure.n" in read_fact_index(ledger).facts


def test_the_made_study_shows_what_was_asked_and_what_was_used(home):
    text = write_report(read_report_data(make(home)), "report.md")[0]
    assert "| 32 → 30 |" in text
    assert "pseudo-loss" in text
    assert isinstance(UserText("x"), UserText)
    assert isinstance(Name("x"), Name)
    assert ReportDocument(()).blocks == ()


# stages and repetitions -----------------------------------------------------------------------------------------

STAGED = """
    name = "staged"
    [objective]
    metric = "eval_loss"
    [trainer]
    kind = "director:train"
    learning_rate = 2e-4
    epochs = 1
    [space]
    learning_rate = { low = 1e-5, high = 5e-4, log = true }
    [[stage]]
    name = "coarse"
    trials = 3
    set = { epochs = 5 }
    [[stage]]
    name = "final"
    from = "best 2"
    set = { epochs = 30 }
    seeds = 3
"""


def staged_trials():
    found = [
        one(n, {"learning_rate": lr, "epochs": 5}, {"eval_loss": v}, stage="coarse")
        for n, (lr, v) in enumerate([(1e-4, 0.30), (2e-4, 0.31), (3e-4, 0.50)])
    ]
    finals = [(1e-4, (0.40, 0.48, 0.44)), (2e-4, (0.43, 0.41, 0.42))]
    for lr, values in finals:
        first = len(found)
        for k, v in enumerate(values):
            role = {"role": "replicate", "replicate_of": first, "seed": 42 + k} if k else {}
            found.append(one(len(found), {"learning_rate": lr, "epochs": 30}, {"eval_loss": v}, stage="final", **role))
    return found


def test_a_staged_study_is_judged_by_means_within_its_last_stage(home):
    record = read_report_data(build(home, STAGED, staged_trials()))
    text = write_report(record, "r.md")[0]
    assert record.best.number == 6, "0.42 on average, though one run of trial 3 had 0.40, and the coarse stage 0.30"
    assert "- **Best**: trial 6 of stage final, `eval_loss` 0.420" in text
    assert "It is the mean of 3 runs and the best of 2" in text
    assert "It is of stage final; trials of stages with other settings are not ranked with it." in text
    assert [trial.number for trial in record.order] == [6, 3]
    assert "4 (repeats 3)" in text
    facts = {fact.key: fact for fact in compose_report(record).facts()}
    assert facts["trial.6.eval_loss.mean"].trials == (6, 7, 8)


def test_what_breaks_an_outcome_is_never_the_best(home):
    text = seeds.DIRECTOR.replace("[search]", '[search]\n    outcome = ["peak_memory_gb <= 16"]')
    trials = seeds.director_trials()
    trials = [replace(trial, peak_memory_gb=20.0 if trial.number == 3 else 10.0) for trial in trials]
    record = read_report_data(build(home, text, trials))
    assert record.best.number == 1
    assert record.order[-1].number == 3
    assert "Trial 3 break a condition" not in write_report(record, "r.md")[0]
    assert "Breaking a condition of the study, never the best: trial 3." in write_report(record, "r.md")[0]


def test_what_prints_the_same_is_equal(home):
    trials = [
        replace(one_, metrics={**one_.metrics, "bleu": 0.42 + 0.0003 * (one_.number == 3)})
        for one_ in seeds.medical_trials()
    ]
    text = text_of(home, seeds.MEDICAL, trials)
    assert "| Exp 2 (trial 3) | Learning Rate 2e-4 → 5e-4 | +0.8 worse | equal |" in text


def test_time_per_thousand_examples_is_of_the_examples_that_were_used(home):
    study = seeds.MEDICAL.replace("epochs = 3", "epochs = 3\n    train_samples = 500")
    text = text_of(home, study, seeds.medical_trials(), facts={"train_examples": 2500, "validation_examples": 19})
    whole = 1000 * sum(60 * row[5] / 500 for row in seeds.MEDICAL_ROWS) / len(seeds.MEDICAL_ROWS)
    assert f"training examples**: ~{whole / 3600:.1f} h for all passes over them" in text
    assert "| train | 500 | 96.3% |" in text, "not all that there are: those that were used"
    assert "The validation set holds only 19 examples" in text


def test_the_base_model_shows_no_settings(medical):
    assert "| Base model | – | – | – | – | – | 45.2 | 0.23 | 0.31 |" in medical
