"""Which settings a question names: by name, by another word for it, or by a value; and how its answer goes on."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest

from hptui.core.trial import Role
from hptui.results.claims.mentions import named_settings
from tests.results.examples import STAGES, STUDY, report_of, some
from tests.results.seeds import one

VALUES = {
    "optim": ["adamw_torch", "adamw_8bit", "paged_adamw_8bit", "sgd", "lion"],
    "lr_scheduler_type": ["cosine", "linear", "constant_with_warmup"],
    "adapter": ["lora", "qlora", "full"],
    "batch_size": [8, 16, 32, 64],
    "lr": [1e-5, 2e-4, 1e-2],
    "use_rslora": [True, False],
    "warmup_ratio": [0.0, 0.03, 0.1],
    "dropout": [0.0, 0.05, 0.5],
    "lora_r": [4, 128, 256],
}
BY_VALUE = {
    "optim": ["8bit Adam", "8-bit Adam", "8 bit AdamW", "SGD", "Lion", "paged Adam", "adamw_8bit"],
    "lr_scheduler_type": ["cosine", "Cosine", "a linear decay"],
    "adapter": ["QLoRA", "full or lora"],
    "batch_size": ["bs 32", "a batch of 64", "batch size 16", "batch"],
    "lr": ["2e-4", "lr 1e-3", "a learning rate of 0.001"],
    "use_rslora": ["rslora", "rsLoRA"],
    "warmup_ratio": ["warmup", "a warmup ratio of 3 %"],
    "dropout": ["dropout"],
    "lora_r": ["rank", "a rank of 128", "128"],
}
FORMS = ["Is {it} worth it?", "does {it} help?", "{it}", "What about {it}", "Does the loss fall with {it}, or not?"]
NOTHING = [
    "Is it a bit better than the last one?",
    "A first look at all of it, in 300 steps.",
    "How good is a full night of 16 trials?",
    "Which small model is best after 8 hours on 64 cores?",
    "Does it learn to write words backwards?",
    "Numbers made up for a benchmark of the screens.",
    "Does the learning rate's schedule of last year hold?",
    "Trials per hour: 24 LoRA trials of 40 steps on a Llama of 12 layers of width 99 with random weights.",
]


@pytest.mark.parametrize(("name", "form"), list(product(BY_VALUE, FORMS)))
def test_a_question_names_a_setting_by_a_word_or_a_value_of_it(name, form):
    for it in BY_VALUE[name]:
        assert named_settings(form.format(it=it), list(VALUES), VALUES) == [name], it


@pytest.mark.parametrize("question", NOTHING)
def test_what_a_question_says_of_other_things_names_no_setting(question):
    names = [name for name in VALUES if name != "lr_scheduler_type"] if "schedule" in question else list(VALUES)
    assert named_settings(question, names, VALUES) == []


def test_a_value_that_two_settings_have_names_none():
    values = {"first": ["relu", "gelu"], "second": ["relu", "tanh"], "a": [8, 16], "b": [16, 32]}
    assert named_settings("Is relu enough?", list(values), values) == []
    assert named_settings("Is 16 enough?", list(values), values) == []
    assert named_settings("Is gelu better than tanh?", list(values), values) == ["first", "second"]
    assert named_settings("Is 32 enough?", list(values), values) == ["b"]
    rates = {"lr": [1e-5, 1e-2], "momentum": [0.8, 0.99]}
    assert named_settings("Is 1e-3 too high?", list(rates), rates) == ["lr"]
    assert named_settings("Is 0.9 too high?", list(rates), rates) == ["momentum"]
    assert named_settings("Is 0.5 too high?", list(rates), rates) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_answer_to_a_value_is_of_its_setting(seed):
    die = random.Random(seed)
    text = STUDY.replace('name = "read"', 'name = "read"\nabout = "Is 8bit Adam worth it?"').replace(
        'b = "1..16 int"', 'b = { choices = ["adamw", "adamw_8bit"] }'
    )
    text = text.replace("b = 4", 'b = "adamw"')
    trials = []
    for n in range(24):
        params = {"a": round(die.random(), 3), "b": die.choice(["adamw", "adamw_8bit"])}
        trials.append(one(n, params, {"val_loss": round(1 + (params["b"] == "adamw") + die.gauss(0, 0.05), 4)}))
    first = report_of(trials, text)[0].split("\n")[1]
    assert "(the author). These trials say: On average `b` = adamw_8bit is better than adamw, by about" in first


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("effect", [0.0, 3.0])
def test_an_answer_of_a_stage_goes_on_in_small_letters(seed, effect):
    text = STAGES.replace('name = "read"', 'name = "read"\nabout = "Does aa help?"').replace("\na = ", "\naa = ")
    trials = some(24, lambda die, params: 1 + effect * params["a"] + die.gauss(0, 0.05), seed, stage="fine")
    trials = [replace(trial, params={"aa": trial.params["a"], "b": trial.params["b"]}) for trial in trials]
    trials.append(one(24, trials[0].params, {"val_loss": 1.0}, stage="final", role=Role.LISTED))
    first = report_of(trials, text)[0].split("\n")[1]
    assert "Of stage fine: " in first
    assert not first.split("Of stage fine: ")[1][:1].isupper()
    assert "say: Of stage" not in first
