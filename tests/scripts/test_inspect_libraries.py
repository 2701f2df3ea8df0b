"""What scripts take and print by the code of libraries: CatBoost, classes of arguments, tables of them, folds."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect import InspectedScript, inspect_script
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import canonical_name


def seen(folder: Path, source: str, **modules: str) -> InspectedScript:
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "train.py").write_text(source)
    return inspect_script(folder / "train.py")


GIVEN = (
    "m = CatBoostClassifier({words})",
    "PARAMS = dict({words})\nm = CatBoost(PARAMS)",
    "PARAMS = dict({words})\nm = CatBoostRegressor(**PARAMS)",
)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("metric", ["AUC", "F1", "Logloss", "RMSE", "NDCG:top=5"])
@pytest.mark.parametrize("data", [", eval_set=(x, y)", ""])
@pytest.mark.parametrize("quiet", ["", ", verbose=False", ", logging_level='Silent'"])
def test_what_catboost_prints_is_the_objective_with_its_direction(
    given: str, metric: str, data: str, quiet: str, tmp_path: Path
) -> None:
    model = given.format(words=f"learning_rate=0.1, eval_metric={metric!r}{quiet}")
    script = seen(tmp_path, f"from catboost import *\n{model}\nm.fit(a, b{data})\n")
    assert script.metrics == ([] if quiet else ["bestTest", "learn"] if data else ["learn"])
    is_larger = larger_is_better(metric.partition(":")[0])
    assert not script.metrics or (script.metrics[0] in script.maximized) == is_larger


def test_the_best_line_of_catboost_is_read_by_that_name() -> None:
    for value in (0.8123, 12.5, 1e-4):
        reading = LineReader(["bestTest"]).read(f"bestTest = {value:.10g}")
        assert reading is not None
        assert list(reading.metrics.values()) == [value]


BASES = ("TrainingArguments", "Seq2SeqTrainingArguments", "SFTConfig")


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("imported", ["import {lib}", "from {lib} import {base}"])
@pytest.mark.parametrize("same_name", [True, False])
def test_a_class_that_changes_defaults_of_a_librarys_has_its_own(
    base: str, imported: str, same_name: bool, tmp_path: Path
) -> None:
    lib = "trl" if base == "SFTConfig" else "transformers"
    is_whole = imported == "import {lib}"
    name = base if same_name and is_whole else f"Own{base}"
    script = seen(
        tmp_path,
        f"{imported.format(lib=lib, base=base)}\nfrom transformers import HfArgumentParser\n"
        "from dataclasses import dataclass, field\n@dataclass\n"
        f"class {name}({f'{lib}.' if is_whole else ''}{base}):\n"
        "    learning_rate: float = field(default=3e-4)\n    adam_eps: float = 1e-6\n"
        f"a, = HfArgumentParser({name}).parse_args_into_dataclasses()\n",
    )
    options = {option.name: option.default for option in script.options}
    assert (options["learning_rate"], options["adam_eps"]) == (3e-4, 1e-6)
    assert options["weight_decay"] == 0.0  # the library's
    assert [option.name for option in script.options].count("learning_rate") == 1


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("given", ["{name}", "({name}, Other)", "[Other, {name}]"])
@pytest.mark.parametrize("prefix", ["", "Own"])
def test_a_class_of_the_project_that_is_called_like_a_librarys_has_its_own_fields(
    base: str, given: str, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix}{base}"
    script = seen(
        tmp_path,
        f"from transformers import HfArgumentParser\nfrom arguments import Other, {name}\n"
        f"args = HfArgumentParser({given.format(name=name)}).parse_args_into_dataclasses()\n",
        arguments="from dataclasses import dataclass\n@dataclass\nclass Other:\n    width: int = 8\n"
        f"@dataclass\nclass {name}:\n    train_batch_size: int = 2\n    save_dir: str = './'\n",
    )
    own = {"train_batch_size": 2, "save_dir": "./", **({"width": 8} if "Other" in given else {})}
    assert {option.name: option.default for option in script.options} == own


@pytest.mark.parametrize("place", ["the script", "a module", "a module of modules"])
@pytest.mark.parametrize("starter", ["CLI(main)", "CLI(main, as_positional=False)"])
def test_fields_of_dataclasses_in_a_signature_are_listed(place: str, starter: str, tmp_path: Path) -> None:
    classes = (
        "from dataclasses import dataclass, field\n@dataclass\nclass Optim:\n    lr: float = 3e-4\n    steps: int = 7\n"
    )
    modules = {
        "a module": {"parts": classes},
        "a module of modules": {"parts": "from kit import Optim\n", "kit": classes},
    }
    head = classes if place == "the script" else "from parts import Optim\n"
    script = seen(
        tmp_path,
        f"from jsonargparse import CLI\n{head}def main(optim: Optim = Optim(), width: int = 8):\n"
        f"    print(f'val_loss: {{optim.lr * width:.3f}}')\nif __name__ == '__main__':\n    {starter}\n",
        **modules.get(place, {}),
    )
    options = {option.name: option.default for option in script.options}
    assert {"optim.lr": 3e-4, "optim.steps": 7, "width": 8}.items() <= options.items()


HELD_OUT = (
    "Trainer(args=args, eval_dataset=data)",
    "Trainer(args=args, **dict(train_dataset=a, eval_dataset=b))",
    "parts = {{'train_dataset': a, 'eval_dataset': b}}\nt = Trainer(args=args, **parts)",
)
TRAIN_ONLY = ("Trainer(args=args)", "Trainer(args=args, **dict(train_dataset=a))")


@pytest.mark.parametrize("made", [*HELD_OUT, *TRAIN_ONLY])
def test_a_loss_of_evaluations_needs_data_to_evaluate(made: str, tmp_path: Path) -> None:
    script = seen(
        tmp_path,
        "from transformers import Trainer, TrainingArguments\nargs = TrainingArguments('out', eval_strategy='epoch')\n"
        + made.format()
        + "\n",
    )
    assert ("eval_loss" in script.metrics) == (made in HELD_OUT)


WHOLE = ("Full {m}", "OOF {m}", "Overall CV {m}", "CV {m}")
PARTS = ("fold {{fold}} {m}", "Fold {{fold}}: {m}", "val {m}")


@pytest.mark.parametrize(("whole", "part"), [*itertools.product(WHOLE, PARTS)])
@pytest.mark.parametrize("measure", ["AUC", "RMSE", "score"])
def test_in_folds_the_value_of_all_is_before_that_of_each(whole: str, part: str, measure: str, tmp_path: Path) -> None:
    script = seen(
        tmp_path,
        "from sklearn.model_selection import KFold\nfor fold, (i, j) in enumerate(KFold(5).split(x)):\n    oof[j] = p\n"
        f"    print(f'{part.format(m=measure)}: {{a:.4f}}')\n"
        f"print(f'{whole.format(m=measure)} score: {{b:.4f}}')\n".replace("score score", "score"),
    )
    words = canonical_name(script.metrics[0]).split("_")
    assert not {"full", "oof", "cv", "overall"}.isdisjoint(words), script.metrics
