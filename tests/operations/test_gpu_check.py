"""`hptui doctor --gpu` on an emulated driver; what the probe computes runs on the CPU. No card was tried."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hptui.execution.local import nvml, torch_build
from hptui.execution.local.torch_build import TorchBuild
from hptui.operations import gpu_check
from hptui.operations.gpu_check import DEFAULT_REMEDY, examine_gpus
from hptui.trainers import gpu_probe


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "fakes"))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("FAKE_NVML", str(tmp_path / "world.json"))
    nvml.initialised.cache_clear()
    yield lambda **doing: (tmp_path / "world.json").write_text(json.dumps(doing))
    nvml.initialised.cache_clear()
    sys.modules.pop("pynvml", None)


def levels(findings):
    return [(finding.level, finding.hint) for finding in findings]


def test_what_can_be_seen_without_starting_a_card(world, monkeypatch):
    monkeypatch.setattr(gpu_check, "run_probe", lambda gpu, arguments: pytest.fail("no process is needed"))
    world(broken=True)
    assert examine_gpus()[0].message == "no GPU can be used here"
    world()
    [found] = examine_gpus()
    assert "built for the CPU" in found.message, "the torch of the tests"
    monkeypatch.setattr(torch_build, "installed", lambda: TorchBuild("2.13.0+cu130", "13.0", ""))
    [found] = examine_gpus()
    assert (found.level, "580" in found.hint) == ("error", True)
    world(mig={"0": 0, "1": 0})
    assert [finding.message.split(" is")[0] for finding in examine_gpus()] == ["GPU 0", "GPU 1"]


def test_a_failure_has_one_remedy_and_the_other_cards_are_tried(world, monkeypatch):
    world(cuda=13000)
    monkeypatch.setattr(torch_build, "installed", lambda: TorchBuild("2.13.0+cu130", "13.0", ""))
    asked = []
    texts = {
        "RuntimeError: CUDA error: system not yet initialized": "fabricmanager",
        "CUDA error: CUDA-capable device(s) is/are busy or unavailable": "compute mode",
        "no kernel image for capability 7.0: torch has sm_80": "another CUDA index",
        "CUDA error: uncorrectable ECC error encountered": "replace",
        "the checks did not end within 120 s": "Xid",
        "something else": DEFAULT_REMEDY,
    }
    for text, remedy in texts.items():

        def probe(gpu, arguments, text=text):
            asked.append(gpu.uuid)
            ok = gpu.index == 1 or arguments == ["--fork"]
            return [{"check": "start", "ok": ok, "text": "fine" if ok else text}]

        monkeypatch.setattr(gpu_check, "run_probe", probe)
        broken, *well = examine_gpus()
        assert broken.level == "error"
        assert text in broken.message
        assert remedy in broken.hint
        assert [finding.level for finding in well] == ["ok"] * 2
    assert len(set(asked)) == 2


@pytest.mark.process
def test_a_probe_that_dies_or_hangs_is_a_finding(tmp_path, monkeypatch):
    card = SimpleNamespace(uuid="GPU-x")
    monkeypatch.setattr(gpu_check.sys, "executable", "/bin/false")
    [died] = gpu_check.run_probe(card, [])
    assert (died["ok"], "died: exit code 1" in died["text"]) == (False, True)
    hangs = tmp_path / "hangs"
    hangs.write_text("#!/bin/sh\nexec sleep 60\n")
    hangs.chmod(0o755)
    monkeypatch.setattr(gpu_check.sys, "executable", str(hangs))
    monkeypatch.setattr(gpu_check, "PROBE_TIMEOUT_S", 0.05)
    assert "did not end" in gpu_check.run_probe(card, [])[0]["text"]


@pytest.mark.parametrize(
    ("capability", "built", "runs"),
    [
        ((8, 6), ["sm_80"], True),
        ((8, 0), ["sm_86"], False),
        ((9, 0), ["sm_80", "sm_90a"], True),
        ((7, 0), ["sm_75", "sm_80"], False),
        ((12, 0), ["sm_90", "compute_90"], True),
        ((12, 0), ["sm_90", "sm_120"], True),
        ((10, 3), ["sm_100f"], True),
        ((8, 0), [], True),
    ],
)
def test_code_runs_on_cards_of_its_major_version(capability, built, runs):
    assert gpu_probe.runs_on(capability, built) is runs


@pytest.mark.torch
def test_the_checks_compute_on_the_cpu_what_they_would_on_a_card(capsys, monkeypatch):
    if importlib.util.find_spec("bitsandbytes") is None:
        monkeypatch.setattr(gpu_probe, "try_4bit", lambda device: "not installed")
    assert all(gpu_probe.run_checks("cpu"))
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["check"] for report in reports] == ["allocation", "matmul", "attention", "4-bit layer"]
    assert not gpu_probe.report("start", gpu_probe.start_cuda)
    assert "built for the CPU" in capsys.readouterr().out
    monkeypatch.setattr(gpu_probe, "TOLERANCE", 0.0)
    assert not gpu_probe.report("matmul", lambda: gpu_probe.try_matmul("cpu")), "a wrong product is a failure"
