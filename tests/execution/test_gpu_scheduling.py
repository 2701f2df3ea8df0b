"""Who may start on which GPU and when, on a fake driver whose memory follows its processes."""

import itertools
import os
import random
from types import SimpleNamespace
from uuid import uuid4

import pytest

from hptui.core.errors import MachineError, UserError
from hptui.core.study import Resources
from hptui.core.trial import Attempt, AttemptState, Reason
from hptui.execution.gpu_record import GPU_PEAKS, faulty_gpus, peak_of_one_gpu
from hptui.execution.gpu_watch import GpuWatch
from hptui.execution.local import devices, gpu_memory, nvml, slots, xid
from hptui.execution.local.devices import slots_for, visible_gpus
from hptui.execution.local.environment import gpu_facts
from hptui.execution.local.executor import LocalExecutor
from hptui.execution.local.gpu_memory import Occupant, Room, needed_gb, shortage
from hptui.execution.local.nvml import GIB, Gpu
from hptui.execution.local.slots import SlotPool
from hptui.execution.local.usage import GpuUse, UsageSampler, _Watched, sample_tree
from hptui.operations import doctor
from tests.execution.conftest import FAKES

FIRST, SECOND = "GPU-aaaaaaaa-0000-0000-0000-000000000000", "GPU-bbbbbbbb-1111-1111-1111-111111111111"


@pytest.fixture(params=[True, False], ids=["host", "container"])
def named(request, monkeypatch):
    """Run a test where the driver's pids can be looked up, and where they cannot."""
    monkeypatch.setattr(devices, "pids_are_ours", lambda: request.param)
    return request.param


@pytest.fixture
def host(monkeypatch):
    monkeypatch.setattr(devices, "pids_are_ours", lambda: True)


def fill(pool):
    """Claim what can be had; return the labels, and what the next claim would wait for."""
    leases = []
    while True:
        lease, waiting = pool.claim([lease.label for lease in leases])
        if lease is None:
            for held in leases:
                slots._close(held.locks)
            return [lease.label for lease in leases], waiting
        leases.append(lease)


def test_on_an_idle_machine_every_slot_starts_whatever_trials_needed(world, named):
    shares = [None, 0.01, 0.5, 0.9, 0.91, 0.95, 0.983, 1.0]
    for share, per_gpu, per_trial in itertools.product(shares, (1, 2, 3), (1, 2)):
        world()
        peak = None if share is None else 24.0 * share
        resources = Resources(trials_per_gpu=per_gpu, gpus_per_trial=per_trial)
        pool = SlotPool(resources, lambda peak=peak: peak)
        assert fill(pool) == ([slot.label for slot in slots_for(resources)], ""), (share, per_gpu, per_trial)


def test_an_exclusive_slot_never_waits_for_more_than_a_card_can_give():
    """Generated: with nobody on the GPU, a trial as large as one that has run there starts again."""
    number = random.Random(7)
    for _ in range(2000):
        total = number.choice([8.0, 24.0, 80.0, 141.0])
        kept = number.uniform(0.0, 0.2) * total  # driver and desktop
        peak = number.uniform(0.001, 1.0) * (total - kept)
        gpu = Gpu(0, FIRST, "x", total, total - kept, "", "")
        assert shortage(Room(gpu, 1, peak, (), True)) == "", (total, kept, peak)
        for of in (1, 2, 3):
            room = Room(gpu, of, peak, (), number.random() < 0.5)
            assert needed_gb(room) <= max(total * gpu_memory.MIN_FREE_SHARE, total / of)


def test_memory_that_others_hold_is_waited_for_when_a_trial_needs_it():
    gpu = Gpu(1, FIRST, "x", 24.0, 6.0, "", "")
    others = [Occupant(17.5, "python (pid 7, eve, 17.5 GB)", True)]
    assert "6.0 of 24.0 GiB free, 22.0 needed; held by python (pid 7" in shortage(
        Room(gpu, 1, 20.0, others, True, True)
    )
    assert shortage(Room(gpu, 1, 5.0, others, True, True)) == ""
    assert "disturb" in shortage(Room(gpu, 1, 5.0, others, True))
    assert "21.6 needed" in shortage(Room(gpu, 1, 23.0))
    assert "12.0 needed" in shortage(Room(gpu, 1, None)), "a full GPU of a colleague, seen from a container"
    assert shortage(Room(gpu, 2, None)) == ""
    assert shortage(Room(gpu, 4, 20.0)) == "", "a share of the card is enough for a trial that shares it"


def test_processes_of_others_are_waited_for_only_where_their_pids_mean_something(world, named, monkeypatch):
    world(processes={"0": [[os.getpid(), 1 << 30]], "1": [[2**22 + 1, 1 << 30]]})
    pool = SlotPool(Resources(), lambda: None)
    labels, waiting = fill(pool)
    assert labels == (["GPU 1"] if named else ["GPU 0", "GPU 1"])
    assert ("disturb" in waiting) is named
    assert fill(SlotPool(Resources(share=True), lambda: None)) == (["GPU 0", "GPU 1"], "")
    assert fill(SlotPool(Resources(trials_per_gpu=2), lambda: None))[1] == ""


def test_after_five_minutes_the_way_out_is_told(world, host, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(slots.time, "monotonic", lambda: now[0])
    world(processes={"0": [[os.getpid(), 1 << 30]], "1": [[os.getpid(), 1 << 30]]})
    pool = SlotPool(Resources(), lambda: None)
    for passed, told in ((0, False), (299, False), (301, True)):
        now[0] = 1000.0 + passed
        assert ("share = true" in pool.claim([])[1]) is told
    world()
    assert fill(pool)[1] == ""
    world(processes={"0": [[os.getpid(), 1 << 30]], "1": [[os.getpid(), 1 << 30]]})
    assert "share = true" not in pool.claim([])[1], "a new wait begins anew"


def attempt(peak, uuids="a", reason=Reason.FINISHED, **environment):
    return Attempt(
        token=uuid4().hex,
        trial=0,
        n=1,
        state=AttemptState.DONE,
        reason=reason,
        peak_gpu_gb=peak,
        environment={"gpu_uuid": uuids, **environment},
    )


def test_the_peak_is_that_of_one_gpu_and_of_attempts_that_fitted():
    assert peak_of_one_gpu([]) is None
    assert peak_of_one_gpu([attempt(None)]) is None
    assert peak_of_one_gpu([attempt(7.0), attempt(23.9, reason=Reason.OOM)]) == 7.0
    assert peak_of_one_gpu([attempt(23.9, reason=Reason.OOM)]) is None
    assert peak_of_one_gpu([attempt(28.0, "a, b")]) == 14.0
    assert peak_of_one_gpu([attempt(28.0, "a, b", **{GPU_PEAKS: {"a": 20.0, "b": 8.0}})]) == 20.0


def test_figures_are_kept_for_each_gpu(world, host):
    me = os.getpid()
    world(processes={"0": [[me, 3 << 30], [1, 9 << 30]], "1": [[me, 1 << 30]]}, utilisation={"0": 80, "1": 20})
    sample = sample_tree(_Watched("one", me, 0.0), GpuUse.now())
    assert sample.gpus == {FIRST: 3.0, SECOND: 1.0}
    assert (sample.gpu_gb, sample.util) == (4.0, 50.0)
    assert (sample.watts, sample.mhz) == (None, None), "not told, not made up"
    processes = {"0": [[me, 3 << 30]], "1": [[me, 1 << 30]]}
    world(processes=processes, milliwatts={"0": 350_000, "1": 50_500}, mhz={"0": 1980, "1": 980})
    sample = sample_tree(_Watched("one", me, 0.0), GpuUse.now())
    assert (sample.watts, sample.mhz) == (400.5, 1480.0)
    world(processes=processes, slowed=0x1 | 0x4 | 0x20)
    assert sample_tree(_Watched("one", me, 0.0), GpuUse.now()).slowed_by == ("power limit", "heat")


@pytest.mark.parametrize("pids", ["host", "none"])
def test_in_a_container_the_figures_of_a_slot_are_those_of_its_gpu(world, monkeypatch, pids):
    monkeypatch.setattr(devices, "pids_are_ours", lambda: False)
    me = os.getpid()
    world(processes={"0": [[me, 3 << 30]]}, utilisation={"0": 80}, pids=pids)
    assert SlotPool(Resources(share=True), lambda: None).gpus_alone("GPU 0") == (), "somebody else may be there"
    pool = SlotPool(Resources(), lambda: None)
    alone = sample_tree(_Watched("one", me, 0.0, pool.gpus_alone("GPU 0")), GpuUse.now())
    assert alone.gpu_gb == pytest.approx(3.4, abs=0.02)
    assert alone.util == 80
    assert SlotPool(Resources(trials_per_gpu=2), lambda: None).gpus_alone("GPU 0 #1") == ()
    shared = sample_tree(_Watched("two", me, 0.0), GpuUse.now())
    assert (shared.gpu_gb, shared.util, shared.gpus) == (None, None, {})


@pytest.mark.parametrize("mine", [0, 3])
@pytest.mark.parametrize("others", [0, 14])
@pytest.mark.parametrize("unified", [False, True])
def test_memory_of_others_is_never_that_of_a_trial(world, host, mine, others, unified):
    """A trial that is not on its GPU yet has no memory there, whatever is taken; nor is the host's memory a GPU's."""
    me, processes = os.getpid(), []
    processes += [[me, mine << 30]] if mine else []
    processes += [[1, others << 30]] if others else []
    world(processes={"0": processes}, no_memory=unified)
    sample = sample_tree(_Watched("one", me, 0.0, [FIRST]), GpuUse.now())
    assert sample.gpu_gb == (mine or None)
    if unified:
        assert GpuUse.now().used_gb == {}


def test_a_driver_that_lists_no_processes_leaves_the_figures_of_the_gpu(world, host):
    world(processes={"0": [[os.getpid(), 3 << 30]]}, pids="unsupported")
    sample = sample_tree(_Watched("one", os.getpid(), 0.0, [FIRST]), GpuUse.now())
    assert sample.gpu_gb == pytest.approx(3.4, abs=0.02)


def test_a_gpu_that_falls_off_the_bus_gets_nothing_and_is_told_once(world, host):
    """Told as a fault, once: it is nothing that each later trial waits for, as long as another GPU is left."""
    world()
    pool = SlotPool(Resources(), lambda: None)
    world(lost=[0], xid=[[0, 79]])
    for _ in range(3):
        assert fill(pool) == (["GPU 1"], "")
    notice, reported = pool.take_notices()
    assert "GPU 0 (Fake GPU 0) no longer answers" in notice
    assert "dmesg" in notice
    assert reported.startswith("GPU 0: the driver reports Xid 79"), "a lost card does not say who it is"
    world(lost=[0, 1])
    assert pool.claim([]) == (None, "waiting until GPU 1 answers again")
    assert "GPU 1 (Fake GPU 1) no longer answers" in pool.take_notices()[0]
    world()
    assert fill(pool) == (["GPU 0", "GPU 1"], "")


def test_it_is_told_at_the_start_which_cards_cannot_be_used(world, tmp_path, monkeypatch):
    """Generated: each card is well, lost, empty or another job's. Nothing runs on the CPU without a word."""
    draw = random.Random(11)
    for _ in range(60):
        states = [draw.choice(["well", "lost", "empty", "forbidden"]) for _ in range(draw.choice([1, 2, 4]))]
        at = {state: [n for n, each in enumerate(states) if each == state] for state in states}
        world(
            names=["F"] * len(states),
            lost=at.get("lost", []),
            mig={str(n): 0 for n in at.get("empty", [])},
            forbidden=at.get("forbidden", []),
        )
        well, broken = at.get("well", []), sorted(at.get("lost", []) + at.get("empty", []))
        assert sorted(nvml.unusable_cards()) == broken
        if well:
            pool = SlotPool(Resources(), lambda: None)
            assert pool.labels == [f"GPU {n}" for n in well]
            assert [notice.split(" ")[1] for notice in pool.take_notices()] == [str(n) for n in broken]
        elif broken:
            with pytest.raises(MachineError, match=f"GPU {broken[0]} (does not answer|is in MIG mode)"):
                slots_for(Resources())
        else:
            assert slots_for(Resources())[0].label == "CPU", "a job to which no GPU was given"
        assert slots_for(Resources(gpus=0))[0].label == "CPU"
        told = [finding.level for finding in doctor._gpus() if finding.check == "gpu"]
        assert told == ["ok"] * len(well) + ["error"] * len(broken) or (told == ["warning"] and not well + broken)


@pytest.mark.parametrize("value", ["7", "GPU-", "all", "gpu-aaaa", "MIG-1", "2,0"])
def test_a_variable_that_names_nothing_is_refused_and_one_that_hides_the_gpus_is_said(world, monkeypatch, value):
    world(names=["A", "A"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    with pytest.raises(UserError, match=r"(?s)names no GPU that can be used here.*gpus = 0"):
        slots_for(Resources())
    assert slots_for(Resources(gpus=0))[0].label == "CPU"
    for hidden in ("", "-1", "NoDevFiles", "-1,0"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert slots_for(Resources())[0].label == "CPU"
        assert "trials run on the CPU" in devices.unused_gpus()


def test_numbers_count_the_cards_that_a_batch_system_leaves(world, monkeypatch):
    """As CUDA counts: a card of another job is not there."""
    world(names=["A"] * 4, forbidden=[0, 2])
    assert [gpu.index for gpu in visible_gpus()] == [1, 3]
    for value, index in (("0", [1]), ("1", [3]), ("1,0", [3, 1]), ("3", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        assert [gpu.index for gpu in visible_gpus()] == index
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    [slot] = slots_for(Resources())
    assert devices.slot_environment(slot)["CUDA_VISIBLE_DEVICES"].startswith("GPU-")
    assert next(finding.level for finding in doctor._gpus()) == "ok"


def test_a_wait_for_trials_of_other_studies_is_told_once_it_lasts(world, host, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(slots.time, "monotonic", lambda: now[0])
    world()
    other, pool = SlotPool(Resources(), lambda: None), SlotPool(Resources(), lambda: None)
    leases = [other.claim([])[0], other.claim(["GPU 0"])[0]]
    assert pool.claim([]) == (None, "")
    now[0] += slots.HELD_WAIT_S + 1
    assert pool.claim([]) == (None, "waiting for a GPU: trials of other studies hold GPU 0, GPU 1")
    assert pool.claim(["GPU 0"]) == (None, ""), "it has a trial of its own that runs"
    for lease in leases:
        slots._close(lease.locks)
    assert fill(pool) == (["GPU 0", "GPU 1"], "")


def test_a_lost_gpu_leaves_the_numbers_of_the_others_alone(world, monkeypatch):
    world(names=["A", "A", "A"], lost=[1])
    assert [(gpu.index, gpu.label) for gpu in visible_gpus()] == [(0, "0"), (2, "2")]
    [slot] = slots_for(Resources(gpus=(2,)))
    assert slot.label == "GPU 2"
    assert devices.slot_environment(slot)["CUDA_VISIBLE_DEVICES"].startswith("GPU-"), "CUDA may count without the lost"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert [gpu.index for gpu in visible_gpus()] == [2]
    with pytest.raises(UserError, match="names GPU 1"):
        slots_for(Resources(gpus=(1,)))


def test_numbers_that_cuda_counts_otherwise_are_refused(world, monkeypatch):
    for names, order, fine in (
        (["A", "A"], "", True),
        (["A", "B"], "", False),
        (["A", "B"], "FASTEST_FIRST", False),
        (["A", "B"], "PCI_BUS_ID", True),
    ):
        world(names=names)
        monkeypatch.setenv("CUDA_DEVICE_ORDER", order)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        if fine:
            assert [gpu.uuid for gpu in visible_gpus()] == [SECOND]
        else:
            with pytest.raises(UserError, match=f"(?s)the cards here differ.*PCI_BUS_ID.*{SECOND}"):
                visible_gpus()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", SECOND)
        assert [gpu.uuid for gpu in visible_gpus()] == [SECOND]


def test_instances_of_a_divided_card_are_slots_of_their_own(world, named, monkeypatch):
    world(mig={"0": 3}, processes={"0/1": [[os.getpid(), 7 << 30]]})
    assert [gpu.label for gpu in visible_gpus()] == ["0:0", "0:1", "0:2", "1"]
    assert [gpu.total_gb for gpu in visible_gpus()] == [8.0, 8.0, 8.0, 24.0]
    busy = "GPU 0:1"
    labels, waiting = fill(SlotPool(Resources(), lambda: None))
    assert labels == ["GPU 0:0", "GPU 0:2", "GPU 1"]
    assert f"waiting for {busy}" in waiting
    first = slots_for(Resources(gpus=(0,)))
    assert [slot.label for slot in first] == ["GPU 0:0", "GPU 0:1", "GPU 0:2"]
    assert devices.slot_environment(first[2])["CUDA_VISIBLE_DEVICES"] == first[2].gpus[0].uuid
    assert devices.slot_environment(slots_for(Resources(gpus=(1,)))[0])["CUDA_VISIBLE_DEVICES"] == SECOND
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", first[1].gpus[0].uuid)
    assert [gpu.label for gpu in visible_gpus()] == ["0:1"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    with pytest.raises(UserError, match="only one MIG instance"):
        slots_for(Resources(gpus_per_trial=2))


def test_memory_that_the_driver_does_not_tell_is_the_hosts(world):
    world(no_memory=True, names=["GB10"])
    [gpu] = visible_gpus()
    assert gpu.total_gb == pytest.approx(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIB, rel=0.05)
    assert 0 < gpu.free_gb <= gpu.total_gb
    world(lost=[0, 1])
    assert visible_gpus() == []


def test_a_driver_that_fails_once_is_asked_again(world, tmp_path, monkeypatch):
    world(broken=True)
    assert visible_gpus() == []
    assert slots_for(Resources())[0].label == "CPU", "no trace of a driver: a machine without GPUs"
    monkeypatch.setattr(nvml, "DRIVER_TRACES", (tmp_path,))
    for resources in (Resources(), Resources(gpus=1), Resources(gpus=(0,))):
        with pytest.raises(MachineError, match=r"(?s)mismatch.*gpus = 0"):
            slots_for(resources)
    assert slots_for(Resources(gpus=0))[0].label == "CPU"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert slots_for(Resources())[0].label == "CPU"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    world()
    assert [slot.label for slot in slots_for(Resources())] == ["GPU 0", "GPU 1"]


def test_the_fake_says_what_the_library_is_asked():
    """The sampler and the fake agree on names: an answer that nobody gives would read as a card without it."""
    import re
    from pathlib import Path

    asked = set(re.findall(r"nvml(?:Device|System|Init)\w*", Path(nvml.__file__).read_text()))
    given = set(re.findall(r"def (nvml\w+)", (FAKES / "pynvml.py").read_text()))
    assert asked <= given
    assert UsageSampler


def test_share_is_written_only_where_it_is_set():
    from hptui.studyfile.sections import read_resources
    from hptui.studyfile.serialize import _dump_resources

    assert "share" not in _dump_resources(Resources())
    assert read_resources(_dump_resources(Resources(share=True))).share


def fault(trial, gpus, at, reason=Reason.GPU_FAULT, state=AttemptState.LOST):
    return Attempt(
        token=uuid4().hex,
        trial=trial,
        n=1,
        state=state,
        reason=reason,
        message="ECC",
        device="GPU 0",
        started=at,
        ended=at + 0.5,
        environment={"gpu_uuid": gpus},
    )


def test_a_gpu_is_given_up_after_two_faults_in_a_row_and_a_bad_trial_takes_one_gpu_at_most():
    done = {"reason": Reason.FINISHED, "state": AttemptState.DONE}
    for attempts, expected in (
        ([fault(1, "a", 1)], set()),
        ([fault(1, "a", 1), fault(1, "a", 2)], {"a"}),
        ([fault(1, "a", 1), fault(2, "a", 2)], {"a"}),
        ([fault(1, "a", 1), fault(2, "b", 2)], set()),
        ([fault(1, "a", 1), fault(2, "a", 2, **done), fault(3, "a", 3)], set()),
        ([fault(1, "a", 1), fault(2, "a", 2, reason=Reason.CRASH), fault(3, "a", 3)], {"a"}),
        ([fault(1, "a", 1), fault(1, "a", 2), fault(1, "b", 3), fault(1, "b", 4)], {"a"}),
        ([fault(1, "a", 1), fault(1, "a", 2), fault(2, "b", 3), fault(3, "b", 4)], {"a", "b"}),
        ([fault(1, "a, b", 1), fault(2, "a, b", 2)], {"a", "b"}),
        ([fault(1, "a", -5), fault(1, "a", 2)], set()),
    ):
        assert set(faulty_gpus(attempts, 0.0)) == expected
    [sentence] = faulty_gpus([fault(1, "a", 1), fault(2, "a", 2)], 0.0).values()
    assert "failed 2 times (trials 1, 2)" in sentence


def test_gpus_to_be_avoided_get_nothing(world, host):
    world()
    pool = SlotPool(Resources(), lambda: None)
    pool.avoided = [FIRST]
    assert (fill(pool), pool.usable()) == ((["GPU 1"], ""), 1)


def test_faults_of_the_machine_are_told_from_those_of_a_program():
    """As CUDA, NVML and torch word them."""
    from hptui.trainers.failures import outcome_of_error

    for text, reason in (
        ("CUDA error: uncorrectable ECC error encountered", Reason.GPU_FAULT),
        ("CUDA error: CUDA-capable device(s) is/are busy or unavailable", Reason.GPU_FAULT),
        ("No CUDA GPUs are available", Reason.GPU_FAULT),
        ("CUDA error: system not yet initialized", Reason.GPU_FAULT),
        ("CUDA driver initialization failed, you might not have a CUDA gpu.", Reason.GPU_FAULT),
        ("CUDA error: unspecified launch failure", Reason.GPU_FAULT),
        ("The NVIDIA driver on your system is too old (found version 12080).", Reason.GPU_FAULT),
        ("CUDA error: no kernel image is available for execution on the device", Reason.GPU_FAULT),
        ("CUDA error: an illegal memory access was encountered", Reason.CRASH),
        ("CUDA error: device-side assert triggered", Reason.CRASH),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", Reason.OOM),
        ("initialization error of my own", Reason.CRASH),
    ):
        error = RuntimeError(text)
        assert outcome_of_error(error, reported=True).reason is reason, text
        wrapped = ValueError("the step failed")
        wrapped.__cause__ = error
        assert outcome_of_error(wrapped, reported=True).reason is reason, text


def test_faults_that_the_driver_reports_are_told_once_each(world, monkeypatch):
    """Whatever is reported, in any order and as often as it likes: one sentence per GPU and number of a known fault."""
    monkeypatch.setattr(xid, "LOOK_EVERY_S", 0.0)
    draw = random.Random(7)
    for _ in range(30):
        reported = [[draw.randrange(2), draw.choice([13, 31, 43, 48, 79, 119, 154, 999])] for _ in range(12)]
        world()
        pool = SlotPool(Resources(gpus=(0,)) if draw.random() < 0.3 else Resources(), lambda: None)
        watched = {gpu.index for slot in pool._slots for gpu in slot.gpus}
        told = pool.take_notices()
        for end in [*sorted(draw.sample(range(12), 3)), 12]:
            world(xid=reported[:end])
            told += pool.take_notices()
        pool.close()
        assert pool.take_notices() == []
        faults = {(card, number) for card, number in reported if card in watched and number in xid.XID_TEXTS}
        assert sorted(told) == sorted(
            f"GPU {card}: the driver reports Xid {number}: {xid.XID_TEXTS[number]}" for card, number in faults
        )


def test_a_sample_from_another_machine_arrives_whole(tmp_path):
    """Generated: what the relay sends of a sample is what the runner records, each field."""
    import json
    from collections import deque
    from dataclasses import asdict

    from hptui.execution.remote.handle import RemoteHandle
    from hptui.store.records import SAMPLE_FIELDS, Sample

    draw = random.Random(3)
    handle = object.__new__(RemoteHandle)
    handle.token, handle._end, handle.known, handle.samples = "t", None, False, deque()
    for at in range(30):
        some = {name: draw.choice([None, draw.random()]) for name in SAMPLE_FIELDS}
        causes = tuple(draw.sample(["heat", "power limit", "power brake"], draw.randrange(3)))
        sample = Sample("t", float(at), **some, gpus={"a": draw.random()}, slowed_by=causes)
        handle.take(json.loads(json.dumps({"k": "usage", **asdict(sample)})))
        assert asdict(handle.usage()) == asdict(sample)


def test_two_pointers_to_a_card_are_one_card():
    """The library returns a new object at each question and each event."""
    import ctypes

    class Card(ctypes.Structure):
        pass  # opaque, as the library's

    pointer = ctypes.POINTER(Card)
    first, again, other = (ctypes.cast(address, pointer) for address in (4096, 4096, 8192))
    assert xid._identity(first) == xid._identity(again) != xid._identity(other)


def test_what_decides_how_fast_a_card_is_stands_in_the_record(world):
    world()
    assert not [name for name in gpu_facts(visible_gpus()) if name.startswith("gpu_") and name != "gpu_uuid"][1:]
    world(compute_mode={"1": 3}, ecc=1, power_limit=350_000, slowed=0x1 | 0x4 | 0x20)
    facts = gpu_facts(visible_gpus())
    assert facts["gpu_power_limit_w"] == "350.0, 350.0"
    assert facts["gpu_ecc"] == "on, on"
    assert facts["gpu_compute_mode"] == "shared, exclusive process"
    assert facts["gpu_slowed_by"] == "power limit, heat, power limit, heat"


@pytest.mark.parametrize(
    ("mode", "shared", "refused"), [(0, 2, ""), (3, 1, ""), (3, 2, "trials_per_gpu = 1"), (2, 1, "-c DEFAULT")]
)
def test_a_compute_mode_that_lets_no_trial_in_is_refused(world, mode, shared, refused):
    world(compute_mode={"1": mode})
    if not refused:
        assert len(slots_for(Resources(trials_per_gpu=shared))) == 2 * shared
        return
    with pytest.raises(MachineError, match=r"GPU 1 .* is in compute mode") as raised:
        slots_for(Resources(trials_per_gpu=shared))
    assert refused in raised.value.hint


def test_a_driver_that_reports_nothing_is_no_trouble(world):
    for doing in ({"broken": True}, {"lost": [0, 1]}, {"mig": {"0": 3}}):
        world(**doing)
        nvml.initialised.cache_clear()
        watch = xid.XidWatch({0, 1})
        assert watch.notices() == []
        watch.close()


@pytest.mark.parametrize("gpus", ["all", 1, (0,)])
def test_gpus_of_other_makers_are_named_at_the_start_and_by_the_doctor(gpus, tmp_path, monkeypatch, own_locks):
    monkeypatch.setattr(nvml, "library", lambda: None)
    monkeypatch.setattr(devices, "AMD_DRIVER", tmp_path)
    study = SimpleNamespace(resources=Resources(gpus=gpus))
    said, known = [], {}
    store = SimpleNamespace(
        read=SimpleNamespace(get_meta=known.get),
        set_meta=known.__setitem__,
        add_event=lambda *event: said.append(event),
    )
    executor = LocalExecutor()
    for _ in range(2):  # the next runner says it no more
        GpuWatch(store, SimpleNamespace(executor=executor)).warn_at_start(study)
    [(level, _, message)] = said
    assert level == "warning"
    assert message.startswith("AMD's GPUs are not supported")
    [found] = doctor._gpus()
    assert (found.level, found.message) == ("warning", message)
    monkeypatch.setattr(devices, "AMD_DRIVER", tmp_path / "none")
    assert devices.unused_gpus() == ""
