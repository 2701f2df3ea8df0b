"""Warm start: other studies' trials teach this one's engine, stay what they are, and are copied once."""

import json
import math
import random
import shutil
import textwrap
from collections import Counter
from dataclasses import replace

import pytest

from hptui.core.errors import StudyError
from hptui.core.parameters import Choice, Float
from hptui.core.study import Objective, Search, Study, TrainerSettings
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.execution import prior_trials
from hptui.execution.proposals import Proposals
from hptui.execution.queue import store_defaults
from hptui.operations.run import run
from hptui.results.json_output import describe_prior_knowledge
from hptui.results.report import compose_report, write_report
from hptui.results.report_data import read_report_data as read_record
from hptui.results.view import read_view
from hptui.search.history import read_history
from hptui.search.projection import SpaceProjection
from hptui.store.paths import StudyDir
from hptui.store.recorded import MetaKey
from hptui.store.store import Store
from hptui.studyfile import from_json, read_text, to_json
from tests.search.kit import space, trial
from tests.support import events, hptui, kill_all, run_to_rest, toy, trials, until

SPACE = space([Float("lr", 1e-5, 1e-1, log=True), Choice("rank", (8, 16, 32))])
BASE = {"lr": 1e-3, "rank": 16, "epochs": 3}


def study(name, searched=SPACE, **more):
    given = {"sampler": "tpe", "seed": 2, **more.pop("search", {})}
    return Study(
        name,
        more.pop("objectives", (Objective("loss"),)),
        TrainerSettings(more.pop("kind", "toy"), more.pop("settings", BASE)),
        searched,
        Search(**given),
    )


def loss(params):
    return (math.log10(params["lr"]) + 2.5) ** 2 + abs(params["rank"] - 32) / 8


def stored(home, made, trials):
    """A study that has been run."""
    with Store.create(StudyDir(home / made.name), to_json(made), made.name) as store:
        store_defaults(store, {})
        for one in trials:
            store.insert_trial(one)
        return store.read.study().uuid


def some(count=20):
    searched = [SPACE.sample(BASE, random.Random(seed)) for seed in range(count)]
    return [trial(n, params, {"loss": loss({**BASE, **params})}) for n, params in enumerate(searched)]


@pytest.fixture
def opened(tmp_path):
    """A new study that starts from `old`; both in one HOME."""
    made = []

    def opening(new, old=None, done=None):
        stored(tmp_path, old or study("old"), some() if done is None else done)
        store = Store.create(StudyDir(tmp_path / new.name), to_json(new), new.name)
        made.append(store)
        prior_trials.store_prior_trials(store, new)
        return store

    yield opening
    for store in made:
        store.close()


def warm(name="new", **more):
    return study(name, **{"search": {"warm_start": ("old",), **more.pop("search", {})}, **more})


def test_the_first_proposals_know_what_the_other_study_found(opened):
    new = warm()
    store = opened(new)
    proposals = Proposals(store, new, {})
    found = []
    for _ in range(8):
        one = proposals.next(store.read.trials())
        found.append(loss({**BASE, **one.params}))
        store.update_trial(one.number, status=TrialStatus.COMPLETE, values={"loss": found[-1]}, ended=1.0)
    assert sum(found) / 8 < sum(one.values["loss"] for one in some()) / 20 / 2


def test_what_is_copied_is_no_trial_of_this_study(opened):
    new = warm()
    store = opened(new)
    assert store.read.trials() == []
    assert store.read.next_number() == 0
    lessons = prior_trials.prior_trials(store, new)
    assert [one.number for one in lessons] == [-n for n in range(1, 21)]
    assert {one.role for one in lessons} == {Role.IMPORTED}
    history = read_history(SpaceProjection(SPACE, BASE), new, lessons)
    assert history.finished_count() == 20
    assert history.seen == frozenset(), "this study has run none of them"


def test_who_taught_is_recorded_and_said(opened, tmp_path):
    store = opened(warm())
    [source] = json.loads(store.read.get_meta(MetaKey.PRIOR_TRIALS))
    with Store.open(StudyDir(tmp_path / "old")) as old:
        assert source["uuid"] == old.read.study().uuid
    assert source["name"] == "old"
    assert len(source["trials"]) == 20
    [said] = [one.message for one in store.read.events() if one.kind == "warm_start"]
    assert said == f"warm start: 20 of 20 trials of old ({source['uuid']}) inform this search"


def test_it_is_copied_once_and_outlives_the_other_study(opened, tmp_path):
    new = warm()
    store = opened(new)
    before = prior_trials.prior_trials(store, new)
    with Store.open(StudyDir(tmp_path / "old")) as old:
        old.insert_trial(trial(20, {"lr": 1e-2, "rank": 8}, {"loss": -100.0}))
    prior_trials.store_prior_trials(store, new)
    assert prior_trials.prior_trials(store, new) == before
    shutil.rmtree(tmp_path / "old")
    prior_trials.store_prior_trials(store, new)
    assert prior_trials.prior_trials(store, new) == before
    assert prior_trials.prior_trials(store, study("new")) == [], "the key was taken out"


def test_what_does_not_fit_is_not_heard_and_why_is_said(opened):
    other = replace(study("old"), trainer=TrainerSettings("toy", {**BASE, "epochs": 5}))
    store = opened(warm(), other)
    assert (
        read_history(SpaceProjection(SPACE, BASE), warm(), prior_trials.prior_trials(store, warm())).observations == ()
    )
    [said] = [one.message for one in store.read.events() if one.kind == "warm_start"]
    assert said.startswith("warm start: 0 of 20 trials of old")
    assert said.endswith("20 do not fit: 20 for epochs (in old/trial-0 epochs is 5, and here 3)")


def test_a_narrower_space_hears_those_inside_and_a_wider_one_later_all(opened):
    narrow = warm(searched=space([Float("lr", 1e-4, 1e-2, log=True), Choice("rank", (8, 16, 32))]))
    store = opened(narrow)
    lessons = prior_trials.prior_trials(store, narrow)
    inside = sum(1e-4 <= one.params["lr"] <= 1e-2 for one in some())
    assert 0 < inside < 20
    assert read_history(SpaceProjection(narrow.space, BASE), narrow, lessons).finished_count() == inside
    assert read_history(SpaceProjection(SPACE, BASE), warm(), lessons).finished_count() == 20


def test_overrides_stand_over_the_other_studys_own_settings(opened):
    """There rank was a setting of 32, and not searched."""
    searched = space([Float("lr", 1e-5, 1e-1, log=True)])
    old = study("old", searched, settings={**BASE, "rank": 32})
    store = opened(warm(), old, [trial(n, {"lr": 1e-3 + n / 1e4}, {"loss": 1.0}) for n in range(3)])
    told = read_history(SpaceProjection(SPACE, BASE), warm(), prior_trials.prior_trials(store, warm())).observations
    assert [one.point["rank"] for one in told] == [32, 32, 32]


def test_failures_teach_as_their_own_would_and_what_is_open_or_crashed_says_nothing(opened):
    failed = {"status": TrialStatus.FAILED}
    done = [
        trial(0, {"lr": 1e-3, "rank": 8}, {"loss": 1.0}),
        trial(1, {"lr": 1e-1, "rank": 32}, reason=Reason.OOM, **failed),
        trial(2, {"lr": 9e-2, "rank": 32}, reason=Reason.NAN, **failed),
        trial(3, {"lr": 8e-2, "rank": 32}, reason=Reason.CRASH, **failed),
        trial(4, {"lr": 7e-2, "rank": 32}, status=TrialStatus.RUNNING),
        trial(5, {"lr": 6e-2, "rank": 32}, status=TrialStatus.PRUNED, metrics={"loss": 3.0}, progress=0.6),
    ]
    store = opened(warm(), done=done)
    lessons = prior_trials.prior_trials(store, warm())
    assert [(str(one.status), str(one.reason)) for one in lessons] == [
        ("complete", "None"),
        ("failed", "oom"),
        ("failed", "nan"),
        ("pruned", "None"),
    ]


def knowing(store, new):
    """What the report of a study says of what its search knew before, and its facts."""
    Proposals(store, new, {}).next(store.read.trials())
    record = read_record(StudyDir(store.connection.path.parent))
    [said] = [part for part in write_report(record, "report.md", "results")[0].splitlines() if "Known before" in part]
    return said, {fact.key: fact for fact in compose_report(record, "results").facts()}


def test_a_report_says_what_the_search_knew_before_and_what_it_could_not_use(opened, tmp_path):
    narrow = warm(searched=space([Float("lr", 1e-4, 1e-2, log=True), Choice("rank", (8, 16, 32))]))
    store = opened(narrow)
    inside = [1e-4 <= one.params["lr"] <= 1e-2 for one in some()]
    out = inside.index(False)
    said, facts = knowing(store, narrow)
    assert f"**Known before**: {sum(inside)} of 20 trials of the study `old` (`" in said
    assert f"; {20 - sum(inside)} did not inform it: {20 - sum(inside)} for lr (in old/trial-{out} lr is " in said
    assert "and here it is 1e-4..0.01 log" in said
    assert (facts["knowledge.all.0.heard"].value, facts["knowledge.all.0.trials"].value) == (sum(inside), 20)
    assert (
        describe_prior_knowledge(read_view(StudyDir(store.connection.path.parent)))
        == f"{sum(inside)} of 20 trials of the study old"
    )


def test_a_report_names_the_file_of_imported_experiments_and_why_one_says_nothing(tmp_path):
    new = study("new")
    facts = {"imported_from": "/data/earlier.csv"}
    earlier = [
        replace(trial(0, {"lr": 1e-3, "rank": 8}, {"loss": 1.0}, role=Role.IMPORTED), facts=facts),
        replace(trial(1, {"lr": 1e-2}, {"loss": 2.0}, role=Role.IMPORTED), facts=facts),
    ]
    with Store.create(StudyDir(tmp_path / "new"), to_json(new), "new") as store:
        store_defaults(store, {})
        for one in earlier:
            store.insert_trial(one)
        said, found = knowing(store, new)
    assert "1 of 2 experiments imported from `/data/earlier.csv`; 1 did not inform it: 1 for settings" in said
    assert "(in trial-1 rank is not recorded)" in said
    assert found["knowledge.all.0.heard"].trials == (0, 1)


def test_without_anything_from_elsewhere_a_report_does_not_speak_of_it(opened):
    store = opened(study("new"))
    with pytest.raises(ValueError, match="not enough values"):
        knowing(store, study("new"))


@pytest.mark.parametrize(
    ("new", "old", "said"),
    [
        (warm(search={"warm_start": ("odl",)}), study("old"), "there is no study 'odl'"),
        (warm(objectives=(Objective("acc", "maximize"),)), study("old"), "was run to minimize loss, and this study is"),
        (warm(kind="charlm"), study("old"), "trains with 'toy', and this study with 'charlm'"),
        (warm(search={"warm_start": ("new",)}), study("new"), "a study cannot start from itself"),
    ],
)
def test_a_study_that_cannot_teach_is_refused_at_its_key(tmp_path, new, old, said):
    stored(tmp_path, old, [])
    with pytest.raises(StudyError, match=said) as error:
        prior_trials.read_prior_studies(new, tmp_path)
    assert error.value.where == "search.warm_start"


def test_the_key_is_text_or_a_list_and_survives_the_store():
    text = textwrap.dedent(
        """
        name = "new"
        objective = { metric = "loss" }
        trainer = { kind = "toy" }
        space = { learning_rate = "1e-5..1e-1 log" }
        search = { warm_start = WORDS }
        """
    )
    one = read_text(text.replace("WORDS", '"old"'))
    several = read_text(text.replace("WORDS", '["old", "../elsewhere/.hptui/old", "old"]'))
    assert one.search.warm_start == ("old",)
    assert several.search.warm_start == ("old", "../elsewhere/.hptui/old")
    assert from_json(to_json(several)) == several
    with pytest.raises(StudyError, match="must be text"):
        read_text(text.replace("WORDS", "[3]"))


# real studies ---------------------------------------------------------------------------------------------------


def teach(home, tmp_path, **options):
    return run_to_rest(home, toy(tmp_path, "old", trials=8, **options))


def test_a_study_starts_from_another_and_stays_itself(home, tmp_path):
    old = teach(home, tmp_path)
    path = toy(tmp_path, "new", trials=4, sampler="tpe", search='warm_start = "old"')
    new = run_to_rest(home, path)
    done = trials(new)
    assert [one.number for one in done] == [0, 1, 2, 3]
    assert {one.role for one in done} == {Role.BASELINE, Role.SEARCH}
    assert "8 of 8 trials of old" in events(new, "warm_start")[0]
    cold = run_to_rest(home, toy(tmp_path, "cold", trials=4, sampler="tpe"))
    assert [one.params for one in done[1:]] != [one.params for one in trials(cold)[1:]]
    assert len(trials(old)) == 8


def test_killed_and_resumed_it_proposes_the_same(home, tmp_path):
    teach(home, tmp_path, step_seconds=0.05)
    options = {"trials": 5, "sampler": "tpe", "step_seconds": 0.05, "search": 'warm_start = "old"'}
    whole = run_to_rest(home, toy(tmp_path, "whole", **options))
    cut = run(home, str(toy(tmp_path, "cut", **options))).sd
    until(lambda: len(trials(cut)) >= 3)
    kill_all(cut.root)
    shutil.rmtree(home / "old")
    run_to_rest(home, "cut")
    assert [one.params for one in trials(cut)] == [one.params for one in trials(whole)]


def test_the_key_can_be_added_to_a_living_study(home, tmp_path):
    teach(home, tmp_path)
    sd = run_to_rest(home, toy(tmp_path, "new", trials=2, sampler="tpe"))
    run_to_rest(home, toy(tmp_path, "new", trials=4, sampler="tpe", search='warm_start = "old"'))
    assert len(trials(sd)) == 4
    assert len(events(sd, "warm_start")) == 1
    done = hptui(home, "run", "new", "--set", "search.warm_start=nowhere", "--trials", "+1")
    assert done.returncode == 2
    assert "there is no study 'nowhere'" in done.stderr


def test_check_and_run_refuse_an_unknown_study_before_anything_is_made(home, tmp_path):
    path = toy(tmp_path, "new", search='warm_start = "odl"')
    teach(home, tmp_path)
    for verb in ("check", "run"):
        done = hptui(home, verb, str(path))
        assert done.returncode == 2
        assert "search.warm_start: there is no study 'odl'" in done.stderr
        assert "did you mean 'old'?" in done.stderr
    assert not (home / "new").exists()


@pytest.mark.parametrize("seed", range(12))
def test_reasons_why_trials_are_not_used_are_counted_each(seed):
    """A trial that misfits in two ways counts for the first of them; every one is counted once."""
    die, projection = random.Random(seed), SpaceProjection(SPACE, BASE)
    earlier, expected = [], Counter()
    for n in range(die.randint(2, 25)):
        params = {"lr": 1e-3, "rank": 8}
        kind = die.choice(["", "lr", "epochs", "settings that are not recorded", "a missing result"])
        if kind == "lr":
            params["lr"] = die.choice([5.0, 7.0])
        elif kind == "epochs":
            params["epochs"] = die.choice([5, 6])
        elif kind == "settings that are not recorded":
            del params["rank"]
        crashed = {"status": TrialStatus.FAILED, "reason": Reason.CRASH} if kind == "a missing result" else {}
        values = None if crashed else {"loss": 1.0}
        earlier.append(trial(n, params, values, role=Role.IMPORTED, **crashed))
        expected[kind] += 1
    used = expected.pop("", 0)
    found = prior_trials.count_learnable(projection, study("new"), earlier)
    assert found.count == used
    assert {misfit.kind: misfit.count for misfit in found.misfits} == expected
    counts = [misfit.count for misfit in found.misfits]
    assert counts == sorted(counts, reverse=True)
    assert all(misfit.text.startswith(f"{expected[misfit.kind]} for {misfit.kind} (in ") for misfit in found.misfits)
