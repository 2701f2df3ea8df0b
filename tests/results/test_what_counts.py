"""What a report says of trials that do not count as others do: conditions broken, edited files, machines, stages."""

import fcntl
import itertools
import math
import random
import re
from dataclasses import replace

import pytest

from hptui.core.trial import Attempt, AttemptState, Reason, Role, StudyState, TrialStatus
from hptui.operations.report import verify_report, write_report
from hptui.results import claims
from hptui.results.analysis.turn import is_level, scatter_for, whole_gain, window_gain
from hptui.results.digits import exponent_digits
from hptui.results.document import render_markdown
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import Revision
from tests.results.examples import STUDY, report_of, some
from tests.results.kit import view_of
from tests.results.seeds import build, one

OUTCOME = STUDY.replace("trials = 40", 'trials = 40\noutcome = ["latency <= 0.5"]')


def with_latency(trials, die):
    """The same trials, each with a latency between 0 and 1."""
    found = []
    for trial in trials:
        metrics = {**trial.metrics, "latency": round(die.random(), 3)}
        found.append(replace(trial, metrics=metrics, final=metrics))
    return found


def line_of(text, label):
    return next(said for said in text.split("\n") if said.startswith(f"- **{label}"))


@pytest.mark.parametrize("seed", range(24))
def test_what_is_said_of_conditions_is_counted_anew(seed):
    die = random.Random(seed)
    trials = some(die.choice([3, 9, 16]), lambda die, _: round(1 + die.random(), 4), seed, engine="random")
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    trials = with_latency(trials, die)
    text, _ = report_of(trials, OUTCOME)
    values = {t.number: t.values["val_loss"] for t in trials}
    kept = [t.number for t in trials if t.metrics["latency"] <= 0.5]
    if not kept:
        assert "no trial keeps the study's conditions, so none is the best" in text
        assert "no trial has a value" not in text
        assert "nothing has ended" not in text
        assert "best trial is in bold" not in text
        return
    best = min(kept, key=lambda n: (values[n], n))
    better = [n for n, value in values.items() if value < values[best]]
    head = line_of(text, "Best")
    assert f"trial {best}," in head
    verb = "breaks" if len(better) == 1 else "break"
    assert (f"; {len(better)} with a better value {verb} a condition" in head) == bool(better)
    if best == 0:
        who = "no trial that keeps the conditions" if better else "no trial"
        assert line_of(text, "Against").endswith(f": {who} was better than the baseline")
    if "independent draws" in text:
        assert re.search(r"draws would hold a lower `val_loss` that keeps the conditions with", text)
    if "| Setting | Value |" in text and len(kept) < len(trials):
        assert "Trials that break a condition of the study have no part in the best value." in text
        rows = text[text.index("| Setting | Value |") :].split("\n\n")[0].split("\n")[2:]
        shown = {int(m[1]) for row in rows if (m := re.search(r"\| (\d+)[^|]*\|$", row))}
        assert shown <= set(kept)


@pytest.mark.parametrize("latency", [0.9, 1.0])
def test_where_no_trial_keeps_the_conditions_none_is_narrowed_to(latency):
    trials = some(16, lambda die, params: round(1 + params["a"], 4), 3, engine="random")
    metrics = [{**t.metrics, "latency": latency} for t in trials]
    trials = [replace(t, metrics=m, final=m) for t, m in zip(trials, metrics, strict=True)]
    text, facts = report_of(trials, OUTCOME)
    assert "hptui space" not in text
    assert "The best" not in text.replace("The best trial", "")
    assert claims.next_step(facts).premise["step"] == "outcome"


def test_fresh_runs_and_cheaper_trials_are_of_such_as_keep_the_conditions():
    trials = some(9, lambda die, _: round(1 + die.random() / 50, 5), 4, seconds=100.0)
    slow = [replace(t, seconds=100.0, metrics={**t.metrics, "latency": 0.1}) for t in trials]
    fast = replace(slow[3], seconds=10.0, metrics={**slow[3].metrics, "latency": 0.9})
    runs = [
        one(9 + n, fast.params, {"val_loss": 0.1 + n / 100}, role=Role.REPLICATE, replicate_of=3, seed=50 + n)
        for n in range(3)
    ]
    text, facts = report_of([*slow[:3], fast, *slow[4:], *runs], OUTCOME)
    assert "Trial 3 comes close" not in text
    assert facts.data.fresh_leader is None


@pytest.mark.parametrize("seed", range(12))
def test_a_table_that_is_cut_says_which_trials_it_shows(seed):
    die = random.Random(seed)
    trials = some(die.choice([21, 30]), lambda die, _: round(1 + die.random(), 4), seed)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    if seed % 3 == 0:
        trials[0] = replace(trials[0], status=TrialStatus.FAILED, reason=Reason.CRASH, values=None, metrics={})
    text, facts = report_of(trials)
    rows = text[text.index("## Trials") :].split("\n\n")[1].split("\n")[2:]
    shown = [int(re.sub(r"\D", "", row.split("|")[1])) for row in rows]
    best = [t.number for t in facts.data.order[: len(shown)]]
    said = next(row for row in text.split("\n") if re.match(r"\d+ of \d+ trials:", row))
    assert ("the last one is the baseline" in said) == (shown != best)
    assert shown == best or shown[-1] == 0


EDITED = STUDY.replace("b = 4", "b = 4\nwarm = 50")


@pytest.mark.parametrize("change", ["warm", "space", "trials"])
def test_an_edited_file_fixes_nothing_that_it_changed_and_draws_no_one_search(change):
    trials = some(16, lambda die, params: round(2 - params["a"] / 9 + die.random(), 4), 5, engine="random")
    trials = [replace(t, revision=1 if t.number < 9 else 2) for t in trials]
    view = view_of(trials, EDITED)
    older = {**view.study.trainer.settings, **({"warm": 5} if change == "warm" else {})}
    view = replace(view, trainers={1: older, 2: view.study.trainer.settings})
    specs = [{"space": [1], "trainer": {"warm": 50}, "search": {"trials": 9}} for _ in range(2)]
    if change == "warm":
        specs[0]["trainer"] = {"warm": 5}
    elif change == "space":
        specs[0]["space"] = [2]
    else:
        specs[0]["search"] = {"trials": 3}
    revisions = tuple(Revision(rev, 0.0, spec, "") for rev, spec in enumerate(specs, start=1))
    text = render_markdown(compose_report(ReportData(view, revisions=revisions))).text
    assert ("independent draws" in text) == (change == "trials")
    assert ("| `warm` | 50 |" in text[: text.index("The best configuration")]) == (change != "warm")
    edited = "`warm` was changed while the study ran: 5 from trial 0 on, 50 from trial 9 on."
    assert (edited in text) == (change == "warm")


MODELS = STUDY.replace("b = 4", 'b = 4\nmodel = "small"\nadapter = "{adapter}"\n{lora}')


@pytest.mark.parametrize(
    ("adapter", "lora", "method"),
    [
        ("lora", "", "LoRA"),
        ("houlsby", "", None),
        ("none", "", "training of all weights"),
        (None, "use_lora = false\nlora_r = 8", None),
        (None, "lora_r = 8", "LoRA"),
    ],
)
@pytest.mark.parametrize("varied", [False, True])
def test_setup_names_what_all_trials_had(adapter, lora, method, varied):
    text = MODELS.replace('adapter = "{adapter}"', f'adapter = "{adapter}"' if adapter else "").replace("{lora}", lora)
    trials = some(6, lambda die, _: die.random(), 2)
    if varied:
        trials = [replace(t, params={**t.params, "model": "big"}) if t.number > 2 else t for t in trials]
    said, _ = report_of(trials, text)
    assert ("**Model**: `small` or `big`" in said) == varied
    assert ("**Method**" in said) == (method is not None)
    if method:
        assert f"**Method**: {method}\n" in said


def environment(gpu):
    return {"gpu": gpu, "cpu": "EPYC", "cores": 8, "python": "3.11", "packages": {"torch": "2.5"}}


@pytest.mark.parametrize("others", ["H100", "A100"])
def test_one_machine_is_not_told_as_that_of_all(others):
    trials = some(6, lambda die, _: die.random(), 2)
    attempts = {
        t.number: (
            Attempt(
                token=str(t.number),
                trial=t.number,
                n=1,
                state=AttemptState.DONE,
                started=t.started,
                ended=t.ended,
                environment=environment("H100" if t.number % 2 else others),
            ),
        )
        for t in trials
    }
    said, _ = report_of(trials, attempts=attempts)
    assert ("**Not the same for all trials**: GPU; these lines are of the best trial" in said) == (others != "H100")


@pytest.mark.parametrize("counts", [(200,), (100, 150, 200)])
def test_examples_behind_a_rate_are_those_of_all_trials(counts):
    text = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"')
    trials = []
    for n in range(9):
        total = counts[n % len(counts)]
        metrics = {"accuracy": n / 20, "accuracy:k": n * total / 20, "accuracy:n": total}
        trials.append(one(n, {"a": n / 10, "b": 3}, {"accuracy": n / 20}, metrics=metrics))
    said, _ = report_of(trials, text)
    assert f"over {' to '.join(str(n) for n in sorted({counts[0], counts[-1]}))} examples" in said


STAGED = """
name = "two"
[[objective]]
metric = "loss"
goal = "minimize"
[[objective]]
metric = "speed"
goal = "maximize"
[trainer]
kind = "read:train"
steps = 10
a = 0.5
[[stage]]
name = "one"
sampler = "random"
trials = 6
space = { a = "0.0..1.0" }
[[stage]]
name = "more"
from = "best 2"
set = { steps = 20 }
"""


@pytest.mark.parametrize("seed", range(6))
def test_a_front_is_that_of_the_trials_that_it_is_made_of(seed):
    die = random.Random(seed)
    trials = []
    for n in range(8):
        stage, steps = ("one", 10) if n < 6 else ("more", 20)
        values = {"loss": round(die.random(), 3), "speed": round(die.random(), 3)}
        role = Role.BASELINE if n == 0 else Role.SEARCH if n < 6 else Role.LISTED
        params = {"a": round(die.random(), 3), **({"steps": 20} if n > 5 else {})}
        trials.append(one(n, params, values, role=role, stage=stage, total_steps=steps, last_step=steps))
    text, facts = report_of(trials, STAGED)
    assert "of stage more" in line_of(text, "Best")
    assert "no trial is as good as one of them" not in text
    assert "the baseline ran in another stage" in line_of(text, "Against")
    assert "best value of a ranked trial" in text
    front = facts.data.best_trials
    assert facts.data.best.number == min(front, key=lambda t: t.values["loss"]).number


def test_a_size_that_rests_on_cut_values_says_so():
    def value(die, params):
        wall = 3 if params["a"] > 0.9 else 0
        slope = 1.2 * (16 - params["b"]) / 16
        return round(2 + 8 * (params["a"] - 0.4) ** 2 + slope + wall + die.gauss(0, 0.05), 4)

    told = {True: 0, False: 0}
    for seed in range(4):
        trials = some(30, value, seed, engine="random")
        text, facts = report_of(trials, STUDY)
        cut = facts.data.effect_analysis().scores.cut
        for said in text.split("\n"):
            if re.search(r"by about \S+ \(|by up to", said):
                assert ("counted as that" in said) == (cut is not None), said
                told[cut is not None] += 1
    assert told[True]


@pytest.mark.parametrize("seed", range(20))
def test_a_curve_that_rises_at_its_end_is_not_level(seed):
    die = random.Random(seed)
    slope = die.choice([0.0, 0.004, 0.01])
    values = [2 * math.exp(-i / 4) + slope * max(0, i - 18) + die.gauss(0, 0.002) for i in range(40)]
    scatter = scatter_for(values, None)
    late, whole = window_gain(values, scatter), whole_gain(values, scatter)
    if slope:
        assert not is_level(late, whole)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_with_an_exponent_tell_values_apart_as_others_do(seed):
    die = random.Random(seed)
    scale = 10 ** die.uniform(9, 14) * die.choice([1, 1e-24])
    values = [scale * (1 + die.random() * 10 ** die.uniform(-4.5, 0)) for _ in range(8)]
    text = STUDY.replace("trials = 40", "trials = 8")
    trials = some(8, lambda die, _: 1.0, seed)
    trials = [replace(t, values={"val_loss": v}, metrics={"val_loss": v}) for t, v in zip(trials, values, strict=True)]
    _, facts = report_of(trials, text)
    printed = {v: facts.format_value("val_loss", v) for v in values}
    ordered = sorted(values)
    for low, high in itertools.pairwise(ordered):
        assert float(printed[low]) <= float(printed[high])
        if exponent_digits(values) < 6:
            assert printed[low] != printed[high]


def test_a_range_does_not_leave_out_what_the_report_calls_better():
    """Large batches saw more examples: their learning rates are no reason to leave the better ones out."""
    text = STUDY.replace("a = 0.5\nb = 4", "lr = 1e-3\nbatch_size = 16").replace(
        'a = "0.0..1.0"\nb = "1..16 int"', 'lr = "1e-4..1e-2 log"\nbatch_size = { choices = [8, 16, 32, 64] }'
    )
    for seed in range(6):
        die, trials = random.Random(seed), []
        for n in range(24):
            batch, lr = die.choice([8, 16, 32, 64]), 10 ** die.uniform(-4, -2)
            lr = 10 ** die.uniform(-3.9, -3.4) if batch > 16 else lr
            value = 10 / batch + 0.3 * (math.log10(lr) + 3) ** 2 + die.gauss(0, 0.005)
            trials.append(one(n, {"lr": lr, "batch_size": batch}, {"val_loss": round(value, 4)}, engine="random"))
        said, _ = report_of(trials, text)
        place = re.search(r"is lower at `lr` = (\S+) than", said)
        advised = re.search(r"have `lr` in (\S+?)\.\.(\S+) log", said)
        if place and advised and not float(advised[1]) <= float(place[1]) <= float(advised[2]):
            raise AssertionError(said)


def test_a_study_whose_runner_has_gone_is_not_waited_for():
    record = ReportData(view_of(some(4, lambda die, _: die.random(), 1), STUDY))
    record = replace(record, view=replace(record.view, row=replace(record.view.row, state=StudyState.RUNNING)))
    assert "the study is running" in claims.next_step(FactWriter(record)).sentence
    gone = FactWriter(replace(record, is_runner_gone=True))
    assert claims.next_step(gone).sentence == "hptui run read"
    assert "running, runner gone" in render_markdown(compose_report(gone.data)).text


def test_lists_that_are_cut_say_so():
    trials = some(3, lambda die, _: die.random(), 1)
    seeds = [
        one(3 + n, trials[0].params, {"val_loss": n / 7}, role=Role.REPLICATE, replicate_of=0, seed=100 + n)
        for n in range(12)
    ]
    text, _ = report_of([*trials, *seeds])
    assert "108 and 3 more" in text


@pytest.mark.parametrize("unknown", [False, True])
def test_a_condition_that_was_not_measured_is_not_told_as_kept(unknown):
    trials = some(9, lambda die, _: round(1 + die.random(), 4), 6)
    best = min(trials, key=lambda t: t.values["val_loss"]).number
    kept = [replace(t, metrics={**t.metrics, "latency": 0.1}) for t in trials]
    text, _ = report_of([trials[t.number] if unknown and t.number == best else t for t in kept], OUTCOME)
    assert ("whether it keeps the study's conditions is not known" in line_of(text, "Best")) == unknown
    assert (f"which name what it did not measure: trial {best}." in text) == unknown


def test_the_best_of_one_length_is_not_told_as_the_best_of_all():
    trials = some(9, lambda die, _: round(2 + die.random(), 4), 6, total_steps=10, last_step=10)
    longer = [
        one(
            9 + n,
            {"steps": 20, "a": n / 9},
            {"val_loss": 1 + n / 7},
            role=Role.MANUAL,
            total_steps=20,
            last_step=20,
            engine="",
        )
        for n in range(3)
    ]
    text, _ = report_of([*trials, *longer])
    assert "It ran once and is the best of 3 of its length: its value" in text
    trials[0] = replace(trials[0], role=Role.BASELINE, params={}, values={"val_loss": 2.9})
    worse = [replace(trial, values={"val_loss": 5.0}) for trial in longer]
    text, _ = report_of([*trials, *worse])
    assert "the best of 9 of its length" in line_of(text, "Sure")


@pytest.mark.parametrize(
    ("settings", "is_lora"), [("alpha = 0.5\nrank = 3", False), ("alpha = 16\nlora_dropout = 0.1", True)]
)
def test_an_alpha_is_lora_only_where_there_is_lora(settings, is_lora):
    text, _ = report_of(some(3, lambda die, _: die.random(), 1), STUDY.replace("b = 4", f"b = 4\n{settings}", 1))
    table = text[text.index("| Category | Parameter |") :]
    assert ("Alpha (α)" in table) == is_lora
    assert ("`alpha`" in table) != is_lora


def test_each_setting_of_a_kind_has_a_row():
    settings = "warmup_steps = 10\nwarmup_ratio = 0.25\nbf16 = true\ndtype = 'float16'"
    text, _ = report_of(some(3, lambda die, _: die.random(), 1), STUDY.replace("b = 4", f"b = 4\n{settings}", 1))
    table = text[text.index("| Category | Parameter |") :].split("\n\n")[0]
    assert all(f"| {value} |" in table for value in ("10", "0.25", "true", "float16"))


@pytest.mark.parametrize("seed", range(4))
def test_a_signed_percentage_has_one_sign_and_one_number(seed):
    text = STUDY.replace('metric = "val_loss"', 'metric = "wer"') + '[metrics.wer]\nformat = "percent"\n'
    die = random.Random(seed)
    trials = [one(n, {"a": n / 10, "b": 3}, {"wer": die.uniform(0.2, 0.3)}, seed=42) for n in range(6)]
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    best = min(trials, key=lambda t: t.values["wer"])
    for n in range(6):
        source = (best, trials[0])[n % 2]
        run = {"role": Role.REPLICATE, "replicate_of": source.number, "seed": 50 + n // 2}
        trials.append(one(6 + n, source.params, {"wer": die.uniform(0.2, 0.3)}, **run))
    said, _ = report_of(trials, text)
    assert not re.search(r"[+−]0\.\d+ \(\d", line_of(said, "Sure"))


@pytest.mark.parametrize("alive", [False, True])
def test_a_report_of_a_study_that_was_killed_is_as_written_or_stale(tmp_path, alive):
    sd = build(tmp_path, STUDY, some(4, lambda die, _: die.random(), 1), state=StudyState.RUNNING)
    with sd.lock.open("ab") as lock:
        if alive:
            fcntl.flock(lock, fcntl.LOCK_EX)
        (path, *_) = write_report(sd, tmp_path / "out", figures="none")
    check = verify_report(tmp_path, path)
    assert {difference.kind for difference in check.differences} <= {"stale"}
    assert bool(check.differences) == alive
