"""Checks of the acceptance that fine-tune: adapters, memory, synchronisations, resuming, repeating, answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

from tests.gpu.acceptance import Bench
from tests.gpu.studies import fine_tuning, model_folder, write_texts
from tests.trainers.attempts import curve, events, make, work
from tests.trainers.sft.tiny import points, told, train

ADAPTERS: dict[str, dict[str, Any]] = {
    "none, bf16": {"adapter": "none", "learning_rate": 1e-4},
    "none, fp32": {"adapter": "none", "learning_rate": 1e-4, "mixed_precision": "none"},
    "lora": {"adapter": "lora"},
    "lora, checkpointing": {"adapter": "lora", "gradient_checkpointing": True},
    "qlora, paged 8-bit Adam": {"adapter": "qlora", "optimizer": "paged_adamw_8bit", "lora_rank": 64},
    "qlora, biases": {"adapter": "qlora", "lora_bias": "lora_only"},
    "lora, packing": {"adapter": "lora", "packing": True},
}
"""Name -> settings of a training that is to work on a card."""


def texts(bench: Bench, *, train: int = 256, held_out: int = 32) -> None:
    """Write the check's texts: about as long as the longest example allows."""
    write_texts(bench.folder, words=20 if bench.cpu else 500, train=train, held_out=held_out)


def adapters(bench: Bench) -> None:
    """Each kind of training lowers the loss, in the number format and memory that it should have."""
    import torch

    base = model_folder(bench)
    texts(bench)
    ends: dict[str, float] = {}
    activations: dict[str, float] = {}
    for number, (name, settings) in enumerate(ADAPTERS.items()):
        if bench.cpu and "paged" in str(settings.get("optimizer")):
            settings = {**settings, "optimizer": "adamw_8bit"}  # there is no GPU to page to and from
        run = fine_tuning(bench, base, settings, number)
        end = work(run, 120 * bench.patience)
        if end["status"] != "complete":
            bench.expect(name, f"{end['status']}: {end['message']}"[:200], False, "complete")
            continue
        losses, facts = points(run, "train_loss"), told(run, "facts")
        first, last = losses[min(losses)], losses[max(losses)]
        bench.expect(f"{name}: loss", f"{first:.3f} to {last:.3f}", last < first, "falls")
        ends[name], activations[name] = points(run, "eval_loss")[max(losses)], facts["memory_activations_gb"]
        speeds = sorted(points(run, "tokens_per_second").values())
        bench.note(f"{name}: tokens/s", round(speeds[len(speeds) // 2]))
        sizes = {key.removeprefix("memory_"): size for key, size in facts.items() if key.startswith("memory_")}
        parts = {name: round(size, 3) for name, size in sizes.items() if isinstance(size, float)}
        bench.note(f"{name}: GiB", json.dumps(parts))
        if not bench.cpu:
            found = {event: value for one in events(run, "metrics") for event, value in one["m"].items()}
            held = found["gpu_reserved_gb"]
            bench.expect(f"{name}: GiB held", held, held <= facts["memory_capacity_gb"], "at most the card's")
            device, card = told(run, "effective")["device"], torch.cuda.get_device_name()
            bench.expect(f"{name}: device", device, device == card, card)
    if {"none, bf16", "none, fp32"} <= ends.keys():
        difference = abs(ends["none, bf16"] / ends["none, fp32"] - 1)
        bench.expect("bf16 against fp32: eval_loss, share", difference, difference < 0.03, "below 0.03")
    if not bench.cpu and {"lora", "lora, checkpointing"} <= activations.keys():
        share = activations["lora, checkpointing"] / activations["lora"]
        bench.expect("activations with checkpointing, share", share, share < 0.25, "below 0.25")


def resume(bench: Bench) -> None:
    """A training that is paused and resumed has the losses and the speed of an undisturbed one."""
    base = model_folder(bench)
    texts(bench)
    last = 8 if bench.cpu else 30
    settings = {"adapter": "lora", "lora_dropout": 0.1, "deterministic": True, "optimizer": "adamw"}
    whole = fine_tuning(bench, base, settings, 0)
    train(whole)
    first, second = fine_tuning(bench, base, settings, 1), None
    seen: list[int] = []

    def stop(trial: Any) -> bool:
        seen.append(1)
        return len(seen) > last // 3

    train(first, stop)
    second = fine_tuning(bench, base, settings, 1, attempt=2)
    train(second)
    expected, resumed = points(whole, "train_loss"), points(second, "train_loss")
    bench.expect("steps of the second attempt", len(resumed), 0 < len(resumed) < last, f"below {last}")
    worst = max(abs(value - expected[step]) / expected[step] for step, value in resumed.items())
    bench.expect("largest relative difference of a loss", worst, worst < 1e-5, "below 1e-5")
    speeds = [
        sorted(value for step, value in points(run, "tokens_per_second").items() if step > last // 2 + 2)
        for run in (whole, second)
    ]
    ratio = speeds[1][len(speeds[1]) // 2] / speeds[0][len(speeds[0]) // 2]
    bench.expect("its speed against the undisturbed", ratio, bench.cpu or 0.85 < ratio < 1.2, "0.85 to 1.2 on a GPU")


def same_bits(bench: Bench) -> None:
    """The same seed gives the same bits: charlm, and fine-tuning with `deterministic = true`."""
    base = model_folder(bench)
    texts(bench)
    for number, name in enumerate(("bfloat16", "float32")):
        settings = {"adapter": "lora", "lora_dropout": 0.1, "deterministic": True, "dtype": name}
        settings |= {"mixed_precision": "none"} if name == "float32" else {}
        runs = [fine_tuning(bench, base, settings, 2 * number + twice) for twice in (0, 1)]
        ends = [work(run, 120 * bench.patience) for run in runs]
        states = [f"{end['status']} {end['message']}"[:120] for end in ends]
        bench.expect(f"sft, {name}", states, all(end["status"] == "complete" for end in ends), "complete")
        curves = [curve(run, "train_loss", "eval_loss") for run in runs]
        bench.expect(
            f"sft, {name}: curves", "equal" if curves[0] == curves[1] else "differ", curves[0] == curves[1], "equal"
        )
    text = Path(json.__file__).read_text()[:20_000] * 4
    (bench.folder / "text.txt").write_text(text)
    small = {"model_dim": 64, "max_seq_len": 64, "steps": 20, "eval_every": 10, "text": "text.txt", "dropout": 0.2}
    runs = [
        make(bench.folder, "charlm", small, number=10 + n, objectives=["val_loss"], device=bench.device) for n in (0, 1)
    ]
    for run in runs:
        work(run, 120 * bench.patience)
    curves = [curve(run) for run in runs]
    bench.expect("charlm: curves", "equal" if curves[0] == curves[1] else "differ", curves[0] == curves[1], "equal")


def synchronisations(bench: Bench) -> None:
    """A step waits for the GPU only when the loss is reported."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    base = model_folder(bench, small=True)
    texts(bench, train=400, held_out=16)
    activities = [ProfilerActivity.CPU] + ([] if bench.cpu else [ProfilerActivity.CUDA])
    counts = []
    train(fine_tuning(bench, base, {"adapter": "lora", "steps": 2, "log_every": 5}, 9))  # what is done once
    for number, steps in enumerate((10, 30)):
        run = fine_tuning(bench, base, {"adapter": "lora", "steps": steps, "log_every": 5}, number)
        with profile(activities=activities, acc_events=True) as profiled:
            train(run)
            if not bench.cpu:
                torch.cuda.synchronize()
        names = [event.name for event in profiled.events() or ()]
        counts.append(sum("Memcpy DtoH" in name for name in names))
    copies = (counts[1] - counts[0]) / 20
    bench.expect("copies from the GPU, per step", copies, copies <= 0.6, "at most 3 in 5 steps")


def evaluation_memory(bench: Bench) -> None:
    """An evaluation takes no more memory than the training, with a vocabulary of 128k."""
    base = model_folder(bench, vocabulary=128_000, small=True)
    texts(bench, train=64, held_out=64)
    common = {"adapter": "lora", "batch_size": 16, "steps": 4}
    alone = fine_tuning(bench, base, {**common, "validation": "", "validation_fraction": 0.0}, 0)
    config = json.loads(alone.config.read_text())
    alone.config.write_text(json.dumps({**config, "objectives": ["train_loss"]}))
    both = fine_tuning(bench, base, common, 1)
    peaks = []
    for run in (alone, both):
        end = work(run, 120 * bench.patience)
        found = {name: value for event in events(run, "metrics") for name, value in event["m"].items()}
        peaks.append({**found, **end["m"]}["gpu_allocated_gb"])
    bench.note("GiB in training", peaks[0])
    bench.expect("GiB with evaluations", peaks[1], peaks[1] <= 1.05 * peaks[0], "no more")


def answers(bench: Bench) -> None:
    """Answers do not depend on how many are generated together; their time is that of the clock."""
    base = model_folder(bench, small=True)
    texts(bench, train=32, held_out=16)
    settings = {
        "adapter": "lora",
        "dtype": "float32",
        "mixed_precision": "none",
        "gradient_checkpointing": True,
        "generate_samples": 8,
        "generate_metrics": ["exact_match"],
        "max_new_tokens": 16,
        "steps": 4,
    }
    written = []
    for number, together in enumerate((1, 8)):
        run = fine_tuning(bench, base, {**settings, "generate_batch_size": together}, number)
        metrics = train(run)
        folder = Path(json.loads(run.config.read_text())["artifacts"])
        rows = (folder / "generations.jsonl").read_text().splitlines()
        written.append([{key: json.loads(row)[key] for key in ("row", "output")} for row in rows])
        bench.note(f"inference_time, {together} together", metrics.get("inference_time", float("nan")))
    equal = sum(one == other for one, other in zip(*written, strict=True))
    bench.expect("answers that are equal", f"{equal} of {len(written[0])}", equal == len(written[0]), "all")


def turing(bench: Bench) -> None:
    """On a card without bfloat16, the automatic choices are float16 with a scaled loss."""
    import torch

    base = model_folder(bench, small=True)
    texts(bench, train=64, held_out=16)
    with mock.patch.object(torch.cuda, "get_device_capability", return_value=(7, 5)):
        for number, adapter in enumerate(("none", "lora", "qlora")):
            run = fine_tuning(bench, base, {"adapter": adapter, "steps": 10, "learning_rate": 1e-4}, number)
            train(run)
            used = told(run, "effective")
            bench.expect(f"{adapter}: arithmetic", used["mixed_precision"], used["mixed_precision"] == "fp16", "fp16")
            losses = points(run, "train_loss")
            finite = all(value == value for value in losses.values())
            bench.expect(f"{adapter}: losses", "finite" if finite else "NaN", finite, "finite")
    bench.expect("qlora: computes in", used.get("compute_dtype"), used.get("compute_dtype") == "float16", "float16")


def gpu_tests(bench: Bench) -> None:
    """The tests that are marked `gpu`, as plain functions, each with a study of its own."""
    from tests.trainers.sft import test_gpu, tiny

    marks = {mark.name: mark for mark in test_gpu.test_it_learns_in_short_numbers.pytestmark}
    cases = [(test_gpu.test_it_learns_in_short_numbers, tuple(case)) for case in marks["parametrize"].args[1]]
    cases += [
        (test_gpu.test_out_of_memory_is_named, ()),
        (test_gpu.test_a_resumed_run_has_the_losses_of_an_undisturbed_one, ()),
    ]
    for number, (test, arguments) in enumerate(cases):
        folder = bench.folder / f"study{number}"
        folder.mkdir()
        try:
            test(tiny.study(folder), *arguments)
        except Exception as error:
            bench.expect(f"{test.__name__} {arguments[:1]}", f"{type(error).__name__}: {error}"[:200], False, "passes")
        else:
            bench.expect(f"{test.__name__} {arguments[:1]}", "passes", True, "passes")
