"""Scripts that others start, file and keys, names with an apostrophe or words between: read, and read again."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect.look import inspect_script
from hptui.scripts.metrics.lines import LineReader
from hptui.studyfile import read_file
from hptui.trainers import registry

PARSER = "import argparse\np = argparse.ArgumentParser()\n"
FLAGS = {"lr": (0.003, 0.1), "width": (24, 8), "name": ("fast", "slow")}
"""Options, each with the value of the shell script and its own default."""
FORMS = ("--{name} {value}", "--{name}={value}", "--{name} ${name}", "--{name} ${{{name}}}", "--{name} '{value}'")
OPENINGS = ("yaml.safe_load(open(argv[1]))", "json.load(open(argv[1]))", "OmegaConf.load(argv[1])")
SPLITS = (
    "for word in argv[2:]:\n        key, value = word.split('=', 1)\n        config[key] = value",
    "for word in argv[2:]:\n        key, _, value = word.partition('=')\n        config[key] = value",
    "config.update(word.split('=') for word in argv[2:])",
)
SETS = ("train", "dev", "valid_0", "test", "holdout")
MEASURES = ("l1", "l2", "auc", "binary_logloss", "ndcg@5")


@pytest.mark.parametrize("form", FORMS)
def test_a_script_that_a_shell_script_starts_once_is_read_with_its_values(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"p.add_argument('--{n}', type={type(d).__name__}, default={d!r})" for n, (_, d) in FLAGS.items()]
    Path("train.py").write_text(PARSER + "\n".join([*lines, "a = p.parse_args()", "print(f'val_loss: {a.lr:.4f}')"]))
    words = [form.format(name=name, value=value) for name, (value, _) in FLAGS.items()]
    given = [f"{name}={value}" for name, (value, _) in FLAGS.items()]
    Path("run.sh").write_text("\n".join(["#!/bin/bash", *given, " \\\n    ".join(["python -u train.py", *words])]))
    study = read_file(write_study_file("run.sh")[0], schema=registry.schema)
    assert {name: study.trainer.settings[name] for name in FLAGS} == {name: value for name, (value, _) in FLAGS.items()}
    assert study.trainer.settings["command"][:2] == ["python", "train.py"]
    assert study.objective.metric == "val_loss"


@pytest.mark.parametrize("line", ["for lr in 0.1 0.2; do", 'python train.py "$@"', "cd elsewhere", "LR=${LR:-0.1}"])
def test_a_shell_script_that_does_more_is_started_itself(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("print('val_loss: 0.5')")
    Path("run.sh").write_text(f"#!/bin/bash\n{line}\npython train.py --lr 0.1\n")
    assert "run.sh" in write_study_file("run.sh")[0].read_text().partition("command = ")[2].partition("\n")[0]


@pytest.mark.parametrize(("opening", "split"), [*itertools.product(OPENINGS, SPLITS)])
def test_keys_after_a_file_are_parameters(opening: str, split: str, tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "base.yml").write_text('{"lr": 0.01, "layers": 4, "name": "x"}')
    text = f"import sys, yaml, json\ndef main(argv):\n    config = {opening}\n    {split}\nmain(sys.argv)\n"
    (tmp_path / "train.py").write_text(text)
    script = inspect_script(tmp_path / "train.py")
    assert {option.name: option.default for option in script.options} == {"lr": 0.01, "layers": 4, "name": "x"}
    assert script.words[0].endswith("configs/base.yml")


@pytest.mark.parametrize(("data", "measure"), [*itertools.product(SETS, MEASURES)])
def test_what_belongs_to_a_set_is_named_by_both(data: str, measure: str) -> None:
    line = f"[50]\tother's {measure}: 0.9\t{data}'s {measure}: 0.25"
    for objective in (f"{data}'s {measure}", f"{data} {measure}"):
        values = [v for reading in LineReader((objective,)).read_all(line) for v in reading.metrics.values()]
        assert 0.25 in values
    names = [name for reading in LineReader().read_all(line) for name in reading.metrics]
    assert not any(name.startswith("s_") for name in names)


@pytest.mark.parametrize("call", ["subprocess.run([sys.executable, 'test.py'])", "os.system('python test.py --x 1')"])
def test_what_a_second_script_prints_is_measured(call: str, tmp_path: Path) -> None:
    (tmp_path / "test.py").write_text("acc = tested()\nprint(f'Test accuracy: {acc:.3f}')\n")
    lines = ["import os, subprocess, sys", "best_acc = 0.0", "for epoch in range(3):", "    acc = 0.1 * epoch"]
    lines += ["    if acc > best_acc:", "        best_acc = acc", f"{call}"]
    (tmp_path / "train.py").write_text("\n".join(lines))
    assert inspect_script(tmp_path / "train.py").metrics[0].lower().replace(" ", "_") == "test_accuracy"


@pytest.mark.parametrize("between", ["on", "at", "of the", "for"])
def test_a_name_with_words_between_is_written_as_it_is_printed(between: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(f"value = measured()\nprint('EER {between} Vox: {{}}'.format(value))\n")
    name = inspect_script(tmp_path / "train.py").metrics[0]
    reading = LineReader((name,)).read(f"EER {between} Vox: 0.25")
    assert reading is not None
    assert reading.metrics.get(name) == 0.25


@pytest.mark.parametrize("name", ["TRAIN_BATCH_TOKENS", "MAX_TOKENS", "TOKENS_PER_STEP"])
def test_a_number_of_tokens_is_no_secret(name: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        f"import os\nn = int(os.environ.get({name!r}, '64'))\nk = os.getenv('HF_TOKEN', '')\n"
    )
    assert [option.default for option in inspect_script(tmp_path / "train.py").options] == [64]


DEMANDED = {"data": "str", "root": "str", "depth": "int"}
OF_RUN = {"data": "ETTh1", "root": "./dataset", "depth": 7}


@pytest.mark.parametrize("demanded", [n for k in (1, 2, 3) for n in itertools.combinations(DEMANDED, k)])
@pytest.mark.parametrize("folder", [".", "scripts", "examples"])
@pytest.mark.parametrize("default", ["", ", default={!r}"])
def test_what_a_script_demands_is_taken_from_the_shell_script_that_starts_it(
    demanded: tuple[str, ...], folder: str, default: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    idle = {"str": "other", "int": 3}
    lines = [
        f"p.add_argument('--{n}', type={kind}, required={n in demanded}{default.format(idle[kind])})"
        for n, kind in DEMANDED.items()
    ]
    Path("train.py").write_text(PARSER + "\n".join([*lines, "a = p.parse_args()", "print(f'val_loss: {0.3 * 2:.4f}')"]))
    Path(folder).mkdir(exist_ok=True)
    words = " ".join(f"--{name} {value}" for name, value in OF_RUN.items())
    (Path(folder) / "run.sh").write_text(f"python -u train.py {words}\n")
    (Path(folder) / "a_part.sh").write_text("python -u train.py --nothing 3\n")
    (Path(folder) / "other.sh").write_text(f"python -u other.py {words.replace('7', '8')}\n")
    settings = read_file(write_study_file("train.py")[0], schema=registry.schema).trainer.settings
    assert {name: settings[name] for name in demanded} == {name: OF_RUN[name] for name in demanded}
    others = {name: settings.get(name) for name in DEMANDED if name not in demanded}
    assert others == {name: idle[DEMANDED[name]] if default else None for name in others}


ROUNDS = {
    "for lr in 0.003 0.1; do\n{command}\ndone": 1,
    "for lr in 0.003 0.1\ndo\n  {command}\ndone": 1,
    'for name in "fast" slow; do for lr in 0.003 0.1; do\n{command}\ndone\ndone': 2,
    "for lr in 0.003; do {command}; done": 0,
}
"""Loops around a command, with how many of them run several times."""


@pytest.mark.parametrize("loop", ROUNDS)
def test_of_loops_over_fixed_words_the_first_round_is_read(
    loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"p.add_argument('--{n}', type={type(d).__name__}, default={d!r})" for n, (_, d) in FLAGS.items()]
    Path("train.py").write_text(PARSER + "\n".join([*lines, "a = p.parse_args()", "print(f'val_loss: {a.lr:.4f}')"]))
    words = " ".join(f"--{name} ${name}" for name in FLAGS)
    before = "\n".join(f"{name}={value}" for name, (value, _) in FLAGS.items() if f"for {name} in" not in loop)
    Path("run.sh").write_text(f"#!/bin/bash\n{before}\n" + loop.format(command=f"python -u train.py {words}") + "\n")
    path, notes = write_study_file("run.sh")
    study = read_file(path, schema=registry.schema)
    assert {name: study.trainer.settings[name] for name in FLAGS} == {name: value for name, (value, _) in FLAGS.items()}
    assert sum("its loop over" in note for note in notes) == ROUNDS[loop]


def test_of_several_starts_of_one_script_the_first_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(PARSER + "p.add_argument('--lr', type=float)\np.parse_args()\nprint('val_loss: 0.5')")
    Path("run.sh").write_text("python train.py --lr 0.003\npython train.py --lr 0.1\n")
    path, notes = write_study_file("run.sh")
    assert read_file(path, schema=registry.schema).trainer.settings["lr"] == 0.003
    assert any("2 times" in note for note in notes)


@pytest.mark.parametrize(
    "line", ["for f in *.txt; do", "for lr in $RATES; do", "for lr in $(seq 3); do", "while true; do"]
)
def test_a_loop_over_what_only_a_shell_knows_is_started_as_it_is(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("print('val_loss: 0.5')")
    Path("run.sh").write_text(f"#!/bin/bash\n{line}\npython train.py --lr 0.1\ndone\n")
    assert "run.sh" in write_study_file("run.sh")[0].read_text().partition("command = ")[2].partition("\n")[0]
