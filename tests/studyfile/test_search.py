"""`[search]` of a study file: pruners, stop rules, outcome and `until`: what is read, refused, doubted and compared."""

import json

import pytest

from hptui.core.errors import StudyError, Unsupported
from hptui.core.expressions import parse
from hptui.core.study import PrunerSettings, StoppingConditions, StopRule
from hptui.search.pruners import pruner_settings
from hptui.studyfile import describe_changes, from_json, read_text, study_warnings, to_json, with_overrides
from hptui.trainers.registry import schema as real_schema
from tests.studyfile.test_read import read, schema, search, text, trainer

TWO = {
    "objective": '[[objective]]\nmetric = "eval_loss"\ngoal = "minimize"\n[[objective]]\nmetric = "bleu"\n'
    'goal = "maximize"'
}
SLASH = {"objective": '[objective]\nmetric = "eval/loss"'}


def again(study):
    return from_json(json.loads(json.dumps(to_json(study), sort_keys=True, allow_nan=False)))


PRUNERS = {
    '"none"': PrunerSettings(),
    '"median"': pruner_settings("median"),
    '"asha"': pruner_settings("asha"),
    '{ kind = "median", on = "eval_loss" }': pruner_settings("median", on="eval_loss"),
    '{ kind = "percentile", percentile = 10, startup = 3 }': pruner_settings("percentile", startup=3, percentile=10.0),
    '{ kind = "asha", eta = 2, warmup = 0.05 }': pruner_settings("asha", eta=2, warmup=0.05),
    '{ kind = "hyperband", factor = 4 }': pruner_settings("hyperband", eta=4),
    '{ kind = "patient", patience = 5, min_delta = 0.01 }': pruner_settings("patient", patience=5.0, min_delta=0.01),
    '{ kind = "patient", wraps = "asha", eta = 4 }': pruner_settings("patient", wraps="asha", eta=4),
    '{ kind = "patient", wraps = "percentile", percentile = 50 }': pruner_settings(
        "patient", wraps="percentile", percentile=50.0
    ),
    '{ kind = "threshold", low = 0, high = 3 }': pruner_settings("threshold", low=0.0, high=3.0),
    '{ kind = "threshold", warmup = 0, high = 1e3 }': pruner_settings("threshold", warmup=0, high=1e3),
}


@pytest.mark.parametrize("written", PRUNERS)
def test_pruners(written):
    study = read(**search("trials = 20", f"pruner = {written}"))
    assert study.search.pruner == PRUNERS[written]
    assert again(study) == study


def test_stop_rules_outcome_and_until():
    study = read(
        **search(
            'stop = [{ when = "eval_loss > 0.7", after = 0.1 }, { when = "gap > 1" }]',
            'outcome = ["peak_memory_gb <= 16", "seconds < 3600 and gap < 0.5"]',
            "until = { trials = 30, hours = 8, no_improvement = 10, target = 0.5 }",
        )
    )
    found = study.search
    assert found.stop == (StopRule(parse("eval_loss > 0.7"), 0.1), StopRule(parse("gap > 1"), 0.0))
    assert [condition.text for condition in found.outcome] == ["peak_memory_gb <= 16", "seconds < 3600 and gap < 0.5"]
    assert (found.trials, found.until) == (30, StoppingConditions(hours=8, no_improvement=10, target=0.5))
    assert again(study) == study


def test_a_study_that_an_older_version_stored_is_read():
    stored = to_json(read())
    for key in ("stop", "outcome"):
        del stored["search"][key]
    stored["search"]["pruner"] = {"kind": "none", "warmup": 0.2, "startup": 5}
    assert from_json(stored) == read()


def test_a_metric_with_a_slash_has_a_name_in_conditions():
    study = read(**SLASH, **search('stop = [{ when = "eval_loss > 0.7" }]', "trials = 9"))
    assert study.search.stop[0].when.names == {"eval_loss"}
    assert study_warnings(study, schema) == []


def test_a_metric_may_be_called_like_a_setting_if_the_file_says_so():
    rule = search('stop = [{ when = "learning_rate < 1e-9" }]')
    assert read(**rule, more='[metrics.learning_rate]\nunit = ""').search.stop


BAD = {
    # pruners
    "key of another kind": (
        search('pruner = { kind = "median", percentile = 10 }'),
        ['search.pruner.percentile: does not go with kind = "median"', "belongs to percentile"],
    ),
    "factor of another kind": (search('pruner = { kind = "median", factor = 3 }'), ["belongs to asha, hyperband"]),
    "misspelt kind": (search('pruner = "hyperbamd"'), ["search.pruner: unknown pruner", "did you mean 'hyperband'?"]),
    "misspelt key": (search('pruner = { kind = "asha", ete = 3 }'), ["search.pruner.ete:", "did you mean 'eta'?"]),
    "percentile 0": (
        search('pruner = { kind = "percentile", percentile = 0 }'),
        ["search.pruner.percentile: must be between 0 and 100, got 0", "25 keeps the best quarter"],
    ),
    "percentile 100": (search('pruner = { kind = "percentile", percentile = 100 }'), ["between 0 and 100, got 100"]),
    "eta 1": (search('pruner = { kind = "asha", eta = 1 }'), ["search.pruner.eta: must be at least 2, got 1"]),
    "half eta": (search('pruner = { kind = "asha", eta = 2.5 }'), ["search.pruner.eta: must be a whole number"]),
    "eta twice": (search('pruner = { kind = "asha", eta = 2, factor = 2 }'), ["search.pruner.factor: is another word"]),
    "no first rung": (
        search('pruner = { kind = "asha", warmup = 0 }'),
        ["search.pruner.warmup: is the first rung, so it must be more than 0, got 0"],
    ),
    "no patience": (search('pruner = { kind = "patient", patience = 0 }'), ["search.pruner.patience: must be a share"]),
    "half a report": (search('pruner = { kind = "patient", patience = 2.5 }'), ["whole number of reports, got 2.5"]),
    "negative delta": (search('pruner = { kind = "patient", min_delta = -1 }'), ["min_delta: must be at least 0"]),
    "wraps itself": (
        search('pruner = { kind = "patient", wraps = "patient" }'),
        ["search.pruner.wraps: unknown wraps 'patient'", "median"],
    ),
    "wraps by another": (search('pruner = { kind = "asha", wraps = "median" }'), ["search.pruner.wraps: does not go"]),
    "threshold without bounds": (search('pruner = "threshold"'), ["search.pruner.high: missing", "low, high or both"]),
    "bounds the wrong way": (
        search('pruner = { kind = "threshold", low = 2, high = 1 }'),
        ["search.pruner.low: low < high must hold, got low=2.0, high=1.0"],
    ),
    "bound in quotes": (search('pruner = { kind = "threshold", high = "2" }'), ["search.pruner.high:", "quotes: 2"]),
    "on no objective": (
        {**TWO, **search('pruner = { kind = "median", on = "blue" }')},
        ["search.pruner.on: 'blue' is no objective", "did you mean 'bleu'?"],
    ),
    "threshold of which": (
        {**TWO, **search('pruner = { kind = "threshold", high = 2 }')},
        ["search.pruner.on: missing: a threshold is one of one objective", 'on = "eval_loss"'],
    ),
    # stop rules
    "rule as text": (
        search('stop = ["eval_loss > 1"]'),
        ['search.stop[0]: must be a table, got text: "eval_loss > 1"', 'write { when = "eval_loss > 1", after = 0.1 }'],
    ),
    "rule no list": (search('stop = { when = "eval_loss > 1" }'), ["search.stop: must be a list"]),
    "rule without when": (search("stop = [{ after = 0.1 }]"), ["search.stop[0].when: missing"]),
    "rule key": (search('stop = [{ when = "eval_loss > 1", aftr = 0.1 }]'), ["search.stop[0].aftr:", "'after'?"]),
    "rule after all": (
        search('stop = [{ when = "eval_loss > 1", after = 1 }]'),
        ["search.stop[0].after: must be less than 1, got 1", "share"],
    ),
    "rule before all": (search('stop = [{ when = "eval_loss > 1", after = -0.1 }]'), ["after: must be at least 0"]),
    "rule no condition": (search('stop = [{ when = "eval_loss" }, { when = "2 * eval_loss" }]'), ["[1].when", "is no"]),
    "rule names nothing": (
        search('stop = [{ when = "1 > 0" }]'),
        ["search.stop[0].when: '1 > 0' names no metric", "eval_loss"],
    ),
    "rule on a setting": (
        search('stop = [{ when = "learning_rate > 1e-3" }]'),
        ["search.stop[0].when: 'learning_rate' is a setting, not a metric", "search.constraints"],
    ),
    "rule on time": (search('stop = [{ when = "seconds > 60" }]'), ["'seconds' is no metric", "[resources] timeout"]),
    "rule on memory": (search('stop = [{ when = "peak_memory_gb > 16" }]'), ["search.outcome judges it"]),
    "rule with a slash": (
        {**SLASH, **search('stop = [{ when = "eval/loss > 0.7" }]')},
        ["search.stop[0].when: 'eval/loss' is no name", "in a condition the metric is called eval_loss"],
    ),
    "rule of text": (search("stop = [{ when = \"eval_loss > 'x'\" }]"), ["search.stop[0].when:", "eval_loss > 'x'"]),
    "rule that is code": (search("stop = [{ when = \"__import__('os')\" }]"), ["search.stop[0].when:"]),
    "rule of two": (
        {
            "objective": '[objective]\nmetric = "eval/loss"',
            "more": '[metrics."eval loss"]\nunit = ""',
            **search('stop = [{ when = "eval_loss > 1" }]'),
        },
        ["search.stop[0].when: 'eval_loss' could be 'eval/loss' or 'eval loss'"],
    ),
    # outcome
    "outcome no list": (search('outcome = "gap < 1"'), ["search.outcome: must be a list", 'write ["gap < 1"]']),
    "outcome no text": (search("outcome = [1]"), ["search.outcome[0]: must be text"]),
    "outcome no condition": (search('outcome = ["gap * 2"]'), ["search.outcome[0]: 'gap * 2' is no condition"]),
    "outcome on a setting": (search('outcome = ["lora_rank < 9"]'), ["search.outcome[0]: 'lora_rank' is a setting"]),
    # until
    "no improvement in none": (search("until = { no_improvement = 0 }"), ["no_improvement: must be more than 0"]),
    "improvement misspelt": (search("until = { no_improvment = 3 }"), ["did you mean 'no_improvement'?"]),
    "trials twice": (
        search("trials = 20", "until = { trials = 30 }"),
        ["search.until.trials: stands in [search] as well", "keep search.trials"],
    ),
    "no trials in until": (search("until = { trials = 0 }"), ["search.until.trials: must be at least 1, got 0"]),
    "target as text": (search('until = { target = "0.5" }'), ["search.until.target: must be a number", "quotes: 0.5"]),
    "target of several": (
        {**TWO, **search("until = { target = 0.5 }")},
        ["search.until.target: one number cannot be the target of several objectives", "Pareto"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_file_place_value_and_way_out(case):
    parts, expected = BAD[case]
    with pytest.raises(StudyError) as caught:
        read(**parts)
    said = str(caught.value)
    assert said.startswith("studies/demo.toml: search.")
    assert [part for part in expected if part not in said] == [], said


# -- a rule whose metric has no value by then

CHARLM = '[trainer]\nkind = "charlm"\nsteps = 300\neval_every = 100'


def charlm(rule, space='[space]\nlearning_rate = "1e-4..1e-3 log"', settings=CHARLM):
    objective = '[objective]\nmetric = "val_loss"'
    rules = search("trials = 9", f"stop = [{rule}]")
    return read_text(text(objective=objective, trainer=settings, space=space, **rules), schema=real_schema)


def test_a_rule_before_the_first_evaluation_is_refused():
    with pytest.raises(StudyError) as caught:
        charlm('{ when = "val_loss > 3", after = 0.1 }')
    assert str(caught.value) == (
        "search.stop[0].after: val_loss has no value after 10 % of training: the first evaluation is at 33 %\n"
        "  after = 0.33, or evaluate more often"
    )


@pytest.mark.parametrize(
    "rule",
    [
        '{ when = "val_loss > 3", after = 0.34 }',
        '{ when = "val_loss > 3" }',
        '{ when = "train_loss > 3", after = 0.1 }',
    ],
)
def test_a_rule_that_has_a_value_by_then_is_not(rule):
    assert charlm(rule).search.stop


def test_it_is_refused_only_where_that_is_certain():
    rule = '{ when = "val_loss > 3", after = 0.1 }'
    longer = "[space]\nsteps = { choices = [100, 1000] }"
    assert charlm(rule, space=longer).search.stop
    with pytest.raises(StudyError, match="first evaluation is at 20 %"):
        charlm(rule, space="[space]\nsteps = { choices = [100, 500] }")
    assert charlm(rule, settings='[trainer]\nkind = "charlm"\nepochs = 3\neval_every = 100').search.stop
    assert read(**trainer("warmup_steps = 3"), **search('stop = [{ when = "eval_loss > 1", after = 0.01 }]'))


# -- what differs, what is doubtful


def test_differences_are_sentences():
    old = read(**search("trials = 20", 'stop = [{ when = "eval_loss > 0.7", after = 0.1 }]', 'outcome = ["gap < 1"]'))
    new = read(
        **search(
            "trials = 20",
            'stop = [{ when = "eval_loss > 0.7", after = 0.2 }, { when = "gap > 2" }]',
            'outcome = ["gap < 1", "peak_memory_gb <= 16"]',
            'pruner = { kind = "asha", startup = 3 }',
            "until = { no_improvement = 10, target = 0.5 }",
        )
    )
    assert describe_changes(old, new) == [
        "stop rule removed: eval_loss > 0.7 after 10 %",
        "stop rule added: eval_loss > 0.7 after 20 %",
        "stop rule added: gap > 2",
        "outcome added: peak_memory_gb <= 16",
        'search.pruner.kind: "none" → "asha"',
        "search.pruner.startup: 5 → 3",
        "search.pruner.eta added: 3",
        "search.until.no_improvement added: 10",
        "search.until.target added: 0.5",
    ]
    assert describe_changes(new, again(new)) == []


def test_override_reaches_the_new_keys():
    study = read(**search("trials = 20", 'pruner = { kind = "asha", eta = 4 }'))
    changed = with_overrides(
        study,
        {
            "search.pruner.eta": "2",
            "search.until.no_improvement": "7",
            "search.until.target": "0.25",
            "search.outcome": '["peak_memory_gb <= 16"]',
            "search.stop": '[{"when": "eval_loss > 0.7", "after": 0.1}]',
        },
        schema,
    )
    assert changed.search.pruner == pruner_settings("asha", eta=2)
    assert changed.search.until == StoppingConditions(no_improvement=7, target=0.25)
    assert [str(one) for one in (*changed.search.outcome, *changed.search.stop)] == [
        "peak_memory_gb <= 16",
        "eval_loss > 0.7 after 10 %",
    ]
    assert with_overrides(study, {"search.pruner": "median"}, schema).search.pruner == pruner_settings("median")


DOUBTFUL = {
    "metric misspelt": (
        search("trials = 9", 'stop = [{ when = "eval_los > 0.7" }]', 'outcome = ["peak_memory < 9"]'),
        [
            "search.stop[0].when: eval_los is no metric that this file names; did you mean 'eval_loss'?",
            "search.outcome[0]: peak_memory is no metric that this file names; did you mean 'peak_memory_gb'?",
        ],
    ),
    "another metric": (search("trials = 9", 'stop = [{ when = "train_loss > 0.7" }]'), []),
    "stops the good": (
        search("trials = 9", 'stop = [{ when = "eval_loss < 0.7" }]'),
        ["search.stop[0]: eval_loss < 0.7 stops trials whose eval_loss is good"],
    ),
    "stops the good of a maximum": (
        {
            "objective": '[objective]\nmetric = "bleu"\ngoal = "maximize"',
            **search("trials = 9", 'stop = [{ when = "bleu > 30" }, { when = "bleu < 3" }]'),
        },
        ["search.stop[0]: bleu > 30 stops trials whose bleu is good"],
    ),
    "startup beyond trials": (
        search("trials = 5", 'pruner = "median"'),
        [
            "search.pruner: prunes nothing, because 5 trials to compare with (startup) must have finished before, "
            "and trials = 5"
        ],
    ),
    "thresholds need nobody": (search("trials = 5", 'pruner = { kind = "threshold", high = 9 }'), []),
    "hyperband in one bracket": (
        search("trials = 9", 'pruner = { kind = "hyperband", warmup = 0.4 }'),
        ["search.pruner: hyperband has one bracket only, like asha; with warmup below 0.33 it has several"],
    ),
    "patience beyond trials": (
        search("trials = 9", "until = { no_improvement = 9 }"),
        ["search.until.no_improvement: 9 trials without improvement cannot be, with 9"],
    ),
    "listed trials are spared": (
        {
            **search('sampler = "list"', 'pruner = "median"'),
            "space": "",
            "more": "[[trial]]\nset = { lora_rank = 8 }",
        },
        ["search.pruner: prunes nothing, because trials that the file lists are spared"],
    ),
    "no improvement is a limit": (search("until = { no_improvement = 9 }"), []),
    "a target is none": (
        search("until = { target = 0.1 }"),
        ["search: has no limit, so it runs until it is stopped; trials = 20 or until = { hours = 8 } gives one"],
    ),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_what_is_doubtful_is_said(case):
    parts, expected = DOUBTFUL[case]
    assert study_warnings(read(**parts), schema) == expected


@pytest.mark.parametrize("said", ['"wilcoxon"', '{ kind = "wilcoxon" }', '{ kind = "patient", wraps = "wilcoxon" }'])
def test_wilcoxon_is_known_and_refused_with_its_reason(said):
    with pytest.raises(Unsupported, match=r"(?s)search\.pruner.*fold by fold or example by example.*median"):
        read(**search(f"pruner = {said}"))
