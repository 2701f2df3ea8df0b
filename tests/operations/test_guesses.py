"""What `hptui new` writes for values that a script demands, and where it starts a script."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hptui.operations.new_command import how_to_start
from hptui.operations.new_script import study_file_of_script
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.inputs.guesses import guess_value
from hptui.scripts.inspect.syntax import ScriptOption


@pytest.mark.parametrize(
    ("name", "kind", "files", "guess"),
    [
        ("epochs", "int", (), 10),
        ("num_epochs", "str", (), 10),
        ("max_steps", "int", (), 1000),
        ("num_neurons", "int", (), 256),
        ("train_path", "str", ("data/train.json", "data/test.json"), "data/train.json"),
        ("train_csv", "str", ("train.csv", "train.json"), "train.csv"),
        ("data_dir", "str", ("data/a.csv",), "data"),
        ("train_path", "str", ("a/train.json", "b/train.json"), None),
        ("tokenizer", "str", ("tokenizer.json",), None),
        ("fold", "int", (), None),
        *((name, "str", (), "hptui") for name in ("exp_name", "run", "experiment_id", "job_name", "tag", "expname")),
        ("model_name", "str", (), None),
        ("run_id", "int", (), None),
    ],
)
def test_what_is_demanded_is_guessed_where_one_value_is_likely(
    name: str, kind: str, files: tuple[str, ...], guess: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert guess_value(ScriptOption(name, name, kind, required=True)) == guess


@pytest.mark.parametrize(
    ("source", "start"),
    [
        ("import sys\nsys.path.insert(0, '../')\n", ("tools", "train.py")),
        ("import sys\nsys.path.append('..')\n", ("tools", "train.py")),
        ("import sys\nsys.path.append('.')\n", (".", "tools/train.py")),
        ("open('conf/a.yaml')\n", ("tools", "train.py")),
        ("open('root.yaml')\n", (".", "tools/train.py")),
        ("import sys, os\nsys.path.append(os.path.join(os.path.dirname(__file__), '..'))\n", (".", "tools/train.py")),
    ],
)
def test_a_script_starts_where_it_finds_its_files(
    source: str, start: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("tools/conf/a.yaml", "root.yaml", "tools/train.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "tools/train.py").write_text(source)
    directory, words = how_to_start(Path("tools/train.py"))
    assert (directory.resolve(), words[-1]) == ((tmp_path / start[0]).resolve(), start[1])


@pytest.mark.parametrize(
    ("option", "use", "is_output"),
    [
        ("'--dest', default='out'", "os.makedirs(args.dest)", True),
        ("'--plots_folder', default='plots'", "plt.savefig(args.plots_folder); Path(args.plots_folder).mkdir()", True),
        ("'model_path'", "torch.save(model, args.model_path)", True),
        ("'model_path'", "torch.load(args.model_path)", False),
        ("'--data_dir', default='data'", "os.makedirs(args.data_dir)", False),
        ("'--tag', default='a'", "np.save(args.tag, x)", False),
    ],
)
def test_an_option_that_the_script_writes_to_is_an_output(
    option: str, use: str, is_output: bool, tmp_path: Path
) -> None:
    script = tmp_path / "t.py"
    head = "import argparse, os\np = argparse.ArgumentParser()\n"
    script.write_text(f"{head}p.add_argument({option})\nargs = p.parse_args()\n{use}\nprint('val_loss', 1.5)\n")
    assert bool(inspect_script(script).outputs) is is_output


@pytest.mark.parametrize(
    ("help_text", "guess"),
    [
        ("choose a model: Bert, ERNIE", "Bert"),
        ("model name, options: [mlp, cnn]", "mlp"),
        ("one of 'cora' or 'citeseer'", "cora"),
        ("the network (e.g. `resnet18`)", "resnet18"),
        ("the network, for example: resnet18.", "resnet18"),
        ("path of the model", None),
        ("options", None),
    ],
)
def test_the_first_value_that_a_help_text_names_is_a_guess(help_text: str, guess: str | None) -> None:
    assert guess_value(ScriptOption("arch", "arch", "str", required=True, help=help_text)) == guess


def test_a_demanded_option_stands_next_to_a_file_of_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text("lr: 0.1\nepochs: 3\n")
    (tmp_path / "train.py").write_text(
        "import argparse, yaml\np = argparse.ArgumentParser()\np.add_argument('--config', default='base.yaml')\n"
        "p.add_argument('--net', required=True, help='one of: mlp, cnn')\na = p.parse_args()\n"
        "print('val_loss', yaml.safe_load(open(a.config))['lr'])\n"
    )
    text, _ = study_file_of_script(Path("train.py"), Path())
    assert '"--net={net}"' in text
    assert 'net = "mlp"  # a guess' in text


def test_where_nothing_else_is_searched_the_length_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("EPOCHS = 4\nSEED = 3\nprint('loss', EPOCHS / 3 + SEED)\n")
    text, notes = study_file_of_script(Path("train.py"), Path())
    assert 'EPOCHS = "2..8 int"' in text
    assert not any("not complete" in note for note in notes)


@pytest.mark.parametrize(
    ("default", "given"),
    [
        ("ckpt", "{trial_dir}/output"),
        ("./ckpt/", "{trial_dir}/output/"),
        ("there", "{trial_dir}"),
        ("there/", "{trial_dir}/"),
    ],
)
def test_where_a_script_writes_is_a_directory_like_its_default(
    default: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that exists may not be made by the script, and one that ends with a slash is put before names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    option = f"p.add_argument('--save_dir', default={default!r})"
    (tmp_path / "train.py").write_text(f"import argparse\np = argparse.ArgumentParser()\n{option}\np.parse_args()\n")
    text, _ = study_file_of_script(Path("train.py"), Path())
    assert f'"--save_dir={given}"' in text
