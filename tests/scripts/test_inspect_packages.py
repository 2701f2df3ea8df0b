"""Scripts that stand in packages: other programs in them, dataclasses of libraries, tables made of tables."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.inputs.library_dataclasses import OF_TRAINING_CLASS, TRAINING_ARGUMENTS
from hptui.scripts.inspect.ranges import typical_range
from hptui.scripts.inspect.syntax import ScriptOption
from tests.scripts.test_inspect_work import work

OWN = """
import argparse
from pack.tools import convert{imported}

def {name}():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    return parser.parse_args()

def main():
    args = {name}()
    convert(args)
    print(f"val_loss: {{args.lr * 2:.4f}}")

if __name__ == "__main__":
    main()
"""
OTHER = """
import argparse

def convert(args):
    return args

def {name}():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("source_2", nargs="+")
    parser.add_argument("--lr", type=int, default=3)
    parser.add_argument("--tokenizer", required=True)
    return parser.parse_args()

def main():
    convert({name}())

if __name__ == "__main__":
    main()
"""
MAKERS = ("parse_args", "build_argparse", "get_parser", "main_options")
"""Names of functions that read a command line, in the script and in a module that is a program, too."""


def packed(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for package in itertools.takewhile(lambda p: p != folder, path.parents):
            (package / "__init__.py").touch()
    return folder / "pack" / next(iter(files))


@pytest.mark.parametrize("own", MAKERS)
@pytest.mark.parametrize("other", MAKERS)
@pytest.mark.parametrize("imported", ["", " as other"])
def test_options_of_another_program_in_the_package_are_not_the_scripts(
    own: str, other: str, imported: str, tmp_path: Path
) -> None:
    text = OWN.format(name=own, imported=imported).replace(
        "convert(args)", "other(args)" if imported else "convert(args)"
    )
    script = packed(tmp_path, {"train.py": text, "tools.py": OTHER.format(name=other)})
    inspected = inspect_script(script)
    assert {(option.name, option.default) for option in inspected.options} == {("lr", 0.1)}


@pytest.mark.parametrize("flags", list(itertools.product(["--width", "width"], repeat=2)))
@pytest.mark.parametrize("defaults", [(1, 2), (1, 1), (None, 2)])
def test_an_option_that_two_functions_declare_is_a_single_key_of_the_file(
    flags: tuple[str, str], defaults: tuple[int | None, int | None], tmp_path: Path
) -> None:
    lines = [f"    parser.add_argument({f!r}, type=int, default={d})" for f, d in zip(flags, defaults, strict=True)]
    script = tmp_path / "train.py"
    script.write_text(
        "import argparse\nparser = argparse.ArgumentParser(conflict_handler='resolve')\n"
        "parser.add_argument('--lr', type=float, default=0.1)\n"
        + "".join(f"def part_{n}(parser):\n{line}\n" for n, line in enumerate(lines))
        + "part_0(parser)\npart_1(parser)\nargs = parser.parse_args()\nprint(f'val_loss: {args.lr:.3f}')\n"
    )
    path, _ = write_study_file(str(script), tmp_path / "study.toml", False)
    assert tomllib.loads(path.read_text())["trainer"]["kind"] == "command"
    assert [option.name for option in inspect_script(script).options].count("width") == 1


@pytest.mark.parametrize("name", OF_TRAINING_CLASS)
@pytest.mark.parametrize("parser", ["TrlParser", "HfArgumentParser"])
@pytest.mark.parametrize("given", ["tuple", "variable", "keyword"])
def test_fields_of_library_dataclasses_have_the_defaults_of_their_class(
    name: str, parser: str, given: str, tmp_path: Path
) -> None:
    classes = f"(ScriptArguments, {name}, ModelConfig)"
    arguments = {"tuple": classes, "variable": "types, prog=prog", "keyword": f"dataclass_types={classes}"}[given]
    script = tmp_path / "train.py"
    script.write_text(
        f"def make(prog=None):\n    from trl import ModelConfig, {name}, {parser}, ScriptArguments\n"
        f"    types = {classes}\n    return {parser}({arguments})\n"
        "def main(a, t, m):\n    trainer = SFTTrainer(m.model, args=t, train_dataset=a.x, eval_dataset=a.y)\n"
        "    trainer.train()\n"
        "if __name__ == '__main__':\n    main(*make().parse_args_into_dataclasses())\n"
    )
    options = {option.name: option.default for option in inspect_script(script).options}
    wanted = {**TRAINING_ARGUMENTS, **OF_TRAINING_CLASS[name]}
    assert wanted.items() <= options.items()
    assert ("lora_r" in options) == (parser == "TrlParser")
    assert options["eval_strategy"] == "epoch"  # else nothing is evaluated


EVALUATING: dict[str, tuple[str, bool]] = {
    "held-out data are given": ("Trainer(args=t, eval_dataset=data)", True),
    "data depend on it": ("Trainer(args=t, eval_data=data if t.eval_strategy != 'no' else None)", True),
    "the script evaluates": ("Trainer(args=t, eval_dataset=data).evaluate()", False),
    "the script sets it": ("setattr(t, 'x', 1); t.eval_strategy = 'steps'; Trainer(args=t, eval_dataset=data)", False),
    "no held-out data": ("Trainer(args=t, train_dataset=data)", False),
}


@pytest.mark.parametrize("case", EVALUATING)
def test_evaluations_are_asked_for_where_nothing_else_does(case: str, tmp_path: Path) -> None:
    code, is_asked = EVALUATING[case]
    script = tmp_path / "train.py"
    script.write_text(
        "from transformers import HfArgumentParser, Trainer, TrainingArguments\n"
        f"t, = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()\n{code}\n"
    )
    assert ("eval_strategy" in {option.name for option in inspect_script(script).options}) == is_asked


def test_tables_that_are_made_of_themselves_grow_no_work(tmp_path: Path) -> None:
    few, many = (
        "metrics = {'loss': a, 'acc': b}\n"
        + "".join(f"metrics.update({{f'p{n}_{{k}}': v for k, v in metrics.items()}})\n" for n in range(pieces))
        + "print(metrics)\n"
        for pieces in (2, 6)
    )
    counts = []
    for number, text in enumerate((few, many)):
        path = tmp_path / f"{number}.py"
        path.write_text(text)
        counts.append(work(path))
    assert counts[1] < counts[0] * 20  # 190 times where keys are kept as often as they are reached


@pytest.mark.parametrize(
    ("name", "default"), [*itertools.product(["top_p", "mask_ratio", "keep_prob"], [0.3, 0.6, 1.0])]
)
def test_a_share_is_not_suggested_above_one(name: str, default: float) -> None:
    found = typical_range(ScriptOption(name, name, "float", default))
    assert found is not None
    low, high = map(float, str(found[0]).split(".."))
    assert low < default <= high <= 1.0


UNKNOWN_PARTS = {
    "tensorboard": "from torch.utils.tensorboard import SummaryWriter as S\nw = S()\nw.add_scalar(f'test/{m}', a)",
    "lightning": "import lightning\nclass M:\n    def validation_step(self, b):\n        self.log(f'test/{m.name}', a)",
    "wandb": "import wandb\nwandb.init()\nwandb.log({f'test/{names[0]}': a})",
    "printed": "print(f'test_{m}: {a:.4f}')",
}


@pytest.mark.parametrize("way", UNKNOWN_PARTS)
def test_a_name_with_an_unknown_part_is_no_objective(way: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(UNKNOWN_PARTS[way] + "\nprint(f'accuracy: {b:.4f}')\n")
    assert inspect_script(script).metrics == ["accuracy"]


@pytest.mark.parametrize("count", ["episode", "episodes", "following_indices", "step", "batch", "size", "items"])
def test_a_count_of_an_evaluation_is_no_objective(count: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(f"print(f'eval_{count}={{a:.2f}}, episodic_return={{b:.2f}}')\n")
    assert inspect_script(script).metrics[0] == "episodic_return"
