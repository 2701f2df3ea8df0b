"""The launcher starts nothing warm once its imports have started CUDA, and says so; nor after a fork that failed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hptui.core.gpu_faults import FORK_SIGN
from hptui.core.trial import Reason
from hptui.execution.attempts import Attempts
from hptui.execution.executor import Launch, Lease
from hptui.execution.gpu_watch import GpuWatch
from hptui.execution.local import cuda_guard
from hptui.execution.local.executor import LocalExecutor
from hptui.execution.local.launcher import LauncherClient, launcher_environment
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir
from hptui.store.store import Store
from tests.support import run_to_rest, until

STUB = Path(__file__).parent.parent / "fakes" / "libcuda.c"
COMPILER = shutil.which("cc") or shutil.which("gcc")

LOADED = "import ctypes, os\ndriver = ctypes.CDLL(os.environ['LIBCUDA'])\n"
ASKED = LOADED + "from ctypes import byref, c_int\nassert driver.cuDeviceGetCount(byref(c_int())) == 3\n"
STARTED = LOADED + "assert driver.cuInit(0) == 0\n"
IMPORTS = {"loads the driver": (LOADED, False), "asks it": (ASKED, False), "starts CUDA": (STARTED, True)}
"""What a module does when it is imported, and whether no fork can use CUDA after it."""

FORKED = """
def fit(trial, *, learning_rate: float = 0.1):
    if trial.attempt == 1 and learning_rate == 0.1:
        raise RuntimeError("Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, ...")
    return {"loss": learning_rate}
"""


@pytest.fixture(scope="module")
def libcuda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the stand-in for the driver's library."""
    if COMPILER is None:
        pytest.skip("there is no C compiler to build the stand-in for libcuda with")
    library = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", library, STUB], check=True)
    return library


@pytest.mark.parametrize("name", IMPORTS)
def test_a_launcher_that_has_started_cuda_is_refused(libcuda: Path, tmp_path: Path, name: str) -> None:
    """The library's own log is the proof: who called cuInit may not fork, and who did not may."""
    source, refused = IMPORTS[name]
    (tmp_path / "imported.py").write_text(source)
    (tmp_path / "body.py").write_text("def main(directory):\n    return 0\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    log = tmp_path / "calls"
    environment = {**os.environ, "PYTHONPATH": path, "LIBCUDA": str(libcuda), "LIBCUDA_LOG": str(log)}
    launcher = LauncherClient("body:main", ["imported"], environment)
    launcher.ensure()
    until(lambda: (launcher.poll(), launcher.ready or launcher.refusal)[1])
    called = log.read_text() if log.exists() else ""
    assert ("cuInit" in called) == refused
    assert launcher.ready != refused
    assert ("importing imported started CUDA (cuInit was called)" in launcher.refusal) == refused
    launcher.close()


def test_an_open_device_or_torch_itself_is_as_good_a_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cuda_guard.cuda_use() == ""
    with open(tmp_path / cuda_guard.UVM_DEVICE, "w"):
        assert cuda_guard.cuda_use() == "/dev/nvidia-uvm is open"
    assert cuda_guard.cuda_use() == ""
    torch = SimpleNamespace(cuda=SimpleNamespace(is_initialized=lambda: True))
    monkeypatch.setitem(sys.modules, "torch", torch)  # type: ignore[arg-type]
    assert cuda_guard.cuda_use() == "torch.cuda is initialised"


def test_a_trial_that_fails_for_its_fork_runs_again_in_a_fresh_process(home: Path, tmp_path: Path) -> None:
    """It is lost, not failed: the way in which it was started is to blame."""
    (tmp_path / "train.py").write_text(FORKED)
    study = tmp_path / "forked.toml"
    study.write_text(
        'name = "forked"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "train:fit"\n'
        '[space]\nlearning_rate = "{0.1, 0.2}"\n[search]\nsampler = "grid"\n'
    )
    sd = run_to_rest(home, study)
    with StoreReader.open(sd) as reader:
        assert [trial.status for trial in reader.trials()] == ["complete"] * len(reader.trials())
        attempts = reader.attempts()
    (lost,) = [attempt for attempt in attempts if attempt.state == "lost"]
    (again,) = [attempt for attempt in attempts if attempt.n == 2]
    assert (lost.reason, again.trial) == ("lost", lost.trial)


def test_after_such_a_failure_nothing_is_forked_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "body.py").write_text("def main(directory):\n    return 0\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    executor = LocalExecutor()
    executor.launcher = LauncherClient("body:main", [], os.environ)
    watch = GpuWatch(cast(Store, None), cast(Attempts, SimpleNamespace(executor=executor)))
    command = [sys.executable, "-c", ""]
    first = executor.start(Launch("first", RunDir(tmp_path / "1"), {}, command, cwd=str(tmp_path)), Lease())
    until(lambda: (executor.poll(), first.state().gone)[1])
    assert watch.attempt_ended(Reason.CRASH, "RuntimeError: out of luck") == ""
    assert (first.warm, executor.cold_start_notice()) == (True, "")
    assert watch.attempt_ended(Reason.LOST, f"RuntimeError: {FORK_SIGN}. To use CUDA ...") == ""
    second = executor.start(Launch("second", RunDir(tmp_path / "2"), {}, command, cwd=str(tmp_path)), Lease())
    until(lambda: second.state().gone)
    assert not second.warm
    assert FORK_SIGN in executor.cold_start_notice()
    assert executor.cold_start_notice() == ""
    executor.close()


def test_threads_of_torch_give_up_the_processor_and_other_programs_environment_stays() -> None:
    own = {"HOME": "/h"}
    assert launcher_environment(own, ["torch"])["GOMP_SPINCOUNT"] == "3000"
    assert launcher_environment({"GOMP_SPINCOUNT": "7"}, ["torch"])["GOMP_SPINCOUNT"] == "7"
    assert "GOMP_SPINCOUNT" not in launcher_environment(own, ["hptui.trainers.worker"])
