"""Doubling a setting until memory runs out: the toy's word for it, and the real thing under a limit of the system."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from hptui.core.errors import NoUsableTrial, UserError
from hptui.operations.memory_fit import MemoryFit, find_memory_fit, heaviest_with
from hptui.operations.run import read_study
from tests.support import toy


def fitted(folder: Path, trainer: str, setting: str = "batch_size", **more: str) -> MemoryFit:
    return find_memory_fit(toy(folder, trainer=trainer, steps=4, **more), setting)  # type: ignore[arg-type]


def values(found: MemoryFit) -> list[tuple[int, bool]]:
    return [(attempt.value, attempt.fits) for attempt in found.attempts]


def test_doubles_until_memory_runs_out_and_proposes_three_quarters(tmp_path: Path) -> None:
    found = fitted(tmp_path, "batch_size = 32\nfail_if = 'batch_size > 100'")
    assert values(found) == [(32, True), (64, True), (128, False)]
    assert (found.fits, found.fails, found.proposed) == (64, 128, 48)
    assert "CUDA out of memory" in found.attempts[-1].message


def test_halves_where_the_first_value_is_too_much(tmp_path: Path) -> None:
    found = fitted(tmp_path, "batch_size = 512\nfail_if = 'batch_size > 200'")
    assert values(found) == [(512, False), (256, False), (128, True)]
    assert found.proposed == 96


def test_one_is_the_least_that_is_proposed(tmp_path: Path) -> None:
    assert fitted(tmp_path, "batch_size = 1\nfail_if = 'batch_size > 1'").proposed == 1


def test_not_even_one_fits(tmp_path: Path) -> None:
    with pytest.raises(NoUsableTrial, match="not even batch_size = 1"):
        fitted(tmp_path, "batch_size = 2\nfail_if = 'batch_size > 0'")


def test_a_setting_that_costs_no_memory_is_not_doubled_for_ever(tmp_path: Path) -> None:
    found = fitted(tmp_path, "batch_size = 1")
    assert found.fails is None
    assert found.proposed == found.fits == 16


def test_another_failure_is_not_taken_for_a_lack_of_memory(tmp_path: Path) -> None:
    with pytest.raises(NoUsableTrial, match=r"not for want of memory .*crash: .*told to crash"):
        fitted(tmp_path, "batch_size = 2\ncrash_at = 1")


@pytest.mark.parametrize(
    ("setting", "said"),
    [("batchsize", "'batch_size'"), ("learning_rate", "no whole number"), ("nothing", "no setting")],
)
def test_what_cannot_be_doubled(tmp_path: Path, setting: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        fitted(tmp_path, "", setting)


def test_the_rest_of_the_configuration_is_the_heaviest_and_what_is_derived_follows(tmp_path: Path) -> None:
    space = (
        "batch_size = { choices = [1, 2] }\nwidth = { choices = [16, 64] }\ndepth = { expr = 'batch_size // 2 + 1' }"
    )
    search = 'constraints = ["width * batch_size <= 64", "width <= 64"]'
    study = read_study(toy(tmp_path, space=space, search=search), {})
    found = heaviest_with(study, "batch_size", 8)
    assert (found["batch_size"], found["width"], found["depth"]) == (8, 64, 5)


CHARLM = """
name = "real"
[objective]
metric = "val_loss"
[trainer]
kind = "charlm"
model_dim = 64
num_layers = 2
num_heads = 2
max_seq_len = 128
train_chars = 60000
batch_size = 128
eval_batches = 1
sample_chars = 0
epochs = 1000
[space]
learning_rate = "1e-4..1e-2 log"
[search]
trials = 2
"""


def test_a_real_limit_of_memory_is_found(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(CHARLM)
    limit = 3 << 29  # of addresses, of which torch alone takes a third

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    command = [sys.executable, "-m", "hptui", "--home", str(tmp_path / "home")]
    command += ["check", str(tmp_path / "real.toml"), "--fit", "batch_size", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, preexec_fn=small)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["fit"]
    assert found["fails"] == 2 * found["fits"]
    assert found["proposed"] == 3 * found["fits"] // 4
    peaks = [attempt["peak_rss_gb"] for attempt in found["attempts"] if attempt["fits"]]
    assert peaks == sorted(peaks)
    assert "DefaultCPUAllocator" in found["attempts"][-1]["message"]
    assert f"batch_size={found['fails']}: does not fit" in done.stderr


def test_steps_run_on_a_gpu_that_no_trial_holds_and_within_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hptui.core.errors import MachineError
    from hptui.execution.local import devices, lock_directory
    from hptui.execution.local.nvml import Gpu
    from hptui.operations import dry_run, memory_fit

    monkeypatch.setattr(lock_directory, "ROOTS", (tmp_path,))
    gpus = [Gpu(index, f"GPU-{index}", "Card", 24.0, 24.0, "", "") for index in range(2)]
    study = read_study(toy(tmp_path), {})
    used: list[str] = []

    def worker(run: object, study: object, slot: devices.Slot, home: object) -> subprocess.CompletedProcess[str]:
        used.append(slot.label)
        assert devices.lock_slot(slot) is None, "nobody else can take it meanwhile"
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(dry_run, "_run_worker", worker)
    monkeypatch.setattr(dry_run, "read_lines", lambda *_: ([], 0))
    monkeypatch.setattr(devices, "slots_for", lambda resources: [devices.Slot((gpu,)) for gpu in gpus])
    for _ in range(2):
        dry_run.run_steps(study, {}, 2)
    held = devices.lock_slot(devices.Slot((gpus[0],)))
    dry_run.run_steps(study, {}, 2)
    assert used == ["GPU 0", "GPU 0", "GPU 1"]
    also_held = devices.lock_slot(devices.Slot((gpus[1],)))
    assert held
    assert also_held
    with pytest.raises(MachineError, match="trials hold GPU 0, GPU 1"):
        dry_run.run_steps(study, {}, 2)
    end = {"status": "complete", "peak_gpu_gb": 13.0}
    for share, fits in ((None, True), (24.0, True), (12.0, False)):
        tried = dry_run.TrialRun([], end, "", 0.0, gpu_share_gb=share)
        monkeypatch.setattr(memory_fit, "run_steps", lambda *_, tried=tried: tried)
        assert memory_fit._try_value(study, "batch_size", 8, None).fits is fits


@pytest.mark.parametrize("cards", [0, 1, 2])
@pytest.mark.parametrize("shared", [1, 3])
@pytest.mark.parametrize("peak", [0.01, 3.0, 7.04, 7.99, 24.0])
def test_what_fits_says_how_much_memory_is_to_spare(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cards: int,
    shared: int,
    peak: float,
) -> None:
    from hptui.cli.check import _fit, _fitted
    from hptui.cli.common import Context
    from hptui.execution.local import devices
    from hptui.execution.local.nvml import Gpu
    from hptui.operations import dry_run, memory_fit

    slot = devices.Slot(
        tuple(Gpu(index, f"GPU-{index}", "Card", 24.0, 24.0, "", "") for index in range(cards)), of=shared
    )

    def steps(study: object, params: dict[str, int], *_: object) -> dry_run.TrialRun:
        fits = params["batch_size"] < 16
        end = {
            "status": "complete" if fits else "failed",
            "reason": "oom",
            "message": "",
            "peak_gpu_gb": peak if cards else None,
        }
        share, limit = dry_run._gpu_share(slot), dry_run._gpu_limit(slot)
        return dry_run.TrialRun([], end, "", 0.0, gpu_share_gb=share if cards else None, gpu_limit_gb=limit)

    monkeypatch.setattr(memory_fit, "run_steps", steps)
    limit = 24.0 / shared
    if cards and shared > 1 and peak > limit:
        return
    found = _fit(Context(str(tmp_path)), toy(tmp_path), "batch_size", {})
    told = capsys.readouterr().err + _fitted(found)["proposed"]
    if cards != 1:
        assert "to spare" not in told
        return
    shares = {int(word) for word in re.findall(r"with [<>]?(\d+)% to spare", told)}
    assert len(shares) == 1
    assert abs(shares.pop() - 100 * (1 - peak / limit)) <= 1
