"""What parameters are used as, whatever they are called; defaults of libraries; what is no hyperparameter."""

from __future__ import annotations

import ast
import itertools
import sys
import types

import pytest

from hptui.scripts.constant_slots import find_slots
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.inputs.constants import all_constants
from hptui.scripts.inspect.ranges import is_learning_rate, typical_range
from hptui.scripts.inspect.syntax import ScriptOption
from hptui.scripts.library_defaults import (
    AGENTS,
    CATBOOST,
    KERAS,
    LIGHTGBM,
    PEFT,
    SAME_NAMES,
    SENTENCES,
    SKLEARN,
    TINYGRAD,
    TORCH,
    TRANSFORMERS,
    TRL,
    XGBOOST,
)
from hptui.scripts.with_constants import with_values

RATES = {
    "word of an optimizer": "torch.optim.AdamW(net.parameters(), lr={0})",
    "place of an optimizer": "optim.SGD(net.parameters(), {0})",
    "within a conversion": "torch.optim.AdamW(net.parameters(), lr=float({0}))",
    "first of JAX": "optax.adam({0})",
    "first of two of JAX": "init, update, get = optimizers.momentum({0}, mass=0.9)",
    "table of settings": "train(dict(learning_rate={0}))",
    "update of an array": "new = [w - {0} * dw for w, dw in pairs]",
    "update in place": "w -= {0} * w.grad",
    "update by a function": "w = w - {0} * grads[w]",
}
NAMES = ["step", "speed", "eps1", "alpha", "pace", "h"]
HEAD = "import argparse, torch, optax\nfrom torch import optim\nfrom jax.example_libraries import optimizers\n"


@pytest.mark.parametrize("use", RATES)
def test_what_an_optimizer_gets_as_its_rate_is_a_learning_rate(use, tmp_path):
    for name, is_option in itertools.product(NAMES, (True, False)):
        place = f"args.{name}" if is_option else name
        declared = f"{name} = 0.02\n"
        if is_option:
            declared = f"p = argparse.ArgumentParser()\np.add_argument('--{name}', type=float, default=0.02)\n"
            declared += "args = p.parse_args()\n"
        path = tmp_path / f"{name}{is_option}.py"
        path.write_text(f"{HEAD}{declared}{RATES[use].format(place)}\nprint('val loss', {place})\n")
        found = next(option for option in inspect_script(path).options if option.name == name)
        assert is_learning_rate(found), (use, name)
        assert typical_range(found)[0] == "2e-3..0.2 log", (use, name)


def test_a_parameter_that_is_used_as_two_things_has_no_role(tmp_path):
    path = tmp_path / "t.py"
    path.write_text(f"{HEAD}step = 0.02\noptax.adam(step)\ntrain(momentum=step)\nprint(step)\n")
    assert not any(map(is_learning_rate, inspect_script(path).options))


@pytest.mark.parametrize("part", ["actor", "critic", "g", "d", "backbone", "head", "encoder", "text", "policy", "unet"])
@pytest.mark.parametrize("form", ["lr_{}", "{}_lr", "learning_rate_{}", "{}LearningRate", "{}Lr", "{}LR"])
def test_a_rate_of_a_part_is_a_learning_rate(part, form):
    assert is_learning_rate(ScriptOption(form.format(part), type="float", default=1e-3))


@pytest.mark.parametrize(
    "name", ["lr_decay", "lr_step", "lr_scheduler", "lr_warmup_epochs", "lr_patience", "lr_drop", "lr_gamma", "lr_mult"]
)
def test_settings_of_a_schedule_are_no_learning_rates(name):
    assert not is_learning_rate(ScriptOption(name, type="float", default=0.5))


@pytest.mark.parametrize(("default", "is_rate"), [(0.1, True), (1e-3, True), (30, False), (5, False)])
def test_a_step_is_a_learning_rate_if_it_is_a_part_of_one(default, is_rate):
    assert is_learning_rate(ScriptOption("step_size", type=type(default).__name__, default=default)) is is_rate


@pytest.mark.parametrize("value", [0.5, 0.75, 0.9, 0.95, 0.99, 0.999])
def test_what_is_nearly_one_is_not_suggested_above_it(value):
    low, high = map(float, str(typical_range(ScriptOption("mixing", type="float", default=value))[0]).split(".."))
    assert low < value <= high <= 1.0


LIBRARIES = {
    "from torch import optim\n": ("optim", TORCH, "net"),
    "import torch\n": ("torch.optim", TORCH, "net"),
    "from tinygrad import nn\n": ("nn.optim", TINYGRAD, "net"),
    "from tensorflow import keras\n": ("keras.optimizers", KERAS, ""),
    "import sklearn.svm as m\n": ("m", SKLEARN, ""),
    "import xgboost as xgb\n": ("xgb", XGBOOST, ""),
    "import lightgbm\n": ("lightgbm", LIGHTGBM, ""),
    "import transformers\n": ("transformers", TRANSFORMERS, "'out'"),
    "import sentence_transformers.training_args as m\n": ("m", SENTENCES, ""),
    "import trl\n": ("trl", TRL, ""),
    "import peft\n": ("peft", PEFT, ""),
    "import catboost as c\n": ("c", CATBOOST, ""),
    "import stable_baselines3 as sb\n": ("sb", AGENTS, "'MlpPolicy', net"),
}


@pytest.mark.parametrize("head", LIBRARIES)
def test_defaults_of_a_library_are_listed_and_reach_the_call(head, monkeypatch):
    place, table, first = LIBRARIES[head]
    for name, defaults in table.items():
        text = f"{head}net = []\ngot = {place}.{name}({first})\n"
        known = all_constants(ast.parse(text), {})
        assert known == {f"{name}.{argument}": value for argument, value in defaults.items()}
        wanted = {f"{name}.{argument}": number for number, argument in enumerate(defaults, 7)}
        assert len(defaults) == sum(len(find_slots(ast.parse(text), constant)) for constant in wanted)
        call = ast.unparse(with_values(text.encode(), "t.py", wanted).body[-1].value)
        for argument, number in zip(defaults, wanted.values(), strict=True):
            assert call.count(f"{argument}={number}") == 1


@pytest.mark.parametrize("head", LIBRARIES)
def test_an_argument_that_is_given_by_another_name_is_not_at_its_default(head):
    place, table, first = LIBRARIES[head]
    for name, defaults in table.items():
        for argument in defaults:
            others = {other for same in SAME_NAMES if argument in same for other in same} - {argument}
            for other in others:
                call = ", ".join(filter(None, (first, f"{other}=rate")))
                known = all_constants(ast.parse(f"{head}net = []\nrate = read()\ngot = {place}.{name}({call})\n"), {})
                assert f"{name}.{argument}" not in known, (call, name)
                left = {f"{name}.{each}" for each in defaults if each not in (argument, *others)}
                assert left <= known.keys()


SEARCHES = ["GridSearchCV(got, grid).fit(x, y)", "got.grid_search(grid, x, y)", "got.randomized_search(grid, x, y)",
            "m.RandomizedSearchCV(estimator=got, param_distributions=grid)", "got.set_params(**best)"]  # fmt: skip


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(
    ("head", "table"),
    [("xgboost", XGBOOST), ("lightgbm", LIGHTGBM), ("catboost", CATBOOST), ("sklearn.svm", SKLEARN)],
)
def test_a_script_that_searches_the_arguments_itself_leaves_none_at_its_default(search, head, table):
    for name, defaults in table.items():
        for given in ("", "**table"):
            text = f"import {head} as m\ntable = {{'seed': 1, 'verbose': 0}}\ngot = m.{name}({given})\n"
            left = {f"{name}.{argument}" for argument in defaults} | {f"table.{argument}" for argument in defaults}
            assert given or left & all_constants(ast.parse(text), {}).keys()
            assert not left & all_constants(ast.parse(f"{text}{search}\n"), {}).keys()


RATES_SET_LATER = {
    "optimizer.learning_rate = rate()": True,
    "model.optimizer.lr = rate()": True,
    "K.set_value(model.optimizer.lr, rate())": True,
    "model.optimizer.learning_rate.assign(rate())": True,
    "model.fit(x, y, callbacks=[keras.callbacks.LearningRateScheduler(rate)])": True,
    "print(model.optimizer.lr)": False,
    "model.fit(x, y, callbacks=[keras.callbacks.ReduceLROnPlateau()])": False,
    "K.set_value(model.optimizer.iterations, 0)": False,
}


@pytest.mark.parametrize("line", RATES_SET_LATER)
@pytest.mark.parametrize("optimizer", ["keras.optimizers.Adam()", "'adam'"])
def test_a_rate_that_is_set_later_is_not_at_its_default(line, optimizer):
    text = f"from tensorflow import keras\nmodel = make()\nmodel.compile({optimizer}, 'mse')\n{line}\n"
    rates = {"Adam.learning_rate", "compile.learning_rate"} & all_constants(ast.parse(text), {}).keys()
    assert bool(rates) is not RATES_SET_LATER[line]


@pytest.mark.parametrize("schedule", ["OneCycleLR(opt, max_lr=rate(), total_steps=9)", "CyclicLR(opt, 0, rate())"])
def test_a_schedule_that_has_rates_of_its_own_leaves_none_to_the_optimizer(schedule):
    text = f"from torch import optim\nopt = optim.AdamW(net.parameters())\ns = optim.lr_scheduler.{schedule}\n"
    known = all_constants(ast.parse(text), {})
    assert "AdamW.lr" not in known
    assert "AdamW.weight_decay" in known


def test_a_value_reaches_every_call_that_leaves_it(monkeypatch):
    made = []
    module = types.ModuleType("torch.optim")
    module.Adam = lambda params, **words: made.append(words)
    monkeypatch.setitem(sys.modules, "torch.optim", module)
    text = "from torch.optim import Adam\nAdam([1])\nAdam([2], betas=(0.8, 0.9))\n"
    exec(compile(with_values(text.encode(), "t.py", {"Adam.lr": 0.5}), "t.py", "exec"), {})
    assert [words["lr"] for words in made] == [0.5, 0.5]


@pytest.mark.parametrize(
    "text",
    [
        "from torch.optim import Adam\nAdam(p, **words)",
        "from torch.optim import Adam\nAdam(p, rate, x)",
        "from torch.optim import Adam\nAdam([{'params': p, 'lr': 0.1}])",
        "from torch.optim import Adam\nopt = Adam(p)\nfor g in opt.param_groups:\n    g['lr'] = rate()",
        "from project.optim import Adam\nAdam(p)",
        "from .optim import Adam\nAdam(p)",
        "class Adam: pass\nAdam()",
        "Adam(p)",
    ],
)
def test_a_default_that_the_script_does_not_leave_is_no_parameter(text):
    assert "Adam.lr" not in all_constants(ast.parse(text), {})
    with pytest.raises(SystemExit):
        with_values(text.encode(), "t.py", {"Adam.lr": 0.5})


@pytest.mark.parametrize(
    "name", ["i", "j", "idx", "index", "random_state", "rng_seed", "num_proc", "gpu_ids", "print_iter"]
)
def test_indices_seeds_and_ways_to_run_are_not_searched(name):
    assert typical_range(ScriptOption(name, type="int", default=13)) is None


@pytest.mark.parametrize(
    "name",
    ["do_train", "do_eval", "do_predict", "overwrite_cache", "overwrite_output_dir", "fp16", "bf16", "amp", "compile",
     "use_mps", "no_accel", "dry_run", "save_model", "use_fast_tokenizer", "trust_remote_code", "streaming",
     "gradient_checkpointing", "pin_memory", "distributed", "with_tracking", "skip_training", "is_debug"],
)  # fmt: skip
def test_switches_of_tools_are_not_searched(name):
    assert typical_range(ScriptOption(name, type="bool", default=False)) is None


@pytest.mark.parametrize(
    "name", ["use_bias", "nesterov", "tie_weights", "use_rslora", "augment", "batch_norm", "normalize"]
)
def test_switches_of_a_model_are_offered(name):
    assert typical_range(ScriptOption(name, type="bool", default=False)) is not None


@pytest.mark.parametrize(
    "name", ["dataset", "device", "mode", "split", "task_name", "mixed_precision", "log_level", "report_to"]
)
def test_choices_of_another_task_or_machine_are_not_searched(name):
    assert typical_range(ScriptOption(name, type="str", default="a", choices=("a", "b"))) is None


@pytest.mark.parametrize("split", ["eval", "test", "val", "per_device_eval", "validation"])
@pytest.mark.parametrize("size", ["batch_size", "bs", "batch"])
def test_sizes_of_evaluated_batches_are_not_searched(split, size):
    assert typical_range(ScriptOption(f"{split}_{size}", type="int", default=8)) is None


OWN_OPTIMIZER = "from transformers import TrainingArguments\nTrainingArguments('a')\n"


def test_the_rate_of_a_trainer_that_gets_an_optimizer_is_no_parameter():
    assert "TrainingArguments.learning_rate" in all_constants(ast.parse(f"{OWN_OPTIMIZER}Trainer(args=a)"), {})
    for given in ("optimizers=(o, None)", "optimizers=pair"):
        assert not all_constants(ast.parse(f"{OWN_OPTIMIZER}Trainer(args=a, {given})"), {})


BESIDE = {
    "jsonargparse": "from jsonargparse import CLI\n{0}CLI(main)\n",
    "fire": "import fire\n{0}fire.Fire(main)\n",
    "typer": "import typer\n{0}typer.run(main)\n",
    "tyro": "import tyro\n{0}tyro.cli(main)\n",
}


@pytest.mark.parametrize("parser", BESIDE)
def test_a_rate_that_is_a_constant_is_set_where_the_command_line_has_none(parser, tmp_path):
    body = (
        "learning_rate = 3e-4\ndef main(data: str = 'd', out: str = 'o'):\n    print('val loss', learning_rate, data)\n"
    )
    path = tmp_path / "t.py"
    path.write_text(BESIDE[parser].format(body))
    found = inspect_script(path)
    assert found.style == "constants"
    assert {"learning_rate", "data"} <= {option.name for option in found.options}


@pytest.mark.parametrize("value", [1e-4, 1e-3, 0.01, 0.1])
def test_a_gamma_that_is_small_is_one_of_a_kernel(value):
    entry = str(typical_range(ScriptOption("SVC.gamma", type="float", default=value))[0])
    low, high = entry.removesuffix(" log").split("..")
    assert (float(low), float(high)) == pytest.approx((value / 10, value * 10))


@pytest.mark.parametrize("name", ["cos_lr", "use_lr", "scale_lr"])
def test_a_switch_is_no_learning_rate(name):
    assert not is_learning_rate(ScriptOption(name, type="bool", default=False))
