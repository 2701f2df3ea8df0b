"""What calls log of training and of held-out data under one name is no objective."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script

HEADS = {
    "wandb": "import wandb\n",
    "mlflow": "import mlflow\n",
    "mlflow table": "import mlflow\n",
    "tensorboard": "from torch.utils.tensorboard import SummaryWriter\nw = SummaryWriter('runs')\n",
    "own function": "import wandb\ndef log(values):\n    wandb.log(values)\n",
}
CALLS = {
    "wandb": "wandb.log({{'{0}': {1}, 'epoch': e}})",
    "mlflow": "mlflow.log_metric('{0}', {1}, step=e)",
    "mlflow table": "mlflow.log_metrics({{'{0}': {1}}})",
    "tensorboard": "w.add_scalar('{0}', {1}, e)",
    "own function": "log({{'{0}': {1}}})",
}
FORMS = {
    "two functions": "def train_epoch(loader):\n    {0}\ndef evaluate(loader):\n    {1}\ntrain_epoch(a)\nevaluate(b)\n",
    "one function": "def run(loader):\n    {0}\nrun(train_loader)\nrun(val_loader)\n",
    "values": "for e in range(9):\n    {2}\n    {3}\n",
    "a flag": "def run(loader, train):\n    {0}\nrun(a, train=True)\nrun(b, train=False)\n",
}
NAMES = {"loss": "minimize", "accuracy": "maximize"}
SAMPLES = [pair for pair in itertools.product(HEADS, FORMS) if pair != ("own function", "values")]
"""All but values that a function logs, which have no names of their own there."""


def objective(folder: Path, text: str) -> tuple[dict[str, str], list[str]]:
    """The objective of a study file, and the notes."""
    (path := folder / "train.py").write_text(f"LR = 0.1\n{text}")
    study, notes = study_file_of_script(path, folder)
    return tomllib.loads(study)["objective"], notes


@pytest.mark.parametrize(("sink", "form"), SAMPLES)
@pytest.mark.parametrize("name", NAMES)
def test_one_name_for_two_data_is_none(sink: str, form: str, name: str, tmp_path: Path) -> None:
    call = CALLS[sink]
    plain, of_training, of_validation = (call.format(name, value) for value in ("x", "train_x", "val_x"))
    text = HEADS[sink] + FORMS[form].format(plain, plain, of_training, of_validation)
    table, notes = objective(tmp_path, text)
    assert (table["metric"], table["goal"]) == (f"val_{name}", NAMES[name])
    assert any("under one name" in note for note in notes)
    table, notes = objective(tmp_path, f"{text}print('val_f1:', f1)\n")  # what is told apart is one
    assert table["metric"] == "val_f1"


@pytest.mark.parametrize("sink", HEADS)
@pytest.mark.parametrize("name", NAMES)
def test_names_that_say_the_data_and_those_of_one_data_are_objectives(sink: str, name: str, tmp_path: Path) -> None:
    call, form = CALLS[sink], FORMS["two functions"]
    text = HEADS[sink] + form.format(call.format(f"train/{name}", "x"), call.format(f"val/{name}", "x"))
    assert objective(tmp_path, text)[0]["metric"] == f"val/{name}"
    text = HEADS[sink] + form.format("pass", call.format(name, "x"))
    table, notes = objective(tmp_path, text)
    assert table["metric"] == name
    assert not any("under one name" in note for note in notes)


STEPS = """import lightning as L
class Net(L.LightningModule):
    def training_step(self, batch, i):
        self.log("{0}", x{2})
    def validation_step(self, batch, i):
        self.log("{1}", x{2})
L.Trainer().fit(Net(), a, b)
"""


@pytest.mark.parametrize("shown", ["", ", prog_bar=True"])
@pytest.mark.parametrize("name", NAMES)
def test_steps_of_lightning_that_log_one_name_give_no_objective(name: str, shown: str, tmp_path: Path) -> None:
    table, notes = objective(tmp_path, STEPS.format(name, name, shown))
    assert table["metric"] == f"val_{name}"
    assert any("under one name" in note for note in notes)
    assert objective(tmp_path, STEPS.format(name, f"val_{name}", shown))[0]["metric"] == f"val_{name}"
