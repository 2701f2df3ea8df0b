"""Checks of the acceptance that start trials: launcher, slots, memory that is held, kills, hangs, visible devices."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from hptui.execution.executor import Launch, Lease
from hptui.execution.local.executor import LocalExecutor, LocalHandle
from hptui.execution.local.launcher import LauncherClient
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from tests.gpu.acceptance import Bench
from tests.gpu.studies import Study, first_step_s, holding, until

CHARLM = """
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "charlm"
    model_dim = 32
    num_layers = 2
    num_heads = 4
    max_seq_len = 32
    batch_size = 16
    steps = 60
    eval_every = 30
    eval_batches = 2
    train_chars = 50000
    sample_chars = 0
    [space]
    learning_rate = { low = 1e-3, high = 1e-2, log = true }
    [search]
    sampler = "random"
    baseline = false
    trials = 4
"""


def versions(bench: Bench) -> None:
    """The driver, NVML and torch speak of the same card, and `hptui doctor --gpu` passes it."""
    import torch

    from hptui.execution.local import devices, nvml

    gpu = nvml.all_gpus()[0]
    properties = torch.cuda.get_device_properties(0)
    bench.note("card", f"{gpu.name}, driver {gpu.driver}, CUDA {gpu.cuda}, torch {torch.__version__}")
    bench.note("its state", ", ".join(f"{name} {value}" for name, value in gpu.state.items()))
    bench.note("pids of the driver are those here", devices.pids_are_ours())
    asked = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    if shutil.which(asked[0]):
        shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        bench.expect("uuid of NVML", gpu.uuid, gpu.uuid in shown, f"one of {shown}")
    bench.expect("uuid of torch", f"GPU-{properties.uuid}", f"GPU-{properties.uuid}" == gpu.uuid, gpu.uuid)
    newest = tuple(int(part) for part in gpu.cuda.split("."))
    needed = tuple(int(part) for part in str(torch.version.cuda).split("."))
    bench.expect("driver's CUDA", gpu.cuda, newest >= needed, f"at least {torch.version.cuda}")
    began = time.monotonic()
    words = [sys.executable, "-m", "hptui", "--home", str(bench.folder / "home"), "doctor", "--gpu", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    found = [row for row in json.loads(done.stdout) if row["check"] in ("gpu", "gpu test", "gpus", "locks")]
    wrong = [f"{row['message']} ({row['hint']})" for row in found if row["level"] == "error"]
    bench.expect("doctor --gpu, about the card", "; ".join(wrong) or "no error", not wrong, "no error")
    tried = [row["message"] for row in found if row["check"] == "gpu test" and row["level"] == "ok"]
    bench.expect("its checks", tried, len(tried) == 2, "those of the card, and the fork")
    bench.note("its seconds", time.monotonic() - began)


def launcher(bench: Bench) -> None:
    """The launcher's imports start neither CUDA nor threads, and its forks can use the GPU."""
    from hptui.trainers import registry

    modules = [*registry.preload("charlm"), *registry.preload("sft")]
    client = LauncherClient("tests.gpu.checks_machine:compute", modules, os.environ)
    client.ensure()
    took = until(lambda: (client.poll(), client.ready or client.refusal)[1], 120 * bench.patience)
    bench.expect("imports of the launcher", client.refusal or "taken", not client.refusal, "taken")
    bench.note("seconds of its imports", took)
    executor = LocalExecutor()
    executor.launcher = client
    ends = []
    for together in ((0, 1), (2,)):  # two at once, then another one
        runs = [RunDir(bench.folder / f"fork-{n}") for n in together]
        handles = [_start(executor, run, bench) for run in runs]
        for handle in handles:
            until(lambda handle=handle: (executor.poll(), handle.state().gone)[1], 60 * bench.patience)
        ends += [read_json(run.exit)["code"] for run in runs]
    bench.expect("exit codes of three forks", ends, ends == [0, 0, 0], "[0, 0, 0]")
    client.close()


def _start(executor: LocalExecutor, run: RunDir, bench: Bench) -> LocalHandle:
    environment = {"ACCEPTANCE_DEVICE": bench.device}
    command = [sys.executable, "-c", "raise SystemExit('it started cold')"]
    launch = Launch(run.root.name, run, {}, command, cwd=str(bench.folder), environment=environment)
    return executor.start(launch, Lease())


def compute(directory: str) -> int:
    """Multiply matrices and differentiate an attention, in 16 bits on a GPU: the worker of the launcher's check."""
    import torch

    device = os.environ["ACCEPTANCE_DEVICE"]
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    left = torch.randn(256, 256, device=device, dtype=dtype)
    heads = [torch.randn(1, 4, 64, 32, device=device, dtype=dtype, requires_grad=True) for _ in range(3)]
    torch.nn.functional.scaled_dot_product_attention(*heads, is_causal=True).sum().backward()  # type: ignore[no-untyped-call]
    gradients = [head.grad for head in heads]
    finite = torch.isfinite(left @ left).all() and all(grad is not None for grad in gradients)
    if "bitsandbytes" in sys.modules:
        return 3  # its import starts CUDA in the launcher where there is a card
    return 0 if finite else 1


def warm_and_cold(bench: Bench) -> None:
    """Trials start from the launcher, faster than from a fresh process, and are sampled."""
    long = CHARLM if bench.cpu else CHARLM.replace("steps = 60", "steps = 1500").replace("= 30", "= 750")
    study = Study(bench, "warm", long)
    study.run()
    attempts = study.attempts()
    bench.expect("trials", study.statuses(), study.statuses() == ["complete"] * 4, "4 complete")
    bench.expect("warm", [attempt.warm for attempt in attempts], all(a.warm for a in attempts), "all")
    if study.statuses() != ["complete"] * 4:
        return
    warm = sorted(first_step_s(study, attempt) for attempt in attempts[1:])
    bench.expect("warm: seconds to the first step", warm[1], warm[1] < (20 if bench.cpu else 10), "below 10 on a GPU")
    cold = Study(bench, "cold", CHARLM.replace("trials = 4", "trials = 2"))
    cold.run(HPTUI_COLD="1")
    bench.expect("cold: warm", [a.warm for a in cold.attempts()], not any(a.warm for a in cold.attempts()), "none")
    slowest = max(first_step_s(cold, attempt) for attempt in cold.attempts())
    bench.expect("cold: seconds to the first step", slowest, slowest > warm[1], "more than warm")
    if not bench.cpu:
        memory = [a.peak_gpu_gb or 0.0 for a in attempts]
        # Of a trial shorter than a second the driver is not asked: only torch's own part is known, without CUDA's.
        bench.expect("GiB of the GPU, peak", memory, all(0 < gb < 2.5 for gb in memory), "up to 2.5 each")
        bench.expect("the driver's figure of one", max(memory), max(memory) > 0.2, "with CUDA's own: above 0.2")


def whole_card_twice(bench: Bench) -> None:
    """A trial that has used 95 % of the card is followed by another one."""
    study = holding(bench, "whole", 2, f"share = {0.0 if bench.cpu else 0.95}\n        seconds = 5.0")
    study.run()
    bench.expect("trials", study.statuses(), study.statuses() == ["complete"] * 2, "2 complete")
    first, second = study.attempts()
    gap = second.started - (first.ended or 0.0)
    bench.expect("seconds until the next starts", gap, gap < 10, "below 10")
    if not bench.cpu:
        bench.expect("peak GiB", first.peak_gpu_gb, (first.peak_gpu_gb or 0) > 50, "most of the card")


def killed_worker(bench: Bench) -> None:
    """The memory of a killed worker is free soon, and its trial runs again."""
    study = holding(bench, "killed", 1, f"share = {0.0 if bench.cpu else 0.5}\n        seconds = 12.0")
    study.run("--detach")
    run = study.run_dir(0)
    until(lambda: run.events.exists() and b'"k":"metrics"' in run.events.read_bytes(), 50 * bench.patience)
    before = _free_gb(bench)
    os.kill(read_json(run.shim)["worker"], signal.SIGKILL)
    if not bench.cpu:
        took = until(lambda: _free_gb(bench) > before + 30, 20 * bench.patience)
        bench.expect("seconds until its memory is free", took, took < 10, "below 10")
    again = until(lambda: len(study.attempts()) == 2, 30 * bench.patience)
    bench.expect("seconds until its trial runs again", again, again < 15 * bench.patience, "below 15 on a GPU")
    until(lambda: study.statuses() == ["complete"], 40 * bench.patience)
    states = [str(attempt.state) for attempt in study.attempts()]
    bench.expect("attempts", states, states == ["lost", "done"], "lost, done")


def _free_gb(bench: Bench) -> float:
    if bench.cpu:
        return 0.0
    from hptui.execution.local import nvml

    return nvml.all_gpus()[0].free_gb


def hung_kernel(bench: Bench) -> None:
    """A trial that hangs in a kernel, deaf to requests, is ended by `stop`, and the GPU is free again."""
    study = holding(bench, "hung", 1, "deaf = true\n        seconds = 300.0", 'stop_grace = "5s"')
    study.run("--detach")
    run = study.run_dir(0)
    until(lambda: run.events.exists() and b'"k":"metrics"' in run.events.read_bytes(), 50 * bench.patience)
    held = _free_gb(bench)
    time.sleep(1.0)
    study.hptui("stop", "hung", "0")
    took = until(lambda: not lock_is_held(run.lock), 40 * bench.patience)
    most = 25 * bench.patience
    bench.expect("seconds until it has ended", took, 4 < took < most, "5 of grace and at most some more")
    until(lambda: study.statuses() == ["stopped"], 20 * bench.patience)
    insisted = read_json(run.exit).get("insisted")
    bench.expect("killed after its grace", insisted, insisted is True, "true")
    if not bench.cpu:
        freed = until(lambda: _free_gb(bench) > held, 20)
        bench.expect("seconds until the GPU is free", freed, freed < 10, "below 10")


def two_on_a_card(bench: Bench) -> None:
    """Two trials share a card and are sampled apart; one that runs out of memory does not take the next one along."""
    study = holding(bench, "pair", 2, "share = 0.1\n        seconds = 6.0", "trials_per_gpu = 2")
    study.run()
    first, second = study.attempts()
    overlap = min(first.ended or 0.0, second.ended or 0.0) - max(first.started, second.started)
    bench.expect("seconds together", overlap, overlap > 2, "above 2")
    peaks = [round(attempt.peak_gpu_gb or 0.0, 1) for attempt in (first, second)]
    bench.expect("GiB of each", peaks, 0 < max(peaks) < 1.5 * min(peaks), "alike, and not their sum")
    large = holding(bench, "large", 1, "share = 1.5\n        seconds = 1.0")
    large.run()
    bench.expect("one that asks for too much", large.statuses(), large.statuses() == ["failed: oom"], "failed: oom")
    large.hptui("run", str(large.file), "--trials", "2", "--set", "trainer.share=0.1")
    bench.expect("the next one", large.statuses()[-1:], large.statuses()[-1:] == ["complete"], "complete")


def fit(bench: Bench) -> None:
    """`check --fit` finds the batch that fits beside a process that holds most of the card, and the proposal runs."""
    import torch

    from tests.gpu.studies import model_folder, write_texts

    base = model_folder(bench, small=True)
    (bench.folder / "fitted").mkdir(exist_ok=True)
    write_texts(bench.folder / "fitted", words=200, train=4000, held_out=40)
    text = f"""
        [objective]
        metric = "eval_loss"
        [trainer]
        kind = "sft"
        model = "{base}"
        train = "train.jsonl"
        validation = "validation.jsonl"
        adapter = "lora"
        steps = 4
        max_length = 512
        batch_size = 64
        [space]
        learning_rate = {{ low = 1e-4, high = 1e-3, log = true }}
        [search]
        trials = 1
        [resources]
        share = true
    """
    study = Study(bench, "fitted", text)
    free, total = torch.cuda.mem_get_info()
    room = max(6 << 30, total // 20 + (3 << 30))  # a study wants 5 % of the card free
    held = torch.empty(max(0, free - room), dtype=torch.uint8, device="cuda")
    began = time.monotonic()
    done = study.hptui("check", str(study.file), "--fit", "batch_size", "--json", timeout=110)
    bench.note("seconds", time.monotonic() - began)
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    fitted = found.get("fit", found) if isinstance(found, dict) else {}
    bench.expect("proposed batch_size", fitted.get("proposed"), bool(fitted.get("proposed")), "a number")
    bench.note("tried", [(one["value"], one["fits"], one["peak_gpu_gb"]) for one in fitted.get("attempts", ())])
    del held
    torch.cuda.empty_cache()  # else it stays this process's
    if fitted.get("proposed"):
        study.run("--set", f"trainer.batch_size={fitted['proposed']}", "--trials", "1")
        bench.expect("a trial with it", study.statuses()[0], study.statuses()[0] == "complete", "complete")


def visible_devices(bench: Bench) -> None:
    """CUDA_VISIBLE_DEVICES decides where trials run, and the record says where that was."""
    choices = {"": "cpu", "-1": "cpu"}
    if not bench.cpu:
        from hptui.execution.local import nvml

        choices |= {"0": "cuda", nvml.all_gpus()[0].uuid: "cuda"}
    one = CHARLM.replace("trials = 4", "trials = 1").replace("steps = 60", "steps = 4").replace("= 30", "= 4")
    found: dict[str, str] = {}
    told: dict[str, str] = {}

    def run(value: str, name: str) -> None:
        study = Study(bench, name, one)
        study.run(CUDA_VISIBLE_DEVICES=value)
        lines = [json.loads(line) for line in study.run_dir(0).events.read_text().splitlines()]
        used = {key: text for event in lines if event["k"] == "effective" for key, text in event["settings"].items()}
        found[value] = "cpu" if used.get("device") == "cpu" else "cuda"
        told[value] = " ".join(study.events("no_gpus"))

    threads = [threading.Thread(target=run, args=(value, f"seen{n}")) for n, value in enumerate(choices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.expect("devices of trials", found, found == choices, str(choices))
    if not bench.cpu:
        said = {value: "trials run on the CPU" in text for value, text in told.items()}
        right = said == {value: device == "cpu" for value, device in choices.items()}
        bench.expect("said that it is the CPU", said, right, "where it is")
