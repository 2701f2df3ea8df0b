"""Fresh runs of the best trial: the same numbers and words in report, status, export and the line above the screens."""

import math
import random
import re
from dataclasses import replace

import pytest
import yaml

from hptui.core.errors import NotFound
from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.fresh_means import best_notes, fresh_means, trial_by_fresh, whole_text
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.tui.labels import best_text
from tests.results.seeds import one
from tests.results.truth import TEXT, view_of


def study(number):
    """A study of random values, in which some trials were repeated: (trials, values of fresh runs by trial)."""
    die = random.Random(number)
    count = die.randint(2, 12)
    trials = [
        one(n, {"b": n / 20}, {"val_loss": round(die.uniform(1, 2), 4)}, seed=die.choice([1, 2])) for n in range(count)
    ]
    expected = {}
    for trial in die.sample(trials, die.randint(0, min(3, count))):
        values = [round(die.uniform(1, 2), 4) for _ in range(die.randint(1, 4))]
        seeds = [die.choice([1, 2, 30 + n]) for n in range(len(values))]
        for value, seed in zip(values, seeds, strict=True):
            again = one(
                len(trials),
                dict(trial.params),
                {"val_loss": value},
                role=Role.REPLICATE,
                replicate_of=trial.number,
                seed=seed,
            )
            trials.append(again)
        used = {t.seed for t in trials[:count]}
        fresh = [value for value, seed in zip(values, seeds, strict=True) if seed not in used]
        if fresh:
            expected[trial.number] = fresh
    return trials, expected


@pytest.mark.parametrize("number", range(40))
def test_the_mean_is_that_of_the_fresh_runs_alone(number):
    trials, expected = study(number)
    view = view_of(trials)
    best = min((t for t in trials if t.role is not Role.REPLICATE), key=lambda t: (t.values["val_loss"], t.number))
    found = fresh_means(view)
    if not expected:
        assert found is None
        return
    means = {n: math.fsum(values) / len(values) for n, values in expected.items()}
    leader = min(means, key=lambda n: (means[n], n))
    assert found.leader.trial.number == leader
    assert (found.best is None) == (best.number not in expected)
    record = ReportData(view)
    text = render_with_index(compose_report(record, "results"), "r.md")[0]
    notes = best_notes(view, found)
    if len(expected) == 1 and best.number not in expected:
        with pytest.raises(NotFound, match=f"trial {leader} alone has fresh runs: it leads nothing"):
            trial_by_fresh(view, None)
    else:
        assert trial_by_fresh(view, None).number == leader
    if found.best is None:
        assert notes == []
        not_repeated = f"trial {best.number}, the best by rank, has no fresh runs"
        assert best_notes(view, found, "fresh")[1:] == [not_repeated]
        assert "chosen by" not in text
        return
    assert found.best.mean == pytest.approx(means[best.number])
    assert found.best.chosen == best.values["val_loss"]
    count = len(expected[best.number])
    words = f"mean of {count} fresh runs" if count > 1 else "one fresh run"
    said = whole_text(view.study, found.best)
    assert said.startswith(words)
    assert f", chosen by {best.values['val_loss']:.4g}"[:14] in said
    assert best_text(view.study, best, 0, found.best) == f"#{best.number} {said}"
    assert notes[0] == f"best is trial {best.number}: {said}"
    first = text.split("\n##")[0]
    assert words in first, "the first screen"
    assert "chosen by" in first
    assert ("--by fresh selects it" in " ".join(notes)) == (leader != best.number)
    assert (f"By fresh runs trial {leader} leads" in text) == (leader != best.number)


def test_without_fresh_runs_it_is_said_how_to_get_them():
    with pytest.raises(NotFound, match="no fresh runs") as error:
        trial_by_fresh(view_of([one(0, {}, {"val_loss": 1.0})]), None)
    assert "--repeat best --seeds 3" in error.value.hint


def test_a_seed_that_changes_nothing_gives_no_mean():
    first = one(0, {"b": 0.1}, {"val_loss": 1.5123457}, seed=1)
    again = one(1, {"b": 0.1}, {"val_loss": 1.5123457}, role=Role.REPLICATE, replicate_of=0, seed=2)
    assert fresh_means(view_of([first, again])) is None
    first, again = (replace(trial, values={"val_loss": 0.5}) for trial in (first, again))
    assert fresh_means(view_of([first, again])) is not None, "one of two values: they agree by chance"


def test_export_and_status_say_it(home):
    from hptui.operations.export import export, notes_on_best
    from hptui.operations.status import status_json
    from hptui.results.export.formats import ExportRequest
    from hptui.results.view import read_view
    from tests.operations.made import make

    sd = make(home)
    view = read_view(sd)
    assert notes_on_best(sd, "rank") == []
    assert status_json(view)["best"]["fresh"] is None
    assert yaml.safe_load(export(sd, "best", ExportRequest("yaml"))) is not None
    with pytest.raises(NotFound, match="no fresh runs"):
        export(sd, "best", ExportRequest("yaml"), "fresh")


QUESTIONS = {
    "Does `b` help?": ["b"],
    "Which learning rate is best?": ["learning_rate"],
    "What do learning_rate and lora-rank do?": ["learning_rate", "lora_rank"],
    "Is it better to go on?": [],
    "Is 128 wide better than 64?": ["model_dim"],
    "Do deeper networks fail?": ["num_layers"],
    "Is it worthwhile?": [],
    "A first look": [],
    "Do larger batch sizes cost accuracy?": ["batch_size"],
    "Is optim.lr or the lr what matters?": ["optim.lr"],
}


def test_the_settings_of_a_question_are_found():
    names = ["b", "learning_rate", "lora_rank", "batch_size", "optim.lr", "go", "a", "model_dim", "num_layers"]
    for question, expected in QUESTIONS.items():
        found = claims.question.named_settings(question, names)
        assert [name for name in found if len(name) > 1] == [name for name in expected if len(name) > 1], question


def test_the_question_is_answered_in_the_first_line():
    from tests.results.truth import histories, record_of

    units, values = histories("bowl")
    text = TEXT.replace('name = "made"', 'name = "made"\nabout = "What does aa do, and bb?"')
    text = re.sub(r"^a = ", "aa = ", re.sub(r"^b = ", "bb = ", text, flags=re.M), flags=re.M)
    record = record_of(units[0, :30], values[0, :30], text)
    renamed = [
        replace(t, params={{"a": "aa", "b": "bb"}.get(k, k): v for k, v in t.params.items()})
        for t in record.view.trials
    ]
    facts = FactWriter(ReportData(view_of(renamed, text)))
    answer = claims.question_answer(facts)
    assert answer.premise["settings"] == ["aa", "bb"]
    assert "On average val_loss is lower at aa = " in answer.sentence
    assert "These trials do not show that bb matters" in answer.sentence
    few = FactWriter(ReportData(view_of(renamed[:5], text)))
    assert "5 comparable trials are too few" in claims.question_answer(few).sentence
    first = render_with_index(compose_report(facts.data, "results"), "r.md")[0].split("**Study**")[0]
    assert "These trials say: On average `val_loss` is lower at `aa`" in first
