"""Lightning of all ages: names of what is logged by steps and by epochs, what steps return, options that it adds."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script
from hptui.scripts.inspect import InspectedScript, inspect_script

MODULE = "import pytorch_lightning as pl\nfrom argparse import ArgumentParser\nclass Net(pl.LightningModule):\n"


def seen(folder: Path, source: str) -> InspectedScript:
    (folder / "train.py").write_text(source)
    return inspect_script(folder / "train.py")


SAID = (None, True, False)


@pytest.mark.parametrize(("on_step", "on_epoch"), list(itertools.product(SAID, SAID)))
@pytest.mark.parametrize("function", ["training_step", "validation_step"])
@pytest.mark.parametrize("log", ["self.log('{0}_loss', f(b){1})", "self.log_dict({{'{0}_loss': f(b)}}{1})"])
def test_what_is_of_steps_and_of_epochs_has_two_names(
    on_step: bool | None, on_epoch: bool | None, function: str, log: str, tmp_path: Path
) -> None:
    given = "".join(f", {n}={v}" for n, v in (("on_step", on_step), ("on_epoch", on_epoch)) if v is not None)
    split = "train" if function == "training_step" else "val"
    line = log.format(split, given)
    script = seen(tmp_path, f"{MODULE}    def {function}(self, b, i):\n        {line}\npl.Trainer().fit(Net(), a, b)\n")
    is_training = split == "train"
    of_steps = is_training if on_step is None else on_step
    of_epochs = not is_training if on_epoch is None else on_epoch
    names = [f"{split}_loss_epoch", f"{split}_loss_step"] if of_steps and of_epochs else [f"{split}_loss"]
    assert script.metrics == names


@pytest.mark.parametrize("made", ["{'val_loss': x, 'val_acc': y}", "dict(val_loss=x, val_acc=y)"])
@pytest.mark.parametrize("form", ["return {{'val_loss': x, '{0}': {1}}}",
                                  "t = {1}\n        return {{'x': 1, '{0}': t}}",
                                  "o = {{'{0}': {1}}}\n        return o"])  # fmt: skip
@pytest.mark.parametrize("place", ["log", "progress_bar"])
def test_what_steps_return_is_logged_before_version_1(made: str, form: str, place: str, tmp_path: Path) -> None:
    body = form.format(place, made)
    script = seen(
        tmp_path, f"{MODULE}    def validation_epoch_end(self, o):\n        {body}\npl.Trainer().fit(Net())\n"
    )
    assert script.metrics == ["val_loss", "val_acc"]
    assert bool(script.metric_files) == (place == "log")


DATA = """class Data(pl.LightningDataModule):
    def __init__(self, batch_size: int = 32, share: float = 0.2, shuffle: bool = True, kind="a", workers=4):
        pass
def main():
    p = ArgumentParser()
    p.add_argument("--lr", type=float, default=1e-3)
    {adding}
    p.set_defaults(max_epochs=7)
    a = p.parse_args()
    pl.Trainer.from_argparse_args(a{fixed}).fit(Net(a.lr), Data.from_argparse_args(a))
main()
"""


@pytest.mark.parametrize("adding", ["p = pl.Trainer.add_argparse_args(p)", "pl.Trainer.add_argparse_args(p)"])
@pytest.mark.parametrize("fixed", ["", ", max_epochs=3", ", logger=x"])
def test_options_that_lightning_adds_are_known(adding: str, fixed: str, tmp_path: Path) -> None:
    body = DATA.format(adding=f"{adding}\n    p = Data.add_argparse_args(p)", fixed=fixed)
    source = f"{MODULE}    def validation_step(self, b, i):\n        self.log('val_loss', f(b))\n{body}"
    options = {option.name: option.default for option in seen(tmp_path, source).options}
    assert (options["batch_size"], options["share"], options["shuffle"]) == (32, 0.2, True)
    assert options.get("max_epochs") == (None if "max_epochs" in fixed else 7)
    assert not {"kind", "workers"} & options.keys()  # Lightning makes no options of arguments without a type
    text, notes = study_file_of_script(tmp_path / "train.py", tmp_path)
    assert "--default_root_dir={trial_dir}/output" in text
    assert 'metrics = ["{trial_dir}"' in text
    assert 'workdir = "{trial_dir}"' not in text, notes
