"""Whole reports of made-up studies, read against what is true of the studies; each was wrong once."""

import html
import math
import random
import re
from dataclasses import replace
from decimal import Decimal
from itertools import takewhile

import pytest

from hptui.core.trial import Reason, Role, StudyState, TrialStatus
from hptui.results import claims
from hptui.results.analysis.confounding import is_telling, significant_digits
from hptui.results.analysis.fresh import runs_of
from hptui.results.analysis.turn import scatter_for
from hptui.results.diagnosis import diagnose
from hptui.results.document import render_markdown
from hptui.results.html_report import render_html
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.examples import IMPORTED, SEEDED, STUDY, report_of, seeded, some
from tests.results.generated import Made
from tests.results.kit import curve, view_of
from tests.results.seeds import one
from tests.results.test_form import attempt


@pytest.mark.parametrize("seed", range(12))
def test_values_of_which_most_are_equal_are_not_said_to_differ_little(seed):
    levels = [1.0, 2.0, 9.0][: 1 + seed % 3]
    trials = some(9 + seed, lambda die, _: die.choices(levels, [8, 1, 1][: len(levels)])[0], seed)
    text, facts = report_of(trials)
    values = [trial.values["val_loss"] for trial in trials]
    most = max(values.count(value) for value in values)
    if facts.data.effect_analysis().reason == "equal":
        said = facts.data.effect_analysis()
        assert said.reason == "equal"
        line = next(line for line in text.split("\n") if line.startswith("- **Mattered**"))
        assert "differ too little" not in line
        distinct = len(set(values))
        if distinct == 1:
            assert f"all {len(values)} trials have the same value" in line
        elif distinct == 2:
            assert f"the {len(values)} trials have 2 different values" in line
        else:
            assert f"{most} of {len(values)} trials have the same value" in line


def test_trials_with_the_value_of_the_best_are_nearly_as_good():
    trials = some(6, lambda die, _: round(2 + die.random(), 5), 3)
    trials = [replace(trial, values={"val_loss": 1.5}) if trial.number in (1, 4, 5) else trial for trial in trials]
    text, _ = report_of(trials)
    assert "**Nearly as good**: trials 4 and 5 have the same value; of the others it is not known" in text


@pytest.mark.parametrize("seed", range(10))
def test_a_mean_over_seeds_is_never_told_as_one_run(seed):
    trials = seeded(seed)
    text, facts = report_of(trials, SEEDED)
    best = facts.data.best
    runs = runs_of(facts.view, facts.originals[best.number])
    mean = math.fsum(run.values["val_loss"] for run in runs) / len(runs)
    assert best.values["val_loss"] == pytest.approx(mean)
    head = text[: text.index("## The best trial")]
    assert "lowest of" not in head
    if len(runs) > 1:
        assert "ran once" not in head
        assert f"(mean of {len(runs)} runs)" in head
        assert f"It is the mean of {len(runs)} runs and the best of" in text
    ranked = {trial.number: trial.values["val_loss"] for trial in facts.data.order}
    means = {n: facts.format_value("val_loss", value) for n, value in ranked.items()}
    for n, value in means.items():
        if len(runs_of(facts.view, facts.originals[n])) > 1:
            assert f"trial {n} {value}" in text, "the mean by which it is ranked stands below the table"
    repeats = claims.next_step(facts).premise.get("repeat", [])
    assert "best" not in repeats, "its repeats are part of the mean and never fresh"


@pytest.mark.parametrize("seed", range(60))
def test_a_percentage_is_that_of_the_two_numbers_that_stand_there(seed):
    die = random.Random(seed)
    scale = 10 ** die.uniform(-3, 3)
    trials = some(die.choice([2, 4, 9]), lambda die, _: scale * (1 + die.random()), seed)
    _, facts = report_of(trials)
    old, new = (trial.values["val_loss"] for trial in trials[:2])
    share = facts.share("k", "val_loss", old, new, trials[:2])
    if share is None:
        return
    before, after = (Decimal(facts.format_value("val_loss", value)) for value in (old, new))
    digits = len(share.text.rstrip("%").partition(".")[2])
    assert share.text.replace("−", "-") == f"{float((after - before) / before):+.{digits}%}"


WHEN = 'kind_of = { choices = ["x", "y"] }\na = { low = 0.0, high = 1.0, when = "kind_of == \'x\'" }'
CONDITIONAL = STUDY.replace('a = "0.0..1.0"', WHEN)
CONDITIONAL = CONDITIONAL.replace("a = 0.5\n", 'a = 0.5\nkind_of = "x"\n')


@pytest.mark.parametrize("seed", range(8))
def test_a_setting_that_is_not_in_use_has_no_value(seed):
    die, trials = random.Random(seed), []
    for n in range(24):
        params = {"kind_of": die.choice("xy"), "b": die.randint(1, 16)}
        if params["kind_of"] == "x":
            params["a"] = round(die.random(), 3)
        value = 1 + (params.get("a", 2.0)) + die.gauss(0, 0.01)
        trials.append(one(n, params, {"val_loss": value}))
    text, _ = report_of(trials, CONDITIONAL)
    table = text[text.index("| Setting | Value |") :].split("\n\n")[0].split("\n")[2:]
    start = next(n for n, row in enumerate(table) if row.startswith("| `a` |"))
    rows = [table[start], *takewhile(lambda row: row.startswith("|  |"), table[start + 1 :])]
    counts = {row.split("|")[2].strip(): int(row.split("|")[3]) for row in rows}
    unused = sum(trial.params["kind_of"] == "y" for trial in trials)
    assert counts.pop("not in use") == unused
    assert sum(counts.values()) == len(trials) - unused
    assert "changed together" not in text or "`kind_of` or `a`" not in text


@pytest.mark.parametrize("seed", range(30))
def test_what_a_curve_is_said_to_have_done_it_did(seed):
    die = random.Random(seed)
    n, sd = die.choice([20, 30, 40, 90]), die.choice([0.01, 0.05])
    turn, rise = die.uniform(0.3, 1.0), die.choice([0.0, 0.5, 4.0])
    values, train = [], []
    for i in range(n):
        x = i / n
        values.append(1 + 2 * math.exp(-5 * x) + rise * max(0.0, x - turn) + die.gauss(0, sd))
        train.append(0.5 + 2 * math.exp(-2 * x) + die.gauss(0, sd))
    trial = one(0, {}, {"val_loss": min(values)}, total_steps=n, last_step=n)
    curves = {"val_loss": curve(*values), "train_loss": curve(*train)}
    found = diagnose(view_of([trial], STUDY), trial, curves)
    said = found.sentence
    if match := re.search(
        r"lowest at step (\d+) \(([\d.]+)\) and is ([\d.]+) on average over the last (\d+) eval", said
    ):
        step, lowest, last, count = int(match[1]), float(match[2]), float(match[3]), int(match[4])
        assert values[step - 1] == min(values)
        assert lowest == pytest.approx(min(values), rel=1e-3)
        assert last == pytest.approx(math.fsum(values[-count:]) / count, rel=1e-3)
        assert last > lowest
    if "did not get better" in said:
        deviation = scatter_for(values, None).deviation
        width = max(1, n // 6)
        means = [math.fsum(values[i : i + width]) / width for i in range(n - width + 1)]
        assert means[0] - min(means) < 2 * deviation * math.sqrt(2 / width) + 1e-12
    assert "did not move" not in said


def test_a_validation_loss_that_was_low_first_is_overfitting_however_far_it_rose():
    values = [2 - 0.05 * i for i in range(20)] + [1.05 + 0.4 * i for i in range(20)]
    train = [2 - 0.04 * i for i in range(40)]
    die = random.Random(1)
    noisy = [[value + die.gauss(0, 0.005) for value in line] for line in (values, train)]
    trial = one(0, {}, {"val_loss": min(noisy[0])}, total_steps=40, last_step=40)
    curves = {"val_loss": curve(*noisy[0]), "train_loss": curve(*noisy[1])}
    found = diagnose(view_of([trial], STUDY), trial, curves)
    assert found.kind == "overfit"


@pytest.mark.parametrize("questions", [20, 50, 200])
def test_equal_rates_of_repeats_are_no_dead_seed(questions):
    die, said = random.Random(questions), 0
    for _ in range(60):
        trials = some(6, lambda die, _: sum(die.random() < 0.3 for _ in range(questions)) / questions, die.random())
        best = min(trials, key=lambda trial: (trial.values["val_loss"], trial.number))
        for n in range(3):
            value = sum(die.random() < 0.3 for _ in range(questions)) / questions
            more = {"role": Role.REPLICATE, "replicate_of": best.number, "seed": 50 + n, "started": 2e9 + n}
            trials.append(one(len(trials), best.params, {"val_loss": value}, **more))
        said += bool(ReportData(view_of(trials, STUDY)).dead_seeds)
    assert said == 0


def test_how_many_digits_a_number_tells():
    assert significant_digits(0.5) < 0.4
    assert significant_digits(7 / 150) < 2.3
    assert 3 < significant_digits(1.2345) <= 5
    assert significant_digits(math.pi) > 5
    assert significant_digits(math.nan) == 0
    assert not is_telling((("acc", 3, "0.25", 0.1, 1, 0.25, 3, 3),))
    assert is_telling((("loss", 3, "1.2345", 1.2345, 3, 2.3457, 1, 3),))


CHOICES = "a = { choices = [0.1, 0.9] }\nb = { choices = [1, 2, 3, 4] }"
GRID = STUDY.replace('a = "0.0..1.0"\nb = "1..16 int"', CHOICES)
GRID = GRID.replace('sampler = "random"\ntrials = 40', 'sampler = "grid"')


@pytest.mark.parametrize("failed", range(8))
def test_a_spent_grid_with_failures_is_never_run_further(failed):
    trials, die = [], random.Random(failed)
    for n in range(8):
        params = {"a": [0.1, 0.9][n % 2], "b": 1 + n // 2}
        ended = ({"val_loss": 1 + die.random()},) if n >= failed else (None, "failed", "crash")
        trials.append(one(n, params, *ended, engine="grid"))
    text, _ = report_of(trials, GRID)
    assert "--trials +" not in text


def words_of_markdown(text):
    """The words of a report without what marks them up."""
    text = re.sub(r"(?m)^(```\w*|<details>|</details>|\|[-:| ]+\|)$", " ", text)
    text = re.sub(r"!\[[^\]]*\]\(<[^>]*>\)", " ", text)
    text = re.sub(r"(?m)^(#+ |- \[ \] |- |\d+\. |> )", " ", text)
    text = re.sub(r"</?summary>", " ", text)
    text = re.sub(r"[*`]", "", html.unescape(re.sub(r"\\([^\w\s])", r"\1", text)))
    return re.sub(r"[\s|]+", " ", text).split()


def words_of_page(text):
    text = re.sub(r"(?s)<(style|script|title).*?</\1>", " ", text).partition("<h2>Data of the trials</h2>")[0]
    text = re.sub(r"</?(?:span|code|b|a|em|i)\b[^>]*>", "", text)
    text = re.sub(r"[*`]", "", html.unescape(re.sub(r"<[^>]+>", " ", text)))
    return re.sub(r"[\s|]+", " ", text).split()


@pytest.mark.parametrize("seed", range(40))
def test_a_page_says_what_the_markdown_says(seed):
    made = Made(seed)
    record = made.record()
    document = compose_report(record)
    assert words_of_page(render_html(document, record)) == words_of_markdown(render_markdown(document).text)


def test_a_name_in_a_page_is_code_and_no_backtick():
    trials = some(3, lambda die, _: die.random(), 1)
    record = ReportData(view_of(trials, STUDY))
    page = render_html(compose_report(record), record)
    assert "`" not in page
    assert "has no <code>about</code>" in page


@pytest.mark.parametrize("status", [TrialStatus.PRUNED, TrialStatus.STOPPED])
def test_pruned_trials_alone_are_no_failure(status):
    trials = some(9, lambda die, _: 1 + die.random(), 5)
    reason = Reason.PRUNER if status is TrialStatus.PRUNED else Reason.USER
    trials[3:6] = [replace(trial, status=status, reason=reason, values=None, metrics={}) for trial in trials[3:6]]
    text, _ = report_of(trials)
    assert f"**Went wrong**: no trial failed: 3 {status}, of 9 trials" in text
    assert "of 6 ranked trials" in text, "the place of the best is among those that were ranked"


@pytest.mark.parametrize("seed", range(6))
def test_an_imported_best_is_called_so_and_given_no_machine_and_no_number_of_runs(seed):
    trials = some(12, lambda die, _: 2 + die.random(), seed, total_steps=10, last_step=10)
    trials.append(one(12, {"a": 0.3, "b": 2}, {"val_loss": 1.0}, **IMPORTED))
    record = ReportData(view_of(trials, STUDY), attempts={t.number: (attempt(t),) for t in trials[:12]})
    text = render_markdown(compose_report(record)).text
    head = text[: text.index("## The best trial")]
    assert "**Best**: trial 12 (imported)" in head
    assert "ran once" not in text
    assert "It was imported and is the best of 13" in text
    assert "1 imported trial does not count" in text
    summary = text[text.index("All settings of the best trial") : text.index("<summary>Reproduce")]
    assert "a CPU" not in summary
    assert "NVIDIA" not in summary
    if "came" in text:
        assert "The best of those that ran here came" in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (StudyState.RUNNING, "nothing yet: the study is running"),
        (StudyState.STOPPED, "`hptui run read`"),
        (StudyState.PAUSED, "`hptui resume read`"),
        (StudyState.DONE, "--repeat best"),
    ],
)
def test_what_is_next_goes_by_what_the_study_does(state, said):
    trials = some(9, lambda die, _: 1 + die.random(), 5)
    record = ReportData(view_of(trials, STUDY))
    record = replace(record, view=replace(record.view, row=replace(record.view.row, state=state)))
    (line,) = (
        line for line in render_markdown(compose_report(record)).text.split("\n") if line.startswith("- **Next**")
    )
    assert said in line


@pytest.mark.parametrize("seed", range(20))
def test_a_pruned_majority_gives_no_size_of_an_effect(seed):
    die = random.Random(seed)
    trials = some(30, lambda die, params: 1 + params["a"] + die.gauss(0, 0.02), seed, total_steps=10, last_step=10)
    curves = {t.number: {"val_loss": [(n, t.values["val_loss"] + 2 / n, 0.0) for n in range(1, 11)]} for t in trials}
    ends = {t.number: die.randint(2, 9) for t in trials[4:] if die.random() < 0.8}
    trials = [
        replace(t, status=TrialStatus.PRUNED, reason=Reason.PRUNER, values=None, metrics={}, last_step=ends[t.number])
        if t.number in ends
        else t
        for t in trials
    ]
    curves = {n: {"val_loss": own["val_loss"][: ends.get(n, 10)]} for n, own in curves.items()}
    text, facts = report_of(trials, curves=curves)
    whole = 30 - len(ends)
    assert whole < 20
    assert not re.search(r"may still (?:gradually )?change `val_loss` by up to", text)
    if facts.data.effect_analysis().unseen and not facts.data.effect_analysis().reason:
        assert f"{whole} complete ones are too few to say" in text
