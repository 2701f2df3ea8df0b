"""A study of a script as a sweep: an agent starts the script as hptui does, and hptui reads the same study back."""

from pathlib import Path

import pytest
import yaml

from hptui import studyfile
from hptui.operations.export import export
from hptui.results.export.formats import ExportRequest
from tests.operations.made import make

STUDIES = Path(__file__).parents[3] / "studies"


@pytest.mark.parametrize("name", ["script-torch", "script-trainer"])
def test_a_sweep_of_a_script_is_read_back_as_the_same_study(home, tmp_path, name):
    text = (STUDIES / f"{name}.toml").read_text()
    (tmp_path / "sweep.yaml").write_text(export(make(home, [], text=text), "all", ExportRequest("sweep")))
    was, found = studyfile.read_text(text), studyfile.read_file(tmp_path / "sweep.yaml")
    assert dict(found.trainer.settings) == dict(was.trainer.settings)
    assert {p.name: p.describe() for p in found.space.parameters} == {
        p.name: p.describe() for p in was.space.parameters
    }
    mine, theirs = was.search, found.search
    assert (theirs.sampler, theirs.trials, theirs.seed, theirs.baseline) == (mine.sampler, mine.trials, mine.seed, True)


def test_an_agent_starts_the_script_as_hptui_does(home):
    text = export(make(home, [], text=(STUDIES / "script-torch.toml").read_text()), "all", ExportRequest("sweep"))
    found = yaml.safe_load(text)
    assert found["program"] == "scripts/spirals.py"
    head = ["${env}", "${interpreter}", "${program}", "--out", "${envvar:HPTUI_TRIAL_DIR}", "--seed", "42"]
    assert found["command"][:7] == head
    assert "--learning-rate=${learning_rate}" in found["command"], "click wants hyphens, which no macro says"
    assert set(found["command"][7:]) == {f"--{name.replace('_', '-')}=${{{name}}}" for name in found["parameters"]}
    assert "# not in a sweep: {trial_dir} in the command: an agent takes the variable HPTUI_TRIAL_DIR" in text


@pytest.mark.parametrize(
    ("trainer", "command"),
    [
        ('command = ["python", "t.py"]', ["${env}", "${interpreter}", "${program}", "${args}"]),
        ('command = ["python", "t.py"]\nstyle = "none"', ["${env}", "${interpreter}", "${program}"]),
        ('command = ["./t", "{args}", "-v"]\nstyle = { preset = "hydra", prefix = "++" }',
         ["${env}", "./t", "${args_override_hydra}", "-v"]),
        ('command = ["python", "t.py", "{lr}"]\nn = 3', ["${env}", "${interpreter}", "${program}", "${lr}",
         "--n=${n}"]),
        ('command = ["t", "{args_json}"]\nstyle = "none"', ["${env}", "t", "${args_json}"]),
        ('command = ["t"]\nnames = { lr = "rate" }', ["${env}", "t", "--rate=${lr}"]),
        ('command = ["t", "{{x}}", "{env.HOME}"]', ["${env}", "t", "{x}", "${envvar:HOME}", "${args}"]),
    ],
)  # fmt: skip
def test_the_command_of_a_script_in_the_words_of_a_sweep(home, tmp_path, trainer, command):
    study = f'name = "s"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "command"\n{trainer}\n[space]\nlr = "0..1"\n'
    text = export(make(home, [], text=study), "all", ExportRequest("sweep"))
    assert yaml.safe_load(text)["command"] == command
    (tmp_path / "s.yaml").write_text(text)
    was, found = studyfile.read_text(study).trainer.settings, studyfile.read_file(tmp_path / "s.yaml").trainer.settings
    assert dict(found) == {"style": "argparse", **was}


def test_a_renamed_sweep_of_a_script_is_for_agents_alone(home, tmp_path):
    text = export(make(home, [], text=(STUDIES / "script-torch.toml").read_text()), "all",
                  ExportRequest("sweep", names={"hidden": "width"}))  # fmt: skip
    found = yaml.safe_load(text)
    assert "hptui" not in found
    assert "--hidden=${width}" in found["command"]
    assert found["parameters"]["width"] == {"values": [8, 16, 32, 64]}
    (tmp_path / "s.yaml").write_text(text)
    assert "--hidden={width}" in studyfile.read_file(tmp_path / "s.yaml").trainer.settings["command"]
