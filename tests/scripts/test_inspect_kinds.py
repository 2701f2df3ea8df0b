"""Further kinds of scripts of other people: what `hptui new` finds in them, in all their spellings."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.project import package_root
from tests.scripts.test_inspect_chosen import PARSER, seen

TWO_TEXTS = """
def train(io):
    best = 0
    for epoch in range(3):
        text = 'Train %d, loss: %.6f, train acc: %.6f' % (epoch, loss, seen_acc)
        {call}
        text = 'Test %d, loss: %.6f, test acc: %.6f, test avg acc: %.6f' % (epoch, loss, acc, mean_acc)
        {call}
        if acc >= best:
            best = acc
train(IO())
"""


@pytest.mark.parametrize(
    "call",
    ["io.cprint(text)", "io.print(text)", "self.log_string(text)", "io.print_log(text)", "out.print_and_write(text)"],
)
def test_methods_that_print_show_what_is_measured(call: str, tmp_path: Path) -> None:
    script = seen(tmp_path, PARSER + TWO_TEXTS.format(call=call))
    assert script.metrics[:2] == ["test_acc", "test_avg_acc"], "the script chooses its best by the first"


@pytest.mark.parametrize("sign", ["lr: {r:.2e}", "Base Lr: {r:.2e}", "learning rate {r:.4f}", "3.2 it/s"])
@pytest.mark.parametrize("score", ["Acc", "Dice", "mAP"])
def test_a_score_of_training_lines_comes_after_one_of_others(sign: str, score: str, tmp_path: Path) -> None:
    lines = (
        f"print(f'Epoch {{e}} Loss: {{x:.3f}}, {score}: {{y:.3f}}, {sign}')\nprint(f'Rank-1: {{z:.3f}}, F1: {{w:.3f}}')"
    )
    assert seen(tmp_path, PARSER + lines).metrics[0] == "F1"


def test_a_configurator_sets_what_stands_before_it(tmp_path: Path) -> None:
    source = "lr = 0.1\nwidth = 8\nexec(open('configurator.py').read())\ntotal = 3\nlr_min = 0.01\n"
    (tmp_path / "configurator.py").write_text("import sys\n")
    assert [option.name for option in seen(tmp_path, source).options] == ["lr", "width"]


@pytest.mark.parametrize("measured", ["f1", "accuracy"])
@pytest.mark.parametrize(
    "write", ["args.out.write_text(json.dumps(metrics))", "json.dump(metrics, open(args.out, 'w'))"]
)
def test_a_file_that_an_option_names_holds_the_metrics(measured: str, write: str, tmp_path: Path) -> None:
    source = "import json\nfrom pathlib import Path\nfrom model import Model\n" + PARSER
    source += "p.add_argument('--out', type=Path, default=Path('metrics.json'))\nargs = p.parse_args()\n"
    source += f"metrics = Model().report(1)\n{write}\n"
    model = f"class Model:\n    def report(self, x):\n        return {{'rows': 3, '{measured}': 0.5 * x}}\n"
    script = seen(tmp_path, source, model=model)
    assert script.metrics == [measured]
    assert script.metric_files


def test_counts_and_constants_in_files_measure_nothing(tmp_path: Path) -> None:
    source = "import json\n" + PARSER + "print(f'train_loss={x:.4f}')\n"
    source += "json.dump({'val_poems': 0, 'val_rows': len(rows)}, open('summary.json', 'w'))\n"
    assert seen(tmp_path, source).metrics == ["train_loss"]


def test_definitions_that_nothing_uses_measure_nothing(tmp_path: Path) -> None:
    tools = "def used(x):\n    print(f'val_loss {x:.3f}')\ndef other(x):\n    print(f'val_accuracy {x:.3f}')\n"
    tools += "class Other:\n    def fit(self, x):\n        print(f'eval_f1 {x:.3f}')\n"
    script = seen(tmp_path, PARSER + "from tools import used\nused(0.1)\n", tools=tools)
    assert script.metrics == ["val_loss"]


@pytest.mark.parametrize("trainer", ["GRPOTrainer", "RLOOTrainer", "PPOTrainer"])
def test_a_trainer_of_rewards_is_tuned_by_them(trainer: str, tmp_path: Path) -> None:
    source = f"from trl import {trainer}\n{PARSER}{trainer}(model='m', train_dataset=d).train()\n"
    assert seen(tmp_path, source).metrics == ["reward", "train_loss"]


TABLE_IN_MAIN = """
def main({argument}):
    {name} = {{"epoch": 10, "lr": 1e-4, "note": "a"}}
    if {given} is not None:
        {name} = {given}
    print(f"val_loss {{run({name}):.3f}}")
main()
"""


@pytest.mark.parametrize(("name", "given"), [("config", "model_config"), ("modelConfig", "given")])
def test_a_dictionary_within_a_function_can_be_set(name: str, given: str, tmp_path: Path) -> None:
    for argument, is_settable in ((f"{given}=None", True), (given, False), (f"{given}=1", False)):
        source = TABLE_IN_MAIN.format(argument=argument, name=name, given=given)
        names = {option.name for option in seen(tmp_path, source).options}
        assert (f"{name}.lr" in names) is is_settable, argument


def test_a_file_of_defaults_that_is_not_read_by_default_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "small.yaml").write_text("lr: 0.008\n")
    source = "import argparse, yaml\nc = argparse.ArgumentParser()\nc.add_argument('--config', default='')\n"
    source += "p = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)\n"
    source += "a, rest = c.parse_known_args()\nif a.config:\n    p.set_defaults(**yaml.safe_load(open(a.config)))\n"
    script = seen(tmp_path, source + "args = p.parse_args(rest)\n")
    assert {option.name: option.default for option in script.options}["lr"] == 0.1
    assert script.config is None


RECIPE = "lr: 1e-4\nlearning_rate: 2.0e-4\nuse_peft: true\nreport_to: none\n"
USAGES = ("--config recipes/a.yaml", "--config=recipes/a.yaml", "--config  recipes/a.yaml --learning_rate=1e-5")


@pytest.mark.parametrize("usage", USAGES)
def test_a_recipe_of_trl_stays_in_the_command(usage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "a.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    source = f'"""Usage:\n\npython train.py {usage}\n"""\nfrom trl import SFTConfig, TrlParser\n'
    script = seen(tmp_path, source + "a, = TrlParser((SFTConfig,)).parse_args_and_config()\n")
    defaults = {option.name: option.default for option in script.options}
    assert (defaults["learning_rate"], defaults["use_peft"], defaults["lr"]) == (2e-4, True, 1e-4)
    assert script.words == ["--config", "recipes/a.yaml"]


TAGGED = (
    "seed: 1\noutput_folder: !ref results/<seed>\nlr: 1e-4\nwidth: 8\nmodel: !new:nets.Net\n    width: !ref <width>\n"
)
NAMED = ("sys.argv[1:]", "sys.argv[1:] or ['hparams/train.yaml']")


@pytest.mark.parametrize(("words", "split"), [*itertools.product(NAMED, ("valid", "test"))])
def test_a_recipe_with_tags_is_read(words: str, split: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hparams").mkdir()
    (tmp_path / "hparams" / "train.yaml").write_text(TAGGED)
    monkeypatch.chdir(tmp_path)
    source = "import sys\nimport speechbrain as sb\nfrom hyperpyyaml import load_hyperpyyaml\n"
    source += f"file, opts, over = sb.parse_arguments({words})\nh = load_hyperpyyaml(open(file), over)\n"
    source += f"h['logger'].log_stats(stats_meta={{'epoch': 1}}, {split}_stats={{'PER': per}})\n"
    script = seen(tmp_path, source)
    assert {option.name: option.default for option in script.options} == {
        "seed": 1, "output_folder": "results", "lr": 1e-4, "width": 8,
    }  # fmt: skip
    assert (script.words, script.outputs) == (["hparams/train.yaml"], ["output_folder"])
    assert script.metrics[0] == f"{split} PER"


def test_a_class_of_the_project_has_its_own_fields(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass SmallConfig:\n    lr: float = 0.1\n    width: int = 8\n"
    )
    source = "from transformers import HfArgumentParser\nfrom own import SmallConfig as SFTConfig, SmallConfig\n"
    (tmp_path / "train.py").write_text(source + "a, = HfArgumentParser((SmallConfig,)).parse_args_into_dataclasses()\n")
    assert [option.name for option in inspect_script(tmp_path / "train.py").options] == ["lr", "width"]


HELPERS = """
def formatted(table):
    return {k: f"{v:.3f}" for k, v in table.items()}
def stats(model, split):
    return {f"rewards_{split}/chosen": a, f"loss/{split}": b, f"{split}_f1": c}
"""


@pytest.mark.parametrize("show", ["stats(m, 'eval')", "formatted(stats(m, split='eval'))", "formatted(table)"])
def test_tables_of_functions_have_the_names_that_a_call_gives(show: str, tmp_path: Path) -> None:
    source = f"{PARSER}{HELPERS}table = stats(m, 'eval')\nprint(f\"after 3: {{{show}}}\")\n"
    assert set(seen(tmp_path, source).metrics) == {"rewards_eval/chosen", "loss/eval", "eval_f1"}


@pytest.mark.parametrize("other", ["beta: 0.2\n", "name: sft\n"])
def test_a_parameter_of_one_group_alone_keeps_its_default(other: str, tmp_path: Path) -> None:
    (tmp_path / "conf" / "loss").mkdir(parents=True)
    (tmp_path / "conf" / "config.yaml").write_text("defaults:\n- loss: dpo\nlr: 0.1\n")
    (tmp_path / "conf" / "loss" / "dpo.yaml").write_text("beta: 0.1\n")
    (tmp_path / "conf" / "loss" / "sft.yaml").write_text(other)
    source = "import hydra\n@hydra.main(config_path='conf', config_name='config')\ndef main(c):\n    pass\nmain()\n"
    defaults = {option.name: option.default for option in seen(tmp_path, source).options}
    assert defaults["loss.beta"] == (0.1 if "beta" not in other else None), "another choice has another value"


TASKS = {
    "'accuracy'": ["accuracy"],
    "'glue', 'mrpc'": ["accuracy", "f1"],
    "'glue', 'sst2'": ["accuracy"],
    "'wer'": ["wer"],
}


@pytest.mark.parametrize("load", TASKS)
def test_a_table_of_evaluate_has_the_names_of_its_metric(load: str, tmp_path: Path) -> None:
    source = f"import evaluate\n{PARSER}metric = evaluate.load({load})\nscores = metric.compute()\n"
    assert seen(tmp_path, f"{source}accelerator.print(f'epoch 1: {{scores}}')\n").metrics == TASKS[load]


@pytest.mark.parametrize("line", ["from core.model import Net", "import core", "import core.model as m"])
def test_a_script_below_the_packages_that_it_imports_is_started_with_m(line: str, tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("")
    (tmp_path / "scripts").mkdir()
    for text, root in ((line, tmp_path), (f"import sys\nsys.path.append('.')\n{line}", None), ("import json", None)):
        (tmp_path / "scripts" / "train.py").write_text(f"{text}\n{PARSER}")
        assert package_root(tmp_path / "scripts" / "train.py") == root
