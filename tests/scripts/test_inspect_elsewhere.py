"""Settings that a script keeps beside its command line, and words that it may do without."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from hptui.operations.check import check, preflight
from hptui.operations.new import write_study_file
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.syntax import InspectedScript
from hptui.scripts.program import CONSTANTS_RUNNER
from hptui.studyfile.wandb.workdir import find_workdir
from hptui.trainers import registry

OWN = set(registry.schema("command") or ())
VALUES = (0.25, 8, True, "adam", None)


def inspected(folder: Path, source: str, name: str = "train.py", **others: str) -> InspectedScript:
    for other, text in others.items():
        (folder / f"{other}.py").write_text(dedent(text))
    (folder / name).write_text(dedent(source))
    return inspect_script(folder / name)


def defaults(script: InspectedScript) -> dict[str, Any]:
    return {option.name: option.default for option in script.options}


@pytest.mark.parametrize("nargs", ['"?"', '"*"', "argparse.REMAINDER", "None", '"+"', "2"])
def test_a_positional_argument_is_demanded_only_where_no_word_is_none(nargs: str, tmp_path: Path, monkeypatch) -> None:
    source = f"""
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("data", nargs={nargs})
    print("val_loss", parser.parse_args().lr)
    """
    script = inspected(tmp_path, source)
    demanded = nargs in ("None", '"+"', "2")
    assert [option.required for option in script.options if option.positional] == [demanded]
    monkeypatch.chdir(tmp_path)
    path, _ = write_study_file("train.py")
    assert ("{data}" in path.read_text()) is demanded


@pytest.mark.parametrize(("text", "number"), [("0.25", 0.25), ("1", 1), ("1e-4", 1e-4), (".5", 0.5), ("0,5", "0,5")])
def test_a_number_in_a_text_default_is_a_number_where_a_converter_reads_it(text: str, number: Any, tmp_path: Path):
    source = f"""
    import argparse, ast
    def numbers(text):
        value = ast.literal_eval(text)
        return list(value) if isinstance(value, tuple) else [value]
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=numbers, default="{text}")
    parser.add_argument("--version", type=str, default="{text}")
    parser.parse_args()
    """
    assert defaults(inspected(tmp_path, source)) == {"lr": number, "version": text}


def test_words_by_position_may_have_defaults(tmp_path: Path) -> None:
    forms = ("{read} if len(sys.argv) > {n} else {value}", "{value} if len(sys.argv) <= {n} else {read}", "{read}")
    for first, second in itertools.product(forms, repeat=2):
        lines = ["import sys"]
        for n, (form, name, value) in enumerate([(first, "alpha", 0.5), (second, "ratio", 2.0)], start=1):
            lines.append(f"{name} = {form.format(read=f'float(sys.argv[{n}])', n=n, value=value)}")
        script = inspected(tmp_path, "\n".join(lines))
        read = [(option.name, option.type, option.default, option.required) for option in script.options]
        wanted = [(name, form, value) for name, form, value in (("alpha", first, 0.5), ("ratio", second, 2.0))]
        assert read == [(name, "float", None if f == "{read}" else v, f == "{read}") for name, f, v in wanted]


@pytest.mark.parametrize("table", ["CONFIG_DEFAULTS", "defaults", "DEFAULT_ARGS", "config"])
def test_a_dictionary_holds_the_defaults_of_options(table: str, tmp_path: Path) -> None:
    source = f"""
    import argparse
    {table} = {{"learning_rate": 1e-5, "num_layers": 16, "mask_prompt": False, "optimizer": "adam", "fixed": 3}}
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--num-layers", type=int)
    parser.add_argument("--mask-prompt", action="store_true", default=None)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--other", type=int)
    args = {{**{table}, **{{k: v for k, v in vars(parser.parse_args()).items() if v is not None}}}}
    """
    wanted = {"learning_rate": 1e-5, "num_layers": 16, "mask_prompt": False, "optimizer": "sgd", "other": None}
    assert defaults(inspected(tmp_path, source)) == wanted


def test_constants_are_taken_where_the_command_line_has_nothing_to_tune(tmp_path: Path) -> None:
    where = {"inside": "    config = {'lr': 2e-5, 'epochs': 3}\n", "above": ""}
    flags = {"none": "", "lr": 'parser.add_argument("--lr", type=float)', "needed": 'parser.add_argument("data")'}
    for (place, inside), (kind, more) in itertools.product(where.items(), flags.items()):
        above = "" if inside else "config = {'lr': 2e-5, 'epochs': 3}\n"
        source = (
            f"import argparse\n{above}def main():\n    parser = argparse.ArgumentParser()\n"
            f"    parser.add_argument('--cpu', action='store_true')\n    {more}\n"
            f"    parser.parse_args()\n{inside}main()\n"
        )
        script = inspected(tmp_path, source)
        assert (script.parser == "constants") is (kind == "none"), (place, kind)
        if kind == "none":
            assert defaults(script) == {"config.lr": 2e-5, "config.epochs": 3}
            assert "--cpu" in script.notes[0]


@pytest.mark.parametrize("spelled", ["f'--{k}'", "'--' + k", "'--' + k.replace('_', '-')"])
@pytest.mark.parametrize("table", ["literal", "call", "merged", "updated", "passed", "returned"])
@pytest.mark.parametrize("converter", ["type(v)", "yes_or_bool if isinstance(v, bool) else type(v)"])
def test_a_loop_makes_options_of_a_dictionary(spelled: str, table: str, converter: str, tmp_path: Path) -> None:
    made = {
        "literal": "T = {'lr': 1e-4, 'use_ema': False, 'opt_name': 'adam'}",
        "call": "T = dict(lr=1e-4, use_ema=False, opt_name='adam')",
        "merged": "T = {'lr': 1e-4, **more()}",
        "updated": "T = dict(lr=1e-4)\nT.update(more())",
        "passed": "T = dict(lr=1e-4)\nT.update(more())",
        "returned": "T = dict(lr=1e-4)\nT.update(returned())",
    }[table]
    loop = f"for k, v in TABLE.items():\n    parser.add_argument({spelled}, default=v, type={converter})\n"
    source = "import argparse\ndef more():\n    return dict(use_ema=False, opt_name='adam')\n"
    source += "def returned():\n    d = {}\n    d.update(more())\n    return d\n"
    if "yes" in converter:
        source += "def yes_or_bool(text):\n    return text.lower() == 'yes'\n"
    source += f"{made}\nparser = argparse.ArgumentParser()\n"
    if table == "passed":
        body = "    " + loop.replace("TABLE", "table").replace("\n", "\n    ").rstrip()
        source += f"def add(parser, table):\n{body}\nadd(parser, T)\n"
    else:
        source += loop.replace("TABLE", "T")
    script = inspected(tmp_path, source + "parser.parse_args()\n")
    assert defaults(script) == {"lr": 1e-4, "use_ema": False, "opt_name": "adam"}
    forms = {option.name: option.form for option in script.options}
    assert forms["use_ema"].reads == ("bool" if "yes" in converter else "any text is true")
    assert "yes" not in converter or forms["use_ema"].words == ("no", "yes")
    assert {form.flags for form in forms.values()} == {
        (f"--{name.replace('_', '-') if 'replace' in spelled else name}",) for name in forms
    }


def test_dataclasses_within_a_signature_are_followed(tmp_path: Path) -> None:
    source = """
    from dataclasses import dataclass, field
    from typing import Optional
    from jsonargparse import CLI

    @dataclass
    class Schedule:
        kind: str = "cosine"
        warmup: Optional[int] = None

    @dataclass
    class Train:
        epochs: int = 3
        clip: float = 1
        sizes: list = field(default_factory=lambda: [1])
        demanded: int
        schedule: Schedule = Schedule(kind="linear")

    def setup(lr: float = 3e-4, train: Train = Train(epochs=5, clip=2.0), plain: int = 1):
        pass

    CLI(setup)
    """
    script = inspected(tmp_path, source)
    assert defaults(script) == {
        "lr": 3e-4,
        "train.epochs": 5,
        "train.clip": 2.0,
        "train.sizes": None,
        "train.demanded": None,
        "train.schedule.kind": "linear",
        "train.schedule.warmup": None,
        "plain": 1,
    }
    assert [option.name for option in script.options if option.required] == ["train.demanded"]


READER = """
from ast import literal_eval
class Node:
    def {method}(self, args):
        for arg in args:
            key, val = arg.split('=')
            val = literal_eval(val)
            assert key[:2] == '--'
            obj = self
            for k in key[2:].split('.')[:-1]:
                obj = getattr(obj, k)
            setattr(obj, key[2:].split('.')[-1], val)
"""


@pytest.mark.parametrize("method", ["merge_from_args", "update", "override"])
@pytest.mark.parametrize("made", ["function", "module"])
def test_attributes_that_the_command_line_sets(method: str, made: str, tmp_path: Path) -> None:
    lines = ["C = Node()", "C.system = Node()", "C.system.work_dir = './out'", "C.trainer = Data.default()"]
    lines += [f"C.model_{n} = {value!r}" for n, value in enumerate(VALUES)]
    data = "class Data:\n  @staticmethod\n  def default():\n    D = Node()\n    D.block = 8\n    return D\n"
    if made == "function":
        body = "def get_config():\n    " + "\n    ".join([*lines, "return C"]) + "\nconfig = get_config()\n"
    else:
        body = "\n".join(lines).replace("C.", "config.").replace("C =", "config =") + "\n"
    source = f"import sys\nfrom node import Node\n{data}{body}config.{method}(sys.argv[1:])\n"
    script = inspected(tmp_path, source, node=READER.format(method=method))
    wanted = {f"model_{n}": value for n, value in enumerate(VALUES)}
    assert defaults(script) == {"system.work_dir": "./out", "trainer.block": 8, **wanted}
    assert script.style == {"preset": "exact", "strings": "quoted"}


def test_the_only_configuration_below_the_directory_of_the_person_is_taken(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "lora.yaml").write_text("optimizer: {lr: 3e-4}\nepochs: 1\n")
    source = "import argparse, yaml\np = argparse.ArgumentParser()\np.add_argument('--config', required=True)\n"
    (tmp_path / "recipes" / "tune.py").write_text(source + "yaml.safe_load(open(p.parse_args().config))\n")
    monkeypatch.chdir(tmp_path)
    script = inspect_script(Path("recipes/tune.py"))
    assert defaults(script) == {"optimizer.lr": 3e-4, "epochs": 1}
    path, _ = write_study_file("recipes/tune.py")
    assert check(path).study.trainer.settings["config"] == "configs/lora.yaml"
    (tmp_path / "configs" / "full.yaml").write_text("epochs: 2\n")
    assert inspect_script(Path("recipes/tune.py")).config is None


JOINED = ['str(ROOT / "conf" / "a.yaml")', 'ROOT / "conf/a.yaml"', 'os.path.join(HERE, "conf", "a.yaml")',
          'str(Path(__file__).resolve().parent / "conf" / "a.yaml")', 'f"{HERE}/conf/a.yaml"']  # fmt: skip


@pytest.mark.parametrize("joined", JOINED)
@pytest.mark.parametrize("library", ["argparse", "click"])
def test_a_default_that_is_joined_to_a_directory_names_the_file(joined: str, library: str, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.yaml").write_text("lr: 0.1\nwidth: 8\n")
    (tmp_path / "other.yaml").write_text("lr: 9\n")  # one that would be taken for the usual one
    head = f"import {library}, os, yaml\nfrom pathlib import Path\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
    head += "ROOT = Path(HERE)\n"
    body = f"p = argparse.ArgumentParser()\np.add_argument('--config', default={joined})\nuse(p.parse_args().config)\n"
    if library == "click":
        body = f"@click.command()\n@click.option('--config', default={joined})\ndef main(config): use(config)\n"
    (tmp_path / "train.py").write_text(head + "def use(file): yaml.safe_load(open(file))\n" + body)
    script = inspect_script(tmp_path / "train.py")
    assert script.config == tmp_path / "conf" / "a.yaml"
    assert {"lr": 0.1, "width": 8}.items() <= defaults(script).items()


@pytest.mark.parametrize("option", ["hyp", "hyper-params", "hparams", "anything"])
def test_of_several_files_that_options_name_the_one_with_settings_is_taken(option: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "toy.yaml").write_text("names: [cat, dog]\npath: pictures\n")
    (tmp_path / "data" / "low.yaml").write_text("lr0: 0.01\nmomentum: 0.9\nweight_decay: 0.0005\n")
    head = (
        "import argparse, yaml\nfrom pathlib import Path\nROOT = Path(__file__).parent\np = argparse.ArgumentParser()\n"
    )
    flags = [f"p.add_argument('--{name}', type=str, default=ROOT / 'data/{file}')" for name, file in
             (("data", "toy.yaml"), (option, "low.yaml"))]  # fmt: skip
    (tmp_path / "train.py").write_text(head + "\n".join(flags) + "\nprint(yaml.safe_load(open(p.parse_args().data)))\n")
    script = inspect_script(tmp_path / "train.py")
    assert script.config == tmp_path / "data" / "low.yaml"
    assert {"lr0": 0.01, "momentum": 0.9}.items() <= defaults(script).items()


@pytest.mark.process
def test_flags_beside_a_file_of_settings_do_not_go_into_its_copy(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "base.yaml").write_text("lr: 0.1\nwidth: 8\n")
    more = ['"--resume", action="store_true"', '"--layers", nargs="+", default=[1]', '"--gpus", type=int, default=1']
    lines = [f"p.add_argument({words})" for words in [*more, '"--config", default="base.yaml"', '"opts", nargs="*"']]
    source = ["import argparse, yaml", "p = argparse.ArgumentParser()", *lines, "a = p.parse_args()"]
    (tmp_path / "train.py").write_text("\n".join([*source, "print('val_loss', yaml.safe_load(open(a.config))['lr'])"]))
    monkeypatch.chdir(tmp_path)
    path, _ = write_study_file("train.py")
    study = check(path).study
    assert {"lr", "width", "gpus"} == {*study.trainer.settings, *(p.name for p in study.space.parameters)} - OWN
    assert "--gpus={gpus}" in study.trainer.settings["command"]
    assert not [text for text in preflight(study) if "resume" in text or "layers" in text]


@pytest.mark.parametrize("made", ['logging.getLogger("valid")', "logging.getLogger(__name__)", "get_logger()"])
def test_lines_of_a_logger_that_is_made_in_the_call_are_seen(made: str, tmp_path: Path) -> None:
    source = (
        f"import logging\nfrom log import get_logger\nloss = train()\n{made}.info('epoch 3 | val_loss %.3f', loss)\n"
    )
    assert inspected(tmp_path, source).metrics == ["val_loss"]


@pytest.mark.parametrize(
    "launcher", ["torch.distributed.launch", "torch.distributed.run", "accelerate.commands.launch"]
)
@pytest.mark.parametrize("program", ["train.py", "tools/train.py", "scripts/run.sh"])
def test_a_module_that_starts_a_program_is_followed_to_the_program(launcher: str, program: str, tmp_path: Path) -> None:
    for place in (program, "sweeps/a/lr.yaml"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    words = ["python", "-m", launcher, "--nproc_per_node=2", program, "{args}"]
    assert find_workdir(str(tmp_path / "sweeps/a/lr.yaml"), words) == "../.."


def test_constants_of_a_module_of_settings_are_found_and_set(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "pkg" / "hparams.py").write_text("N = 3\n")
    (tmp_path / "config.py").write_text(
        "LR = 0.1\nHERE = __file__.rpartition('/')[2]\nclass Model:\n    width = 1\n    depth = 2\n"
    )
    script = tmp_path / "train.py"
    script.write_text(
        "import config\nfrom pkg.hparams import N\nprint(config.LR, config.HERE, config.Model.width, N)\n"
    )
    options = {option.name: option.default for option in inspect_script(script).options}
    expected = {"config.LR": 0.1, "config.Model.width": 1, "config.Model.depth": 2, "pkg.hparams.N": 3}
    assert {name: options[name] for name in expected} == expected

    def printed(values: dict[str, object]) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, str(CONSTANTS_RUNNER), json.dumps(values), str(script)]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    changed = {"config.LR": 0.5, "config.Model.width": 4, "pkg.hparams.N": 9}
    assert printed(changed).stdout == "0.5 config.py 4 9\n"
    assert printed({}).stdout == "0.1 config.py 1 3\n"  # nothing of it is compiled for later
    wrong = printed({"config.LRR": 0.5})
    assert wrong.returncode == 2
    assert "sets no constant LRR" in wrong.stderr
