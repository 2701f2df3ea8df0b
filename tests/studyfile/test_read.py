"""Study files: what is read, and what every bad input says. Errors are looked at as a user meets them: as text."""

import dataclasses
import json
import subprocess
import sys

import pytest

from hptui import plugins
from hptui.core.command_settings import COMMAND_KEYS
from hptui.core.errors import HptuiError, StudyError, Unsupported
from hptui.core.keys import FLAG, FLOAT, PLAIN_LIST, TEXT, WHOLE_FLOAT, Key
from hptui.core.space import Choice, Float, Int
from hptui.core.stages import expected_total
from hptui.core.study import PrunerSettings, Resources
from hptui.studyfile import (
    describe_changes,
    from_json,
    parse_value,
    read_file,
    read_text,
    study_warnings,
    to_json,
    with_overrides,
)
from hptui.trainers.registry import schema as real_schema

SETTINGS = {
    key.name: key
    for key in (
        Key("learning_rate", FLOAT, default=1e-3),
        Key("batch_size", WHOLE_FLOAT, default=8, low=1),
        Key("lora_rank", WHOLE_FLOAT, default=16),
        Key("lora_alpha", WHOLE_FLOAT, default=32),
        Key("dropout", FLOAT, default=0.0),
        Key("lr_schedule", TEXT, default="cosine", choices=("cosine", "constant")),
        Key("warmup_steps", WHOLE_FLOAT, default=0),
        Key("use_amp", FLAG, default=False),
        Key("betas", PLAIN_LIST, default=[0.9, 0.99]),
        Key("patience", WHOLE_FLOAT, default=None),
        Key("tag", TEXT, default=""),
    )
}


def schema(kind, directory):
    return SETTINGS if kind == "sft" else None


PARTS = {
    "top": 'name = "demo"',
    "objective": '[objective]\nmetric = "eval_loss"',
    "trainer": '[trainer]\nkind = "sft"\nlearning_rate = 2e-4\nlora_rank = 16',
    "space": "[space]\nlearning_rate = { low = 1e-5, high = 5e-4, log = true }",
    "search": "[search]\ntrials = 20",
    "more": "",
}


def text(**parts):
    return "\n".join({**PARTS, **parts}.values()) + "\n"


def read(**parts):
    return read_text(text(**parts), source="studies/demo.toml", schema=schema)


def space(*lines):
    return {"space": "\n".join(["[space]", *lines])}


def search(*lines):
    return {"search": "\n".join(["[search]", *lines])}


def trainer(*lines):
    return {"trainer": "\n".join(["[trainer]", 'kind = "sft"', *lines])}


LR = "learning_rate = { low = 1e-5, high = 5e-4, log = true }"
RANKS = "lora_rank = { choices = [8, 16] }"

BAD = {
    # the file
    "not TOML": ({"more": "[search"}, ["is not TOML", "line "]),
    "key twice": ({"top": 'name = "a"\nname = "b"'}, ["is not TOML", '"name"']),
    "infinite": (trainer("learning_rate = inf"), ["trainer.learning_rate:", "finite number, got inf"]),
    "more than 64 bits": (trainer("learning_rate = 1" + "0" * 400), ["trainer.learning_rate:", "64 bits"]),
    "thousands of digits": (trainer("learning_rate = 1" + "0" * 9000), ["is not TOML", "Invalid number"]),
    "half a surrogate": (trainer('tag = "\\ud800"'), ["is not TOML"]),
    "a date": ({"more": "[report]\ntitle = 2026-01-02"}, ["report.title:", "2026-01-02", "quotes"]),
    "nested deeply": ({"more": "x = " + "[" * 3000 + "]" * 3000}, ["nested"]),
    # names and keys
    "no name": ({"top": ""}, ["name: missing"]),
    "empty name": ({"top": 'name = ""'}, ["name: must not be empty"]),
    "name leaves": ({"top": 'name = "../other"'}, ["name: '../other' cannot be the name of a study"]),
    "name with dots": ({"top": 'name = "a..b"'}, ["name: 'a..b' cannot be the name of a study", "hold no '..'"]),
    "name absolute": ({"top": 'name = "/etc"'}, ["name: '/etc' cannot be"]),
    "name a number": ({"top": "name = 5"}, ["name: must be text, got a whole number: 5"]),
    "unknown table": ({"more": "[serach]\ntrials = 5"}, ["serach: unknown key 'serach'", "did you mean 'search'?"]),
    "unknown key": (search("trails = 5"), ["search.trails: unknown key 'trails'", "did you mean 'trials'?"]),
    "key of another table": ({"top": 'name = "a"\nsampler = "tpe"'}, ["sampler: unknown key", "belongs in [search]"]),
    "top key in a table": (search("on_end = []"), ["search.on_end: unknown key", "at the top of the file"]),
    "table is a value": ({"search": "", "top": 'name = "a"\nsearch = 5'}, ["search: must be a table, got", "5"]),
    # objective
    "no objective": ({"objective": ""}, ["objective: missing"]),
    "no metric": ({"objective": '[objective]\ngoal = "minimize"'}, ["objective.metric: missing"]),
    "metric misspelt": ({"objective": '[objective]\nmetirc = "x"'}, ["objective.metirc:", "did you mean 'metric'?"]),
    "goal": ({"objective": '[objective]\nmetric = "x"\ngoal = "minimise"'}, ["objective.goal:", "'minimize'?"]),
    "select": ({"objective": '[objective]\nmetric = "x"\nselect = "lst"'}, ["objective.select:", "'last'?"]),
    "samples": (
        {"objective": '[objective]\nmetric = "x"\nsamples = 0'},
        ["objective.samples: must be at least 1, got 0"],
    ),
    "two without goals": (
        {"objective": '[[objective]]\nmetric = "a"\ngoal = "minimize"\n[[objective]]\nmetric = "b"'},
        ["objective[1].goal: missing", "several objectives", "'b'"],
    ),
    "one metric twice": (
        {"objective": '[[objective]]\nmetric = "a"\ngoal = "minimize"\n' * 2},
        ["objective[1].metric: 'a' is an objective twice"],
    ),
    "goal against metrics": (
        {
            "objective": '[objective]\nmetric = "a"\ngoal = "minimize"',
            "more": '[metrics.a]\ngoal = "maximize"',
        },
        ["objective.goal: is 'minimize', but [metrics] says 'maximize'"],
    ),
    # trainer
    "no trainer": ({"trainer": ""}, ["trainer: missing"]),
    "no kind": ({"trainer": "[trainer]\nlora_rank = 8"}, ["trainer.kind: missing"]),
    "unknown setting": (trainer("learning_rat = 1e-4"), ["trainer.learning_rat:", "did you mean 'learning_rate'?"]),
    "number in quotes": (
        trainer('learning_rate = "1e-4"'),
        ['trainer.learning_rate: must be a number, got text: "1e-4"', "write it without quotes: 1e-4"],
    ),
    "float for int": (trainer("batch_size = 2.5"), ["trainer.batch_size: must be a whole number, got a number: 2.5"]),
    "bool for int": (trainer("batch_size = true"), ["trainer.batch_size: must be a whole number", "true"]),
    "number for text": (trainer("tag = 3"), ["trainer.tag: must be text, got a whole number: 3"]),
    "number for bool": (trainer("use_amp = 1"), ["trainer.use_amp: must be true or false, got a whole number: 1"]),
    "words for list": (trainer('betas = "0.9, 0.99"'), ["trainer.betas: must be a list", 'write ["0.9", "0.99"]']),
    "number for list": (trainer("betas = 0.9"), ["trainer.betas: must be a list, got a number: 0.9"]),
    "no such choice": (trainer('lr_schedule = "cosin"'), ['trainer.lr_schedule: cannot be "cosin"', "'cosine'?"]),
    "too small": (trainer("batch_size = 0"), ["trainer.batch_size: must be at least 1, got 0"]),
    # space
    "low > high": (
        space("learning_rate = { low = 1e-3, high = 1e-4 }"),
        ["space.learning_rate.low: low < high must hold, got low=1e-3, high=1e-4"],
    ),
    "low == high": (space("dropout = { low = 0.1, high = 0.1 }"), ["space.dropout.low:", "[trainer]: dropout = 0.1"]),
    "short low > high": (space('learning_rate = "1e-3..1e-4"'), ["space.learning_rate", "low=1e-3, high=1e-4"]),
    "log from 0": (
        space("dropout = { low = 0, high = 1, log = true }"),
        ["space.dropout.low: log = true needs low > 0, got low=0"],
    ),
    "log from -1": (space('dropout = "-1..1 log"'), ["space.dropout", "log = true needs low > 0, got low=-1"]),
    "log and step": (
        space("dropout = { low = 0.1, high = 1, log = true, step = 0.1 }"),
        ["space.dropout.step:"],
    ),
    "no choices": (space("lora_rank = { choices = [] }"), ["space.lora_rank.choices: at least one choice", "[]"]),
    "no short choices": (space('lora_rank = "{}"'), ["space.lora_rank.choices: at least one choice"]),
    "choice twice": (space("lora_rank = { choices = [8, 8] }"), ["space.lora_rank.choices: 8 stands there twice"]),
    "choices no list": (space("lora_rank = { choices = 8 }"), ["space.lora_rank.choices: must be a list", "write [8]"]),
    "no high": (space("dropout = { low = 0.1 }"), ["space.dropout.high: missing", "both bounds"]),
    "bound in quotes": (
        space('learning_rate = { low = "1e-5", high = 1e-4 }'),
        ['space.learning_rate.low: must be a number, got text: "1e-5"', "write it without quotes: 1e-5"],
    ),
    "choice in quotes": (
        space('learning_rate = { choices = [1e-4, "1e-5"] }'),
        ["space.learning_rate.choices[1]: must be a number", "write it without quotes: 1e-5"],
    ),
    "log no flag": (space("dropout = { low = 0.1, high = 1, log = 1 }"), ["space.dropout.log: must be true or false"]),
    "key of an entry": (
        space("dropout = { low = 0.1, hihg = 1 }"),
        ["space.dropout.hihg: unknown key 'hihg'", "did you mean 'high'?"],
    ),
    "not in the short language": (space('dropout = "0 to 1"'), ["space.dropout:", "'0 to 1' is neither a range"]),
    "a bare list": (space("lora_rank = [8, 16]"), ["space.lora_rank:", "write { choices = [8, 16] }"]),
    "constraints in the space": (space('constraints = ["lora_rank < 8"]'), ["space.constraints:", "[search]"]),
    "a bare number": (space("lora_rank = 8"), ["space.lora_rank:", "a fixed value stands in [trainer]"]),
    "an empty entry": (space('lora_rank = { note = "x" }'), ["space.lora_rank: says no range, choices or expression"]),
    "two forms": (
        space("lora_rank = { choices = [8, 16], low = 1, high = 5 }"),
        ["space.lora_rank: says both choices and low"],
    ),
    "ordered range": (space("dropout = { low = 0, high = 1, ordered = true }"), ["space.dropout.ordered: does not go"]),
    "when on expr": (
        space(RANKS, 'lora_alpha = { expr = "2 * lora_rank", when = "lora_rank > 8" }'),
        ["space.lora_alpha.when: does not go with expr"],
    ),
    "float range of an int": (
        space("batch_size = { low = 1.0, high = 8.0 }"),
        ["space.batch_size: is a whole number, but its range is not: 1.0..8.0", "int = true"],
    ),
    "half in an int range": (
        space("batch_size = { low = 1.5, high = 8, int = true }"),
        ["space.batch_size.low: must be a whole number, got a number: 1.5"],
    ),
    "float choice of an int": (
        space("batch_size = { choices = [1, 2.5] }"),
        ["space.batch_size.choices[1]: must be a whole number, got a number: 2.5"],
    ),
    "range of a text": (space("lr_schedule = { low = 1, high = 2 }"), ["space.lr_schedule: takes one of", "choices"]),
    "range of a bool": (space('use_amp = "0..1"'), ["space.use_amp: takes true or false, not a range: 0..1"]),
    "range below the least": (space('batch_size = "0..4"'), ["space.batch_size.low: must be at least 1, got 0"]),
    "unknown choice": (
        space('lr_schedule = { choices = ["cosine", "constnat"] }'),
        ['space.lr_schedule.choices[1]: cannot be "constnat"', "did you mean 'constant'?"],
    ),
    "no such setting": (
        space("learning_rte = { low = 1e-5, high = 1e-4 }"),
        ["space.learning_rte: the trainer has no setting 'learning_rte'", "did you mean 'learning_rate'?"],
    ),
    "unknown name in expr": (
        space(RANKS, 'lora_alpha = { expr = "2 * lora_rnk" }'),
        ["space.lora_alpha.expr:", "unknown name 'lora_rnk'", "did you mean 'lora_rank'?"],
    ),
    "forbidden expr": (
        space(RANKS, "lora_alpha = { expr = \"__import__('os').system('id')\" }"),
        ["space.lora_alpha.expr:"],
    ),
    "expr in a circle": (
        space(RANKS, 'lora_alpha = { expr = "warmup_steps" }', 'warmup_steps = { expr = "lora_alpha" }'),
        ["space.lora_alpha.expr: needs itself"],
    ),
    "expr that fails": (
        space(RANKS, 'lora_alpha = { expr = "lora_rank / (batch_size - batch_size)" }'),
        ["space.lora_alpha.expr:", "lora_rank="],
    ),
    "unknown name in when": (
        space("warmup_steps = { low = 0, high = 9, when = \"lr_shedule == 'cosine'\" }"),
        ["space.warmup_steps.when:", "did you mean 'lr_schedule'?"],
    ),
    "when is no condition": (
        space('warmup_steps = { low = 0, high = 9, when = "2 * lora_rank" }'),
        ["space.warmup_steps.when: '2 * lora_rank' is no condition"],
    ),
    "empty space": ({"space": ""}, ["space: is empty, so 'auto' has nothing to search"]),
    # search
    "unknown sampler": (search('sampler = "tbe"'), ["search.sampler: unknown sampler 'tbe'", "did you mean 'tpe'?"]),
    "unknown pruner": (search('pruner = "medain"'), ["search.pruner: unknown pruner 'medain'", "'median'?"]),
    "pruner without kind": (search("pruner = { warmup = 0.2 }"), ["search.pruner.kind: missing"]),
    "unknown pruner key": (search('pruner = { kind = "median", warm = 1 }'), ["search.pruner.warm:", "'warmup'?"]),
    "warmup in steps": (
        search('pruner = { kind = "median", warmup = 100 }'),
        ["search.pruner.warmup: must be less than 1, got 100", "share"],
    ),
    "no trials": (search("trials = 0"), ["search.trials: must be at least 1, got 0"]),
    "trials as text": (search('trials = "20"'), ["search.trials: must be a whole number", "without quotes: 20"]),
    "negative seed": (search("seed = -1"), ["search.seed: must be at least 0, got -1"]),
    "no hours": (search("until = { hours = 0 }"), ["search.until.hours: must be more than 0"]),
    "unknown until": (search("until = { hour = 2 }"), ["search.until.hour:", "did you mean 'hours'?"]),
    "list without trials": (
        search('sampler = "list"'),
        ["search.sampler: 'list' runs the [[trial]] tables", "evaluate_base = true"],
    ),
    "grid on a continuum": (
        search('sampler = "grid"'),
        ["space.learning_rate:", "continuous range 1e-5..5e-4 log", "step, or choices"],
    ),
    "constraint no list": (
        search('constraints = "lora_rank < 9"'),
        ["search.constraints: must be a list", 'write ["lora_rank < 9"]'],
    ),
    "constraint names nothing": (
        search('constraints = ["1 < 2"]'),
        ["search.constraints[0]: '1 < 2' names no parameter of [space]", "learning_rate"],
    ),
    "constraint on fixed settings": (
        search('constraints = ["batch_size <= 8"]'),
        ["search.constraints[0]: 'batch_size <= 8' names no parameter"],
    ),
    "constraint misspelt": (
        search('constraints = ["learning_rte < 1"]'),
        ["search.constraints[0]:", "unknown name 'learning_rte'", "did you mean 'learning_rate'?"],
    ),
    "constraint is arithmetic": (
        search('constraints = ["learning_rate * 2"]'),
        ["search.constraints[0]: 'learning_rate * 2' is no condition"],
    ),
    "constraint of text and number": (
        search("constraints = [\"learning_rate <= 'x'\"]"),
        ["search.constraints[0]:", "learning_rate <= 'x'"],
    ),
    "constraint impossible beside a continuum": (
        {**space(LR, RANKS), **search('constraints = ["learning_rate > 0", "lora_rank > 16"]')},
        ["search.constraints[1]: 'lora_rank > 16' cannot hold: no configuration of [space] keeps it"],
    ),
    "constraint impossible through expr": (
        {
            **space(RANKS, 'lora_alpha = { expr = "2 * lora_rank" }'),
            **search('constraints = ["lora_alpha < lora_rank"]'),
        },
        ["search.constraints[0]: 'lora_alpha < lora_rank' cannot hold"],
    ),
    "constraints impossible together": (
        {**space(RANKS), **search('constraints = ["lora_rank > 8", "lora_rank < 16"]')},
        ["search.constraints: cannot hold together"],
    ),
    # trials
    "trial as one table": ({"more": "[trial]\nset = { lora_rank = 8 }"}, ["trial: must be a list", "[[trial]]"]),
    "trial without set": ({"more": '[[trial]]\nname = "a"'}, ["trial[0].set: missing"]),
    "trial name leaves": ({"more": '[[trial]]\nname = "../a"\nset = {}'}, ["trial[0].name: '../a' cannot be the name"]),
    "trial name a number": ({"more": '[[trial]]\nname = "7"\nset = {}'}, ["trial[0].name: '7' would be taken"]),
    "trial named best": ({"more": '[[trial]]\nname = "best"\nset = {}'}, ["trial[0].name: 'best' would be taken"]),
    "trial names alike": ({"more": '[[trial]]\nname = "a"\nset = {}\n' * 2}, ["trial[1].name: two trials", "'a'"]),
    "trial setting": ({"more": "[[trial]]\nset = { lora_rnk = 8 }"}, ["trial[0].set.lora_rnk:", "'lora_rank'?"]),
    "trial value": ({"more": '[[trial]]\nset = { lora_rank = "8" }'}, ["trial[0].set.lora_rank:", "quotes: 8"]),
    "trial_name unknown": (
        {"top": 'name = "a"\ntrial_name = "exp_{lora_rnk}"'},
        ["trial_name: unknown setting 'lora_rnk'", "did you mean 'lora_rank'?"],
    ),
    "trial_name attribute": (
        {"top": 'name = "a"\ntrial_name = "{lora_rank.__class__}"'},
        ["trial_name: unknown setting 'lora_rank.__class__'"],
    ),
    "trial_name leaves": ({"top": 'name = "a"\ntrial_name = "../{lora_rank}"'}, ["trial_name: cannot make names"]),
    "trial_name unclosed": ({"top": 'name = "a"\ntrial_name = "{lora_rank"'}, ["trial_name:", "{lora_rank"]),
    # resources
    "gpus": ({"more": '[resources]\ngpus = "some"'}, ["resources.gpus:", '"some"', "[0, 1]"]),
    "gpu twice": ({"more": "[resources]\ngpus = [0, 0]"}, ["resources.gpus: names one GPU twice: [0, 0]"]),
    "gpu negative": ({"more": "[resources]\ngpus = [-1]"}, ["resources.gpus[0]: must be at least 0, got -1"]),
    "no slots": ({"more": "[resources]\nparallel = 0"}, ["resources.parallel: must be at least 1, got 0"]),
    "duration": ({"more": '[resources]\ntimeout = "30 minutes"'}, ["resources.timeout:", '"30 minutes"', '"30m"']),
    "no time": ({"more": '[resources]\ntimeout = "0s"'}, ["resources.timeout: must be more than 0"]),
    "negative time": ({"more": "[resources]\nstop_grace = -1"}, ["resources.stop_grace: must not be negative, got -1"]),
    "on_hang": ({"more": '[resources]\non_hang = "kill"'}, ["resources.on_hang: unknown on_hang 'kill'", "stop, warn"]),
    "resources key": ({"more": "[resources]\ngpu = 1"}, ["resources.gpu: unknown key 'gpu'", "did you mean 'gpus'?"]),
    # metrics, report, notes
    "metric key": ({"more": '[metrics.bleu]\nunits = "%"'}, ["metrics.bleu.units:", "did you mean 'unit'?"]),
    "metric format": ({"more": '[metrics.bleu]\nformat = "{0.x}"'}, ["metrics.bleu.format: unknown format", "percent"]),
    "metric no table": ({"more": '[metrics]\nbleu = "%"'}, ["metrics.bleu: must be a table"]),
    "columns no list": ({"more": '[report]\ncolumns = "lr"'}, ["report.columns: must be a list of columns"]),
    "column no text": ({"more": "[report]\ncolumns = [5]"}, ["report.columns[0]: must be a table, got", "5"]),
    "column twice": ({"more": '[report]\ncolumns = ["a", "a"]'}, ["report.columns: 'a' is a column twice"]),
    "columns twice": (
        {"top": 'name = "a"\ncolumns = ["x"]', "more": '[report]\ncolumns = ["x"]'},
        ["report.columns: stands at the top of the file as well"],
    ),
    "note on nothing": ({"more": '[notes]\nlora_rnk = "x"'}, ["notes.lora_rnk:", "did you mean 'lora_rank'?"]),
    "note no text": ({"more": "[notes]\nlora_rank = 5"}, ["notes.lora_rank: must be text, got a whole number: 5"]),
    "future no list": ({"more": '[notes]\nfuture = "all"'}, ["notes.future: must be a list", 'write ["all"]']),
    "quoted words": (
        {"top": 'name = "a"\non_end = "say \'it is done\'"'},
        ["on_end: must be a list", 'write ["say", "it is done"]'],
    ),
    "half a quotation": (
        {"top": 'name = "a"\non_end = "say it\'s"'},
        ["on_end: must be a list", """write ["say", "it's"]"""],
    ),
    "command as text": ({"top": 'name = "a"\non_end = "bell -n"'}, ["on_end: must be a list", 'write ["bell", "-n"]']),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_file_place_value_and_way_out(case):
    parts, expected = BAD[case]
    with pytest.raises(StudyError) as caught:
        read(**parts)
    said = str(caught.value)
    assert said.startswith("studies/demo.toml: ")
    assert [part for part in expected if part not in said] == [], said
    assert caught.value.exit_code == 2


LATER = {
    "cmaes and words": (
        {**search('sampler = "cmaes"'), **space(LR, 'lr_schedule = { choices = ["constant", "cosine"] }')},
        "space.lr_schedule: 'cmaes' searches numbers, and {constant, cosine} has no order",
    ),
    "cmaes and conditions": (
        {**search('sampler = "cmaes"'), **space(LR, 'dropout = { low = 0, high = 1, when = "lora_rank > 8" }', RANKS)},
        "space.dropout: 'cmaes' cannot search a parameter that is there only when lora_rank > 8",
    ),
    "cmaes and objectives": (
        {
            **search('sampler = "cmaes"'),
            "objective": "\n".join(f'[[objective]]\nmetric = "{one}"\ngoal = "minimize"' for one in ("a", "b")),
        },
        "objective: 'cmaes' has one goal, and there are 2 objectives",
    ),
}


@pytest.mark.parametrize("sampler", ["auto", *plugins.names("samplers")])
def test_every_sampler_can_be_named(sampler):
    listed = "[[trial]]\nset = { lora_rank = 8 }" if sampler == "list" else ""
    assert read(**search(f'sampler = "{sampler}"'), **space(RANKS), more=listed).search.sampler == sampler


def test_without_ax_its_sampler_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("hptui.search.library_samplers.find_spec", lambda name: None)
    with pytest.raises(Unsupported, match=r"(?s)search\.sampler: 'ax' needs Ax.*pip install ax-platform"):
        read(**search('sampler = "ax"'))
    assert read(**search('sampler = "gp"'))


@pytest.mark.parametrize("case", LATER)
def test_what_comes_later_is_our_limit_and_not_a_mistake(case):
    parts, expected = LATER[case]
    with pytest.raises(Unsupported) as caught:
        read(**parts)
    assert str(caught.value).startswith(f"studies/demo.toml: {expected}")
    assert caught.value.exit_code == 2


WHOLE = """\
name = "director-lora"
about = "LoRA settings."
trial_name = "exp_lr{learning_rate:.0e}_r{lora_rank}"
on_end = ["notify-send", "done"]
columns = ["learning_rate", { lora_alpha = "LoRA α" }, { name = "seconds", heading = "Time" }, "bleu"]

[[objective]]
metric = "eval_loss"
goal = "minimize"
select = "last"

[[objective]]
metric = "bleu"
samples = 200

[metrics.bleu]
goal = "maximize"
unit = "%"
heading = "BLEU"
format = "percent"

[trainer]
kind = "sft"
learning_rate = 2e-4
batch_size = 1
betas = [0.9, 0.95]
lr_schedule = "cosine"

[space]
lora_rank = { choices = [8, 16, 32, 64], note = "capacity" }
lora_alpha = { expr = "2 * lora_rank", note = "derived" }
learning_rate = "1e-5..5e-4 log"
batch_size = "{1, 2, 4}"
warmup_steps = { low = 0, high = 200, step = 50, int = true, when = "lr_schedule == 'cosine'" }
dropout = { low = 0, high = 1 }
patience = { low = 1e0, high = 1e1, int = true }
lr_schedule = { choices = ["cosine", "constant"], ordered = false }

[search]
sampler = "auto"
trials = 20
seed = 42
baseline = false
constraints = ["lora_rank * batch_size <= 128"]
pruner = { kind = "median", warmup = 0.3, startup = 4 }
stop = [{ when = "eval_loss > 0.7", after = 0.1 }]
outcome = ["peak_memory_gb <= 16"]
until = { hours = 8, no_improvement = 10 }

[[trial]]
name = "higher-rank"
title = "Higher rank"
note = "more capacity"
set = { lora_rank = 16, lora_alpha = 32 }

[resources]
gpus = [0, 1]
timeout = "1h30m"
hang_after = 90
stop_grace = "90s"
checkpoints = "elsewhere/here"

[report]
title = "A report"
write = "results/director"

[notes]
lora_rank = "capacity"
rationale = "to know"
future = ["more data", "more epochs"]
"""


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "director.toml"
    path.write_text(WHOLE)
    return read_file(path, schema)


def test_a_whole_file_is_read(whole, tmp_path):
    assert (whole.name, whole.about, whole.on_end) == ("director-lora", "LoRA settings.", ("notify-send", "done"))
    assert (whole.source, whole.directory) == (str(tmp_path / "director.toml"), str(tmp_path))
    assert [(one.metric, one.goal, one.select, one.samples) for one in whole.objectives] == [
        ("eval_loss", "minimize", "last", None),
        ("bleu", "maximize", "best", 200),
    ]
    assert whole.trainer.settings["learning_rate"] == 2e-4
    assert whole.space.names == (
        "lora_rank", "learning_rate", "batch_size", "warmup_steps", "dropout", "patience", "lr_schedule",
    )  # fmt: skip
    assert [item.describe() for item in whole.space.parameters] == [
        "{8, 16, 32, 64}", "1e-5..5e-4 log", "{1, 2, 4}", "0..200 int step 50", "0.0..1.0", "1..10 int",
        "{cosine, constant}",
    ]  # fmt: skip
    assert whole.space.derived[0].expr.text == "2 * lora_rank"
    assert whole.search.sampler == "auto"
    assert whole.search.pruner == PrunerSettings("median", 0.3, 4)
    assert (whole.search.until.hours, whole.search.seed, whole.search.baseline) == (8, 42, False)
    assert whole.trials[0].set == {"lora_rank": 16, "lora_alpha": 32}
    assert whole.resources == Resources(
        gpus=(0, 1), timeout=5400.0, hang_after=90.0, stop_grace=90.0, checkpoints="elsewhere/here"
    )
    assert list(whole.report.columns.items()) == [
        ("learning_rate", "learning_rate"), ("lora_alpha", "LoRA α"), ("seconds", "Time"), ("bleu", "BLEU"),
    ]  # fmt: skip
    assert whole.notes.settings == {"lora_rank": "capacity"}
    assert whole.notes.future == ("more data", "more epochs")


def test_values_are_plain_python(whole):
    def kinds(value):
        if isinstance(value, dict):
            return {type(value)}.union(*map(kinds, value.values()), *map(kinds, value))
        if isinstance(value, list | tuple):
            return {type(value)}.union(*map(kinds, value))
        return {type(value)}

    assert kinds(dataclasses.asdict(whole.trainer)) | kinds(whole.trials[0].set) <= {dict, list, str, int, float, bool}
    assert {type(choice) for choice in whole.space.get("lora_rank").choices} == {int}


def test_json_is_lossless_even_with_sorted_keys(whole):
    for study in (whole, read(), read(**search(), top='name = "a"\non_end = []')):
        stored = json.loads(json.dumps(to_json(study), sort_keys=True, allow_nan=False))
        again = from_json(stored)
        assert again == study
        assert list(again.report.columns) == list(study.report.columns)
        assert again.space.names == study.space.names
        assert to_json(again) == to_json(study)


def test_json_keeps_integers_and_floats_apart():
    study = read(
        **space(
            "learning_rate = { low = 1, high = 2 }",
            "lora_rank = { low = 1, high = 8 }",
            "dropout = { choices = [0, 0.5] }",
        )
    )
    again = from_json(json.loads(json.dumps(to_json(study))))
    assert [type(item) for item in again.space.parameters] == [Float, Int, Choice]
    assert [type(choice) for choice in again.space.get("dropout").choices] == [int, float]


def test_json_is_read_without_tomlkit_and_without_a_trainer():
    code = (
        "import sys, json; from hptui.studyfile import from_json, to_json;"
        "study = from_json(json.load(sys.stdin)); to_json(study);"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'tomlkit', 'torch', 'optuna', 'sqlite_utils'}),"
        "'hptui.trainers' in sys.modules)"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, input=json.dumps(to_json(read())), capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] False"


def test_a_range_takes_the_type_of_its_setting():
    study = read(**space('dropout = "0..1"', 'warmup_steps = "1..8"', "lora_rank = { low = 2, high = 64 }"))
    assert [type(item) for item in study.space.parameters] == [Float, Int, Int]
    explicit = read(**space('dropout = "0..4 int"'))
    assert isinstance(explicit.space.get("dropout"), Int)


def test_without_a_schema_anything_goes():
    study = read_text(text(trainer='[trainer]\nkind = "mine:train"\nanything = "1e-4"'), schema=schema)
    assert study.trainer.settings == {"anything": "1e-4"}
    assert read_text(text()) == read_text(text(), schema=lambda kind, directory: None)


def test_a_space_parameter_needs_no_value_in_trainer_where_the_setting_has_a_default():
    assert read(**space("dropout = { low = 0.0, high = 0.5 }")).space.names == ("dropout",)


def test_a_required_setting_must_be_given():
    settings = {**SETTINGS, "train": Key("train", TEXT, default=None, required=True)}
    with pytest.raises(StudyError, match=r"trainer.train: missing: the trainer 'sft' needs it"):
        read_text(text(), schema=lambda kind, directory: settings)
    with pytest.raises(StudyError, match="the baseline runs"):
        read_text(text(**space('train = { choices = ["a", "b"] }')), schema=lambda kind, directory: settings)
    searched = text(**space('train = { choices = ["a", "b"] }'), **search("baseline = false"))
    assert read_text(searched, schema=lambda kind, directory: settings).space.names == ("train",)


def test_listed_trials_alone_need_no_sampler():
    listed = "[[trial]]\nset = { lora_rank = 8 }"
    assert read(space="", more=listed).search.sampler == "list"
    assert read(more=listed).search.sampler == "auto"


def test_one_configuration_is_compared_with_the_untouched_model_without_a_list():
    """The base model and `[trainer]` as it stands are two trials, which need nothing that proposes any."""
    for given in ("evaluate_base = true", 'sampler = "list"\nevaluate_base = true'):
        study = read(space="", **search(given))
        assert (study.search.sampler, study.trials, expected_total(study, ())) == ("list", (), 2)
    with pytest.raises(StudyError, match=r"space: is empty"):
        read(space="", **search("evaluate_base = true\nbaseline = false"))
    assert read(**search("evaluate_base = true")).search.sampler == "auto"


def test_a_trainer_that_is_not_there_is_named_with_its_place(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(text(trainer='[trainer]\nkind = "charlmm"'))
    with pytest.raises(StudyError, match=r"a\.toml: trainer\.kind: there is no trainer 'charlmm'"):
        read_file(path, real_schema)


def test_the_real_trainers_check_their_settings(tmp_path):
    path = tmp_path / "a.toml"
    lines = "[space]\nmodel_dim = { choices = [64, 128] }\nnum_heads = { choices = [2, 4] }"
    path.write_text(
        text(
            trainer='[trainer]\nkind = "charlm"', space=lines, **search('constraints = ["model_dim % num_heads == 0"]')
        )
    )
    assert read_file(path, real_schema).space.names == ("model_dim", "num_heads")
    path.write_text(text(trainer='[trainer]\nkind = "charlm"\nmodel_dims = 64', space=lines))
    with pytest.raises(StudyError, match=r"trainer\.model_dims: (.|\n)*did you mean 'model_dim'\?"):
        read_file(path, real_schema)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b'name = "\xff"', "is not UTF-8 text (line 1)"),
        (b'name = "a"\nx = \n', "line 2"),
        (b"#" * (5 << 20), "is larger than 4 MiB"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, said):
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + text().replace("\n", "\r\n").encode())
    assert read_file(path, schema).name == "demo"


# -- --set


def test_override_sets_settings_and_dotted_keys(whole):
    changed = with_overrides(
        whole,
        {
            "learning_rate": "1e-4",
            "trainer.batch_size": "4",
            "tag": "5",
            "search.trials": 5,
            "search.until.hours": "1.5",
            "search.pruner": "none",
            "resources.timeout": "2h",
            "report.title": "2026",
            "space.warmup_steps": "0..400 step 100",
            "space.dropout": None,
        },
        schema,
    )
    assert changed.trainer.settings["learning_rate"] == 1e-4
    assert changed.trainer.settings["batch_size"] == 4
    assert changed.trainer.settings["tag"] == "5"
    assert (changed.search.trials, changed.search.until.hours, changed.search.pruner.kind) == (5, 1.5, "none")
    assert changed.resources.timeout == 7200
    assert changed.report.title == "2026"
    warmup = changed.space.get("warmup_steps")
    assert warmup.describe() == "0..400 int step 100"
    assert warmup.when.text == "lr_schedule == 'cosine'"
    assert changed.space.get("dropout") is None
    assert (changed.source, changed.directory) == (whole.source, whole.directory)
    assert whole.search.trials == 20


@pytest.mark.parametrize("given", ["a b", '"a b"', "'a b'"])
@pytest.mark.parametrize("present", ["", 'note = "old"\n', "note = 3\n"])
def test_text_may_stand_in_quotes_whatever_stood_there(given, present):
    study = read_text(f'{COMMAND_STUDY}{present}x = 1.0\n[space]\nx = "1..2"\n')
    assert with_overrides(study, {"trainer.note": given}).trainer.settings["note"] == "a b"


@pytest.mark.parametrize("key", ["main.lr", 'trainer."main.lr"', "trainer.main.lr", "trainer.'main.lr'", '"main.lr"'])
def test_names_of_parameters_may_have_dots(key):
    study = read_text(f'{COMMAND_STUDY}"main.lr" = 0.1\n[space]\n"main.lr" = "0.1..1.0"\n')
    changed = with_overrides(study, {key: "0.2", "space.main.lr": "0.1..2.0"})
    assert changed.trainer.settings["main.lr"] == 0.2
    assert [(parameter.name, parameter.high) for parameter in changed.space.parameters] == [("main.lr", 2.0)]
    assert "main" not in changed.trainer.settings


COMMAND_STUDY = """
name = "dots"
[objective]
metric = "val_loss"
[trainer]
kind = "command"
command = ["python", "train.py"]
"""


def test_override_keeps_a_float_range_a_float_range(whole):
    bare = read_text(text(**space("x = { low = 1.0, high = 8.0 }", "n = { low = 1, high = 8 }")))
    changed = with_overrides(bare, {"space.x": "1..10", "space.n": "1..10"})
    assert [type(item) for item in changed.space.parameters] == [Float, Int]


def test_override_reaches_the_only_objective():
    assert with_overrides(read(), {"objective.goal": "maximize"}, schema).objective.goal == "maximize"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"learning_rte": "1"}, ["trainer.learning_rte:", "did you mean 'learning_rate'?"]),
        ({"trainer.learning_rate": "fast"}, ["trainer.learning_rate: must be a number", '"fast"']),
        ({"search.trails": "1"}, ["search.trails: unknown key", "did you mean 'trials'?"]),
        ({"serch.trials": "1"}, ["serch.trials: no table 'serch'", "did you mean 'search'?"]),
        ({"search.trials": "many"}, ["search.trials: must be a whole number", '"many"']),
        ({"search.sampler": "tbe"}, ["search.sampler: unknown sampler", "did you mean 'tpe'?"]),
        ({"space.learning_rate": "1e-3..1e-4"}, ["space.learning_rate", "low < high must hold"]),
        ({"space.learning_rte": "1e-4..1e-3"}, ["space.learning_rte:", "did you mean 'learning_rate'?"]),
        ({"space.learning_rate": None}, ["space: is empty"]),
        ({"search.trials.x": "1"}, ["search.trials: is no single table"]),
    ],
)
def test_override_checks_like_a_file(change, said):
    with pytest.raises(StudyError) as caught:
        with_overrides(read(), change, schema)
    assert caught.value.file == "studies/demo.toml"
    assert [part for part in said if part not in str(caught.value)] == [], str(caught.value)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1e-4", 1e-4), ("64", 64), ("1.0", 1.0), ("-3", -3), ("true", True), ("cosine", "cosine"), ("", ""),
        ("[1, 2]", [1, 2]), ('"64"', "64"), ("nan", "nan"), ("a b", "a b"), ("1e999", "1e999"), ("{broken", "{broken"),
        ("data/x.jsonl", "data/x.jsonl"), ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
    ],
)  # fmt: skip
def test_a_typed_value(typed, value):
    found = parse_value(typed)
    assert (found, type(found)) == (value, type(value))


# -- what differs, what is doubtful


def test_equal_studies_have_no_differences(whole):
    assert describe_changes(whole, from_json(to_json(whole))) == []


def test_differences_are_sentences(whole):
    edited = (
        WHOLE.replace("1e-5..5e-4 log", "1e-5..1e-3 log")
        .replace("patience = { low = 1e0, high = 1e1, int = true }\n", 'tag = { choices = ["a", "b"] }\n')
        .replace('note = "capacity"', 'note = "size"')
        .replace("<= 128", "<= 64")
        .replace("learning_rate = 2e-4\n", "learning_rate = 3e-4\nuse_amp = true\n")
        .replace("batch_size = 1\n", "")
        .replace("trials = 20", "trials = 30")
        .replace('timeout = "1h30m"', 'timeout = "2h"')
        .replace("lora_alpha = 32 }", "lora_alpha = 64 }")
        .replace('future = ["more data", ', "future = [")
    )
    assert describe_changes(whole, read_text(edited, schema=schema)) == [
        "learning_rate: 1e-5..5e-4 log → 1e-5..1e-3 log",
        "patience removed (was 1..10 int)",
        "tag added: {a, b}",
        'lora_rank: note "capacity" → "size"',
        "constraint removed: lora_rank * batch_size <= 128",
        "constraint added: lora_rank * batch_size <= 64",
        "trainer.learning_rate: 2e-4 → 3e-4",
        "trainer.batch_size removed (was 1)",
        "trainer.use_amp added: true",
        "search.trials: 20 → 30",
        "resources.timeout: 5400.0 → 7200.0",
        'notes.future: ["more data", "more epochs"] → ["more epochs"]',
        "trial higher-rank: { lora_rank = 16, lora_alpha = 32 } → { lora_rank = 16, lora_alpha = 64 }",
    ]


def test_a_new_order_of_the_space_is_a_difference():
    one, other = (read(**space(*lines)) for lines in ((LR, RANKS), (RANKS, LR)))
    assert describe_changes(one, other) == ["[space]: the order of the parameters changed"]


DOUBTFUL = {
    "baseline outside": (
        trainer("learning_rate = 2e-3"),
        ["baseline: learning_rate = 2e-3 lies outside its range, 1e-5..5e-4 log"],
    ),
    "default outside": (
        {**trainer("learning_rate = 2e-4"), **space("batch_size = { choices = [1, 2] }")},
        ["baseline: batch_size = 8 lies outside its range, {1, 2}"],
    ),
    "baseline infeasible": (
        {**space(RANKS), **search("trials = 5", 'constraints = ["lora_rank < 16"]')},
        ["baseline: breaks the constraint lora_rank < 16"],
    ),
    "no baseline, no matter": (
        {**trainer("learning_rate = 2e-3"), **search("trials = 5", "baseline = false")},
        [],
    ),
    "inactive, no matter": (
        {
            **trainer('lr_schedule = "constant"', "warmup_steps = 999"),
            **space("warmup_steps = { low = 0, high = 9, when = \"lr_schedule == 'cosine'\" }"),
        },
        [],
    ),
    "linear over decades": (
        space("learning_rate = { low = 1e-5, high = 1e-3 }"),
        [
            "space.learning_rate: 1e-5..1e-3 spans a factor of 100 on a linear scale, so small values are hardly "
            "tried; log = true tries all magnitudes alike"
        ],
    ),
    "linear over one decade": (space("learning_rate = { low = 1e-4, high = 3e-3 }"), []),
    "hardly feasible": (
        {
            **space(LR, "warmup_steps = { low = 0, high = 99999 }"),
            **search("trials = 5", 'constraints = ["warmup_steps < 3"]'),
        },
        ["search.constraints: at most 0.1% of [space] keeps them; narrow the ranges, or derive settings with expr"],
    ),
    "no limit": (
        search("seed = 1"),
        ["search: has no limit, so it runs until it is stopped; trials = 20 or until = { hours = 8 } gives one"],
    ),
    "hours are a limit": (search("until = { hours = 1 }"), []),
    "accuracy made small": (
        {"objective": '[objective]\nmetric = "eval/accuracy"'},
        ['objective: eval/accuracy is minimized; goal = "maximize" makes it large'],
    ),
    "list with a space": (
        {**search('sampler = "list"'), "more": "[[trial]]\nset = { lora_rank = 8 }"},
        ["space: is not searched, because search.sampler is 'list'"],
    ),
    "number in quotes, unknown trainer": (
        {"trainer": '[trainer]\nkind = "mine:train"\nlr = "1e-4"', **space('x = { choices = ["8", "a"] }')},
        [
            'trainer.lr: is the text "1e-4"; if a number is meant, write it without quotes: 1e-4',
            'space.x.choices[0]: is the text "8"; if a number is meant, write it without quotes: 8',
        ],
    ),
    "all well": ({}, []),
    "numbers in quotes, keys of hptui": (
        {"trainer": '[trainer]\nkind = "command"\n' + "".join(f'{key} = "1"\n' for key in COMMAND_KEYS) + 'lr = "2"\n'},
        ['trainer.lr: is the text "2"; if a number is meant, write it without quotes: 2'],
    ),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_what_is_doubtful_is_said(case):
    parts, expected = DOUBTFUL[case]
    assert study_warnings(read(**parts), schema) == expected


def test_no_text_makes_anything_but_an_error_of_ours():
    """Cut a good file at every byte, and swap every value for one of another sort: it is read, or a study error."""
    base = WHOLE
    for cut in range(0, len(base), 7):
        attempt(base[:cut])
    lines = base.splitlines()
    for number, line in enumerate(lines):
        key, equals, _ = line.partition(" = ")
        for other in ("0", "-1.5", '"x"', "true", "[]", "{}", "[{ a = 1 }]", '""') if equals else ():
            attempt("\n".join([*lines[:number], f"{key} = {other}", *lines[number + 1 :]]))


def attempt(content):
    try:
        study = read_text(content, source="x.toml", schema=schema)
    except HptuiError as error:
        said = str(error)
    else:
        said = "x.toml: read"
        assert from_json(json.loads(json.dumps(to_json(study), allow_nan=False))) == study
        study_warnings(study, schema)
    assert said.startswith("x.toml: ")
