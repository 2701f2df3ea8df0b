"""Commands on several processes: what is started, what is refused, which variables they get."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from hptui import studyfile
from hptui.core.errors import HptuiError, UserError
from hptui.core.trial import TrialStatus
from hptui.scripts.launch import CommandLaunch, named_processes, read_launch
from hptui.scripts.launchers import with_tags
from hptui.scripts.metrics.ranks import split_rank
from hptui.scripts.preflight import preflight
from hptui.scripts.program import script_of
from hptui.scripts.validate import check_study
from hptui.trainers import registry
from tests.scripts.conftest import Write, client
from tests.scripts.test_clients import curve, log, named
from tests.support import run_to_rest

TORCH = ["-m", "torch.distributed.run", "--nnodes", "1", "--nproc_per_node"]
RENDEZVOUS = ["--rdzv_backend", "c10d", "--rdzv_endpoint"]
ACCELERATE = ["-m", "accelerate.commands.launch"]


def words_of(setting: Any, command: list[str], gpus: int = 0, size: int = 1) -> list[str]:
    launch = CommandLaunch(setting, command, gpus, size)
    return [word.replace(launch.port, "PORT") for word in launch.words(command)]


def test_a_command_is_started_on_as_many_processes_as_it_has_gpus() -> None:
    command = ["python", "-u", "train.py", "--lr=1"]
    for gpus, size, processes, count in ((0, 1, None, 1), (0, 4, None, 4), (4, 4, None, 4), (2, 2, 2, 2), (0, 1, 3, 3)):
        setting = {"program": "torchrun"} | ({"processes": processes} if processes else {})
        endpoint = [*RENDEZVOUS, "127.0.0.1:PORT"]
        assert words_of(setting, command, gpus, size) == ["python", *TORCH, str(count), *endpoint, "train.py", "--lr=1"]
        facts = CommandLaunch(setting, command, gpus, size).facts()
        assert (facts["nproc"], facts["gpus"], len(facts["local_ranks"].split(","))) == (str(count), str(gpus), count)
    assert words_of("torchrun", ["python", "-m", "kit.train", "-x"])[-3:] == ["-m", "kit.train", "-x"]
    assert words_of("torchrun", ["./run.sh", "1"])[0] == "torchrun"
    assert words_of("torchrun", ["./run.sh", "1"])[-3:] == ["--no_python", "./run.sh", "1"]
    assert words_of({"program": "torchrun", "options": ["--max-restarts=0"]}, command)[-3:-2] == ["--max-restarts=0"]
    assert words_of("none", command) == words_of({"program": "none"}, command) == command


def test_accelerate_starts_gpus_itself_and_cpus_by_torchrun() -> None:
    command = ["python", "train.py"]
    assert words_of("accelerate", command, 2, 2) == [
        *("python", *ACCELERATE, "--multi_gpu", "--num_processes", "2"),
        *("--num_machines", "1", "--main_process_port", "PORT", "train.py"),
    ]
    assert "--multi_gpu" not in words_of("accelerate", command, 1)
    on_cpus = CommandLaunch({"program": "accelerate", "processes": 2}, command, 0, 1)
    assert on_cpus.words(command)[1:3] == ["-m", "torch.distributed.run"]
    assert on_cpus.environment(0)["ACCELERATE_USE_CPU"] == "true"


def test_processes_share_the_threads_and_leave_variables_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCCL_DEBUG", "INFO")
    monkeypatch.delenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", raising=False)
    for command, setting in ((["python", "a.py"], "torchrun"), (["torchrun", "--nproc-per-node=4", "a.py"], "none")):
        own = CommandLaunch(setting, command, 4, 4).environment(10)
        assert (own["OMP_NUM_THREADS"], own["TORCH_NCCL_ASYNC_ERROR_HANDLING"]) == ("2", "1")
        assert "NCCL_DEBUG" not in own
    assert CommandLaunch("none", ["python", "a.py"], 1, 1).environment(10) == {}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("torchrum", "torchrun"),
        (3, "one of none, torchrun, accelerate"),
        ({"processes": 2}, "one of none, torchrun, accelerate"),
        ({"program": "torchrun", "procs": 2}, "processes"),
        ({"program": "torchrun", "processes": 0}, "launch.processes"),
        ({"program": "torchrun", "processes": True}, "launch.processes"),
        ({"program": "torchrun", "options": "--x"}, "launch.options"),
        ({"program": "torchrun", "options": ["--nproc-per-node=2"]}, "set by hptui"),
        ({"program": "accelerate", "options": ["--num_processes", "2"]}, "set by hptui"),
    ],
)
def test_a_wrong_launch_is_named(setting: Any, says: str) -> None:
    with pytest.raises(UserError, match=r"trainer\.launch") as error:
        read_launch(setting, ["python", "train.py"])
    assert says in f"{error.value} {error.value.hint}"


def test_a_command_that_is_launched_already_is_refused() -> None:
    commands = (["torchrun", "a.py"], ["accelerate", "launch", "a.py"], ["python", *TORCH[:2], "a.py"])
    for command in (*commands, ["python", *ACCELERATE, "a.py"]):
        with pytest.raises(UserError, match=r"starts (torchrun|accelerate) itself"):
            read_launch("torchrun", command)


def test_numbers_of_processes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    texts = {
        'command = ["torchrun", "--nproc-per-node", "3", "a.py"]': ("trainer.command", 3),
        'command = ["python", "-m", "torch.distributed.run", "--nproc_per_node=4", "a.py"]': ("trainer.command", 4),
        'command = ["accelerate", "launch", "--num_processes=3", "a.py"]': ("trainer.command", 3),
        'command = ["python", "a.py"]\nlaunch = { program = "torchrun", processes = 1 }': (
            "trainer.launch.processes",
            1,
        ),
        'command = ["python", "a.py"]\nlaunch = "torchrun"': None,
        'command = ["torchrun", "--nproc-per-node=gpu", "a.py"]': None,
        'command = ["torchrun", "--nproc-per-node", "{nproc}", "a.py"]': None,
        'command = ["torchrun", "a.py", "--num-processes", "7"]': None,
    }
    for text, wrong in texts.items():
        path = tmp_path / "s.toml"
        tail = '[space]\nlr = "1..2"\n[search]\ntrials = 1\n[resources]\ngpus_per_trial = 2\n'
        path.write_text(f'name = "s"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "command"\n{text}\n{tail}')
        study = studyfile.read_file(path, schema=registry.schema)
        if wrong is None:
            check_study(study)
            continue
        with pytest.raises(HptuiError) as error:
            check_study(study)
        where, count = wrong
        for part in (str(path), where, f"names {count} processes", "gpus_per_trial is 2"):
            assert part in str(error.value)
    with pytest.raises(UserError, match="3 processes, but the trial has 2 GPUs"):
        CommandLaunch("none", ["torchrun", "--nproc-per-node", "3", "a.py"], 2, 2)
    assert named_processes(["torchrun", "--nproc-per-node"]) is None


def test_a_pause_that_loses_what_was_trained_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('val_loss=1')\ntorch.save(net, 'net.pt')")
    (tmp_path / "c.py").write_text("print('val_loss=1')")
    (tmp_path / "b.py").write_text("import hptui\nhptui.should_stop()")
    told = {"command": ["python", "a.py"], "launch": "torchrun", "help": False}
    others = (
        {"command": ["python", "b.py"]},
        {"command": ["python", "c.py"]},
        {"checkpoint": "{trial_dir}/c-*"},
        {"launch": "none"},
    )
    assert any("30 s after a pause" in text for text in preflight(told, str(tmp_path)).warnings)
    for other in others:
        assert not any("pause" in text for text in preflight(told | other, str(tmp_path)).warnings)


def test_the_script_behind_a_launcher_is_found_and_its_lines_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    for launch in (
        ["python", *TORCH, "2"],
        ["python", *ACCELERATE, "--multi_gpu"],
        ["torchrun"],
        ["accelerate", "launch"],
    ):
        assert script_of([*launch, "a.py"], tmp_path) == tmp_path / "a.py"
    tags = ["--log_dir", "R", "--tee", "3"]
    assert with_tags(["accelerate", "launch", "--multi_gpu", "a.py"], Path("R"))[2:6] == tags
    assert with_tags(["accelerate", "launch", "a.py"], Path("R")) == ["accelerate", "launch", "a.py"]
    lines = {
        "[default3]:[rank3]: step 1 loss=2": 3,
        "[1,2]<stdout>:step 1 loss=2": 2,
        "[1,2]<stdout>: step 1 loss=2": 2,
        "[prterun-box-4711@1,2]<stdout>: step 1 loss=2": 2,
        "step 1 loss=2": None,
    }
    for line, rank in lines.items():
        assert split_rank(line)[0] == rank
        assert split_rank(line)[1].strip() == "step 1 loss=2"
    assert split_rank("5: step 1 loss=2", srun=True) == (5, "step 1 loss=2")


def test_a_port_that_was_taken_meanwhile_is_replaced_once(home: Path, write: Write) -> None:
    command = [*client("port"), "--port={port}", "--out={trial_dir}"]
    sd = run_to_rest(home, str(write("port", {"one": {"command": command}})))
    trial = named(sd)["one"]
    assert trial.status is TrialStatus.COMPLETE, log(sd, trial.number)
    assert [value for _, value in curve(sd, trial.number)] == [1.0]
    assert trial.attempts == 1
    assert log(sd, trial.number).count("$ ") == 2
    assert os.path.basename(client("port")[1]) in log(sd, trial.number)


@pytest.mark.parametrize("kind", ["sft", "charlm"])
def test_trainers_of_one_gpu_refuse_more(kind: str) -> None:
    text = f'name = "s"\n[objective]\nmetric = "val_loss"\n[trainer]\nkind = "{kind}"\n'
    text += '[search]\nsampler = "random"\ntrials = 1\n[space]\nseed = "1..2 int"\n[resources]\ngpus_per_trial = 2\n'
    study = studyfile.read_text(text)
    with pytest.raises(HptuiError) as error:
        registry.check(study)
    for part in ("resources.gpus_per_trial", f"{kind} trains on one GPU", "command"):
        assert part in f"{error.value}"
    registry.check(studyfile.read_text(text.replace("= 2\n", "= 1\n")))
