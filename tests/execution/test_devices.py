"""GPUs as a fake driver shows two of them; locks and processes are real."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from hptui.core.errors import MachineError, UserError
from hptui.core.study import Resources
from hptui.execution.executor import LaunchRecord, WorkerSpec
from hptui.execution.local import devices, environment, lock_directory, nvml
from hptui.execution.local.devices import Slot, lock_slot, slots_for, visible_gpus
from hptui.execution.local.executor import LocalExecutor
from hptui.execution.local.gpu_processes import gpu_processes
from hptui.execution.local.slots import SlotPool
from hptui.execution.local.usage import UsageSampler
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, acquire_lock
from tests.support import until

FIRST, SECOND = "GPU-aaaaaaaa-0000-0000-0000-000000000000", "GPU-bbbbbbbb-1111-1111-1111-111111111111"


@pytest.fixture(autouse=True)
def own_runtime(own_locks):
    """Keep the locks of all tests here off the machine's."""


@pytest.fixture
def no_driver(world):
    world(broken=True)


def release(*claims):
    for fd in (fd for claimed in claims for fd in claimed or ()):
        os.close(fd)


def test_gpus_are_described(world):
    world(free={"1": 3 << 30})
    one, two = visible_gpus()
    assert (one.index, one.uuid, one.name, one.total_gb) == (0, FIRST, "Fake GPU 0", 24.0)
    assert (one.label, one.capability, round(one.free_gb, 1)) == ("0", (8, 6), 23.6)
    assert (two.free_gb, two.driver, two.cuda) == (3.0, "570.00", "12.8")


def test_an_old_library_answers_in_bytes(world, monkeypatch):
    monkeypatch.setenv("FAKE_NVML_BYTES", "1")
    assert [gpu.uuid for gpu in visible_gpus()] == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("0,1", [FIRST, SECOND]),
        ("1", [SECOND]),
        ("1,0", [SECOND, FIRST]),
        (SECOND, [SECOND]),
        ("GPU-bbbb", [SECOND]),
        ("GPU-", []),  # fits both
        ("", []),
        ("-1", []),
        ("0,-1,1", [FIRST]),
        ("0,7,1", [FIRST]),
        ("NoDevFiles", []),
    ],
)
def test_an_inherited_choice_is_honoured(world, monkeypatch, visible, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert [gpu.uuid for gpu in visible_gpus()] == expected


def test_no_driver_is_no_gpu(no_driver):
    assert visible_gpus() == []
    assert nvml.usages() == []
    assert slots_for(Resources(parallel=2)) == [Slot(k=0, of=2), Slot(k=1, of=2)]
    assert devices.slot_environment(Slot()) == {}


def labels(resources, **more):
    return [slot.label for slot in slots_for(resources, **more)]


def test_slots(world):
    assert labels(Resources()) == ["GPU 0", "GPU 1"]
    assert labels(Resources(trials_per_gpu=2)) == ["GPU 0 #1", "GPU 1 #1", "GPU 0 #2", "GPU 1 #2"]
    assert labels(Resources(gpus_per_trial=2)) == ["GPU 0,1"]
    assert labels(Resources(gpus=1)) == ["GPU 0"]
    assert labels(Resources(gpus=(1,))) == ["GPU 1"]
    assert labels(Resources(gpus=9)) == ["GPU 0", "GPU 1"]
    assert labels(Resources(gpus=0, parallel=2)) == ["CPU #1", "CPU #2"]
    assert labels(Resources(gpus=0)) == ["CPU"]


def test_a_count_takes_free_gpus_and_those_held_already(world):
    held = lock_slot(slots_for(Resources(gpus=(0,)))[0])
    assert labels(Resources(gpus=1)) == ["GPU 1"]
    assert labels(Resources(gpus=1), prefer=[FIRST]) == ["GPU 0"]
    release(held)


def test_adopted_attempts_keep_a_number_of_gpus_to_theirs(world, tmp_path):
    for resources in (Resources(gpus=1), Resources(gpus=1, trials_per_gpu=2)):
        executor = LocalExecutor()
        executor.open(StudyDir(tmp_path), WorkerSpec(("false",)), resources, lambda: None)
        try:
            run = RunDir(tmp_path / f"attempt-{resources.trials_per_gpu}")
            run.root.mkdir()
            own = [label.replace("0", "1") for label in executor.slot_labels()]
            assert own != list(executor.slot_labels())
            lock = acquire_lock(run.lock)
            executor.adopt(LaunchRecord("token", run, own[0]))
            assert list(executor.slot_labels()) == own, "the study uses no second GPU beside the one that it has"
            os.close(lock)
        finally:
            executor.close()


def test_gpus_that_are_not_there_are_refused(world):
    with pytest.raises(UserError, match=r"names GPU 3, 5; here: 0 \(Fake GPU 0\), 1"):
        slots_for(Resources(gpus=(0, 3, 5)))
    with pytest.raises(UserError, match="gpus_per_trial = 4, but only 2"):
        slots_for(Resources(gpus_per_trial=4))


def test_a_slot_is_claimed_once(world):
    one, two = slots_for(Resources())
    first = lock_slot(one)
    assert first
    assert lock_slot(one) is None
    second = lock_slot(two)
    assert second
    release(first)
    again = lock_slot(one)
    assert again
    release(second, again)


def test_gpus_by_index_without_any_gpu_are_an_error_and_not_the_cpu(world, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(UserError, match=r"(?s)gpus names GPU 0, 1, but no GPU can be used here.*nvidia-smi"):
        slots_for(Resources(gpus=(0, 1)))
    assert labels(Resources(gpus=2)) == ["CPU"]
    assert labels(Resources(gpus="all")) == ["CPU"]


def test_shared_and_whole_gpus_do_not_mix(world):
    whole = slots_for(Resources(gpus=(0,)))[0]
    half, other_half = slots_for(Resources(gpus=(0,), trials_per_gpu=2))
    one = lock_slot(half)
    two = lock_slot(other_half)
    assert one
    assert two
    assert lock_slot(whole) is None
    release(one, two)
    alone = lock_slot(whole)
    assert alone
    assert lock_slot(half) is None
    release(alone)


def test_a_slot_over_two_gpus_takes_both_or_none(world):
    both, second = slots_for(Resources(gpus_per_trial=2))[0], slots_for(Resources(gpus=(1,)))[0]
    held = lock_slot(second)
    before = len(os.listdir("/proc/self/fd"))
    assert lock_slot(both) is None
    assert len(os.listdir("/proc/self/fd")) == before
    release(held)
    release(lock_slot(both))


def test_a_claim_lives_as_long_as_the_process_that_inherits_it(world):
    slot = slots_for(Resources())[0]
    fds = lock_slot(slot)
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=fds, stdin=subprocess.PIPE)
    release(fds)
    assert lock_slot(slot) is None
    sleeper.kill()
    sleeper.communicate()
    again = lock_slot(slot)
    assert again
    release(again)


def test_a_cpu_slot_needs_no_lock_and_keeps_off_the_gpus(world):
    slot = slots_for(Resources(gpus=0))[0]
    assert lock_slot(slot) == []
    assert devices.slot_environment(slot) == {"CUDA_VISIBLE_DEVICES": ""}
    assert devices.slot_environment(slots_for(Resources(gpus_per_trial=2))[0]) == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": "0,1",
    }


def test_locks_lie_in_a_directory_of_ours(world, tmp_path):
    place = devices.runtime_directory()
    assert place == tmp_path / "tmp" / f"hptui-{os.getuid()}"
    assert place.stat().st_mode & 0o777 == 0o700
    release(lock_slot(slots_for(Resources())[0]))
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}


def squat(path, how, tmp_path):
    """Put something in the place of a lock directory that cannot be this user's own."""
    if how == "writable":
        path.mkdir()
        path.chmod(0o777)
    elif how == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700, exist_ok=True)
        path.symlink_to(tmp_path / "elsewhere")
    elif how == "file":
        path.touch()
    else:
        path.mkdir(mode=0o700)
        os.chown(path, 12345, 12345)


SQUATS = ["writable", "link", "file", *(["foreign"] if os.geteuid() == 0 else [])]


@pytest.mark.parametrize("how", SQUATS)
def test_a_squatted_lock_directory_is_left_for_the_other_one_and_both_squatted_are_refused(world, tmp_path, how):
    name = f"hptui-{os.getuid()}"
    slot = slots_for(Resources())[0]
    squat(tmp_path / "tmp" / name, how, tmp_path)
    assert devices.runtime_directory() == tmp_path / "var" / name
    release(lock_slot(slot))
    shutil.rmtree(tmp_path / "var" / name)
    squat(tmp_path / "var" / name, how, tmp_path)
    with pytest.raises(MachineError, match="no place for the locks"):
        lock_slot(slot)
    with pytest.raises(MachineError, match="no place for the locks"):
        SlotPool(Resources(), lambda: None)
    assert len(SlotPool(Resources(gpus=0, parallel=2), lambda: None)) == 2, "a study without GPUs needs none"


def test_locks_of_every_place_count_whatever_tmpdir_says(world, tmp_path, monkeypatch):
    """One that was taken in the second place, or by an older version in $TMPDIR, is respected."""
    slot = slots_for(Resources())[0]
    name = f"hptui-{os.getuid()}"
    (tmp_path / "own").mkdir()
    for root in ("var", "own"):
        (tmp_path / root / name).mkdir(mode=0o700)
        monkeypatch.setattr(lock_directory, "ROOTS", (tmp_path / root,))
        held = lock_slot(slot)
        assert held
        monkeypatch.setattr(lock_directory, "ROOTS", (tmp_path / "tmp", tmp_path / "var"))
        monkeypatch.setenv("TMPDIR", str(tmp_path / "own"))
        assert lock_slot(slot) is None
        monkeypatch.delenv("TMPDIR")
        assert (lock_slot(slot) is None) is (root == "var")
        release(held)
    first = lock_slot(slot)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "another"))
    assert lock_slot(slot) is None, "two TMPDIRs of one user meet"
    release(first)


def test_lock_files_are_touched_against_cleaners(world, monkeypatch):
    held = lock_slot(slots_for(Resources())[0])
    [path, *_] = devices.runtime_directory().glob("*.lock")
    os.utime(path, (1, 1))
    monkeypatch.setattr(lock_directory, "_touched", [0.0])
    lock_directory.touch_locks()
    assert path.stat().st_mtime > 1
    os.utime(path, (1, 1))
    lock_directory.touch_locks()
    assert path.stat().st_mtime == 1, "once an hour is enough"
    release(held)


def test_who_holds_a_gpu(world):
    world(processes={"0": [[os.getpid(), 2 << 30], [2**22 + 1, None]], "1": [[1, 1 << 30]]})
    mine, gone = gpu_processes(visible_gpus()[0])
    assert (mine.pid, mine.gb) == (os.getpid(), 2.0)
    assert mine.user
    assert str(gone) == f"a process (pid {2**22 + 1})"


def collect(sampler, count, seconds=10.0):
    found = []
    until(lambda: found.extend(sampler.drain()) or len(found) >= count, f"{count} samples", seconds=seconds)
    return found


BURN = textwrap.dedent("""
    import subprocess, sys, time
    busy = "x = bytearray(200 << 20); print(1, flush=True)\\nwhile True: pass"
    child = subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
    child.wait()
""")


def test_a_whole_tree_is_sampled(world):
    root = subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE, start_new_session=True)
    child = int(root.stdout.readline())
    world(processes={"0": [[child, 3 << 30], [1, 9 << 30]], "1": [[child, 1 << 30]]}, utilisation={"0": 80, "1": 20})
    sampler = UsageSampler(first=0.05, interval=0.3)
    try:
        sampler.watch("one", root.pid)
        began, before = time.monotonic(), sum(psutil.Process(child).cpu_times()[:2])
        first, second, third = collect(sampler, 3)[:3]
        spent = sum(psutil.Process(child).cpu_times()[:2]) - before
        percent = 100 * spent / (time.monotonic() - began)  # 100 on an idle machine, little on a busy one
        assert {sample.token for sample in (first, second, third)} == {"one"}
        assert 0.19 < second.rss_gb < 2
        assert first.cpu is None
        assert max(second.cpu, third.cpu) > percent / 2
        assert (third.gpu_gb, third.util) == (4.0, 50.0)
        sampler.unwatch("one")
        time.sleep(0.4)
        sampler.drain()
        time.sleep(0.5)
        assert sampler.drain() == []
    finally:
        sampler.close()
        os.killpg(root.pid, 9)
        root.communicate()


def test_what_cannot_be_known_is_none_and_the_dead_are_not_sampled(no_driver):
    root = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    sampler = UsageSampler(first=0.05, interval=0.1)
    try:
        sampler.watch("one", root.pid)
        sample = collect(sampler, 1)[0]
        assert (sample.gpu_gb, sample.util) == (None, None)
        root.kill()
        root.communicate()
        time.sleep(0.2)
        sampler.drain()
        time.sleep(0.3)
        assert sampler.drain() == []
    finally:
        sampler.close()


def test_facts_name_the_machine_and_the_gpus(world, tmp_path):
    found = environment.attempt_facts(tmp_path, ["hptui", "run", "x.toml"], visible_gpus())
    for key in ("hptui", "python", "os", "kernel", "host", "cpu", "threads", "ram_gb", "boot_id", "command"):
        assert found[key], key
    assert (found["gpu"], found["gpu_memory_gb"], found["cuda_driver"]) == ("Fake GPU 0, Fake GPU 1", 48.0, "12.8")
    assert json.loads(json.dumps(found)) == found
    assert "git_commit" not in found


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "train.py").write_text("print(1)\n")
    for words in (["init", "-q"], ["add", "train.py"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


SECRET = "hf_" + "Ab1" * 10
RANDOM = "q7Rk2Zp9Xw4Lm8Vt3Hs6"


def test_no_secret_is_recorded(repository, monkeypatch):
    for name in ("HF_TOKEN", "WANDB_API_KEY", "CUDA_SECRET_TOKEN", "MY_PASSWORD", "PATH_TO_IT"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("HF_ENDPOINT", f"https://me:{SECRET}@hub.example.org/?token=abc123")
    monkeypatch.setenv("TORCH_HOME", f"/data/{SECRET}")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    words = [
        "train.py",
        "--hub-token",
        RANDOM,
        "--max-tokens",
        "512",
        f"--lr={SECRET}",
        "password=plain2",
        "--url=http://u:plain3@x/y",
        "a b",
    ]
    found = environment.attempt_facts(repository, words)
    told = json.dumps(found)
    for secret in (SECRET, RANDOM, "plain2", "plain3", "abc123"):
        assert secret not in told
    assert found["variables"]["TOKENIZERS_PARALLELISM"] == "false"
    assert found["command"].startswith("train.py --hub-token *** --max-tokens 512 ")
    assert found["command"].endswith("'a b'")
