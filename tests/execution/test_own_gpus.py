"""A study, a sweep or a script that chooses GPUs itself, beside those that hptui gives each trial."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.core.errors import HptuiError, StudyError
from hptui.core.gpu_variables import GPU_VARIABLES, NO_GPU, fixed_gpu_variables, leaves_its_gpu
from hptui.core.study import Resources, Study, TrainerSettings
from hptui.execution.local.devices import slot_environment, slots_for
from hptui.operations.check_places import places_warnings
from hptui.scripts.validate import check_study
from hptui.studyfile.wandb.command import read_command

RESOURCES = (Resources(), Resources(gpus_per_trial=2), Resources(gpus=(1,)), Resources(trials_per_gpu=2))
SEEN = ("0", "1", "0,1", "1,0", " 1", "", "-1", "2", "GPU-aaaaaaaa-0000-0000-0000-000000000000")


def test_a_script_may_keep_to_some_of_its_gpus(world):
    world()
    slots = [slot for resources in RESOURCES for slot in slots_for(resources)]
    for slot, seen in itertools.product(slots, SEEN):
        given = slot_environment(slot)
        own = {str(gpu.index) for gpu in slot.gpus}
        stays = {entry.strip() for entry in seen.split(",")} <= own
        text = leaves_its_gpu(given, {**given, GPU_VARIABLES[0]: seen})
        assert (text == "") == stays, (slot.label, seen, text)
        assert ("hidden" in text) == (seen in NO_GPU)
        assert leaves_its_gpu(given, {**given, GPU_VARIABLES[1]: "FASTEST_FIRST"})
        assert leaves_its_gpu({}, {GPU_VARIABLES[0]: seen}) == ""


def test_a_trial_on_the_cpu_may_hide_gpus_but_not_take_one():
    given = {GPU_VARIABLES[0]: ""}
    assert {seen: leaves_its_gpu(given, {GPU_VARIABLES[0]: seen}) == "" for seen in ("-1", "", "0")} == {
        "-1": True,
        "": True,
        "0": False,
    }


@pytest.mark.parametrize("name", GPU_VARIABLES)
@pytest.mark.parametrize("gpus", ["all", 1, 0, (), (1,)])
def test_a_study_sets_no_gpu_for_all_its_trials(name, gpus):
    for value in ("0", "{gpu}", "GPU-aaaaaaaa", *NO_GPU):
        settings = {"command": ["true"], "env": {name: value, "OTHER": "1"}}
        study = Study(
            name="s", objectives=(), trainer=TrainerSettings("command", settings), resources=Resources(gpus=gpus)
        )
        if gpus in (0, ()) or value in NO_GPU:
            check_study(study)
        else:
            with pytest.raises(StudyError, match=rf"trainer.env.{name}: is set for each trial"):
                check_study(study)
        notes: list[str] = []
        words = ["${env}", f"{name}={value}", "OTHER=1", "python", "${program}", "${args}"]
        read = read_command(words, "train.py", {}, notes)
        assert not [*fixed_gpu_variables(read["env"])]
        assert (name in "".join(notes)) == (value not in NO_GPU)
        assert read["env"]["OTHER"] == "1"


@pytest.mark.parametrize(
    "doing", [{}, {"names": ["A", "B"]}, {"lost": [0, 1]}, {"mig": {"0": 2}}, {"compute_mode": {"0": 2}}]
)
@pytest.mark.parametrize("visible", [None, "0", "7", "-1"])
@pytest.mark.parametrize(
    "resources", [*RESOURCES, Resources(gpus=0), Resources(gpus=(5,)), Resources(gpus_per_trial=3)]
)
def test_check_says_what_ends_a_run_at_once(world, monkeypatch, doing, visible, resources):
    world(**doing)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    problem = ""
    try:
        slots_for(resources)
    except HptuiError as error:
        problem = error.message
    found = places_warnings(Study("s", (), TrainerSettings("toy"), resources=resources))
    assert (found == []) == (problem == "")
    assert all(problem in text for text in found)


@pytest.mark.process
def test_what_a_script_saw_is_recorded(tmp_path: Path, monkeypatch) -> None:
    from tests.scripts.metrics.test_tap import say

    for given, script in (("1", "pass"), ("1", "import os; os.environ['CUDA_VISIBLE_DEVICES'] = '0'")):
        folder = tmp_path / str(len(script))
        folder.mkdir()
        found = say(folder, script, CUDA_VISIBLE_DEVICES=given, CUDA_DEVICE_ORDER="PCI_BUS_ID", HF_TOKEN="hf_x")
        [seen] = [one["variables"] for one in found if one["k"] == "variables"]
        assert seen == {"CUDA_VISIBLE_DEVICES": "0" if "0" in script else "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
