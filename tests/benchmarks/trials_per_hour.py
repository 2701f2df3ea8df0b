"""Trials per hour of `studies/bench_lora.toml`: hptui against a script for each trial and against Ray Tune, in one run.

    python -m tests.benchmarks.trials_per_hour [--trials N] [--no-ray] [--repeats N] [--only NAME,...] [--ray FOLDER]
                                               [--threads N]

Each has one thread, or N. All walls include the start; the median of the repeats counts. Ray gets an environment of its
own, which sees the libraries of this one; `--ray` keeps it in a folder. Losses of hptui's runs must be the same; the
scripts draw another order of the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.common import machine, scratch

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "studies" / "bench_lora.toml"
SCRIPT, RAY = ROOT / "tests" / "benchmarks" / "lora_script.py", ROOT / "tests" / "benchmarks" / "lora_ray.py"
FORMS = {"own processes": "isolate = true", "pack = 1": "pack = 1", "pack = auto": 'pack = "auto"'}
WORDS = "the model learns a rate from data while each step moves some weights".split()  # noqa: SIM905  a sentence


def make_files(folder: Path) -> None:
    """Write the model, with random weights, and rows of 32 tokens."""
    import random

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.trainers.sft import tiny

    draw = random.Random(0)
    torch.manual_seed(0)
    sizes = {"hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 12, "num_attention_heads": 4}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tiny.tokenizer()), num_key_value_heads=2, **sizes))
    (folder / "bench_lora").mkdir(parents=True)
    model.save_pretrained(folder / "bench_lora" / "model")
    tiny.tokenizer().save_pretrained(folder / "bench_lora" / "model")
    for name, count in (("train", 200), ("validation", 64)):
        rows = [{"text": " ".join(draw.choices(WORDS, k=48))} for _ in range(count)]
        tiny.write(folder / "bench_lora" / f"{name}.jsonl", rows)


def study_text(resources: str, trials: int) -> str:
    """The study file with another line of resources and number of trials, and as many threads as everybody has."""
    text = STUDY.read_text().replace("[space]", f"threads = {os.environ['OMP_NUM_THREADS']}\n\n[space]")
    text = re.sub(r"^trials +=.*", f"trials = {trials}", text, flags=re.MULTILINE)
    return re.sub(r"^parallel = 1$", f"parallel = 1\n{resources}" if resources else "parallel = 1", text, flags=re.M)


def run(command: list[str], **environment: str) -> tuple[float, str]:
    """The wall seconds of a command and its output."""
    began = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
    return time.perf_counter() - began, done.stdout


def hptui_run(folder: Path, name: str, resources: str, trials: int) -> tuple[float, list[dict[str, Any]]]:
    """The wall of a study, and its trials."""
    path, home = folder / "bench_lora.toml", {"HPTUI_HOME": str(folder / f"home-{name}-{time.monotonic_ns()}")}
    path.write_text(study_text(resources, trials))
    program = [sys.executable, "-m", "hptui"]
    wall, _ = run([*program, "run", str(path)], **home)
    _, shown = run([*program, "trials", "bench_lora", "--json"], **home)
    rows = json.loads(shown)
    return wall, rows if isinstance(rows, list) else rows["trials"]


def scripts(folder: Path, rates: list[float]) -> float:
    """The wall of a script for each trial, one after another."""
    return sum(run([sys.executable, str(SCRIPT), str(folder / "bench_lora"), str(rate), "0"])[0] for rate in rates)


def ray_python(place: Path) -> str:
    """The interpreter of an environment with Ray that sees the libraries of this one; it is made if it is missing."""
    python = place / "bin" / "python"
    if not (place / "made").exists():
        venv.create(place, with_pip=True)
        run([str(python), "-m", "pip", "install", "-q", "ray[tune]>=2.40,<3"])
        (place / "made").touch()
    _, target = run([str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"])
    here = [entry for entry in sys.path if entry.endswith("site-packages")]  # also what this one sees of others
    (Path(target.strip()) / "this.pth").write_text("".join(f"{entry}\n" for entry in here))
    run([str(python), "-c", "import peft, ray, torch, transformers"])
    return str(python)


def main() -> None:
    """Measure each runner and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-ray", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--ray", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    print(f"{machine()}, threads: {asked.threads}; {asked.trials} trials, medians of {asked.repeats}")
    with scratch() as folder:
        make_files(folder)
        _, first = hptui_run(folder, "first", "", asked.trials)  # the learning rates, and everything on disk read once
        rates = [row["params"]["learning_rate"] for row in first]
        losses = [row["values"]["eval_loss"] for row in first]
        runners: dict[str, Callable[[], float]] = {"script": lambda: scripts(folder, rates)}

        def of_form(name: str, resources: str) -> float:
            wall, rows = hptui_run(folder, name.replace(" ", "-"), resources, asked.trials)
            apart = max(abs(row["values"]["eval_loss"] - loss) for row, loss in zip(rows, losses, strict=True))
            assert apart < 1e-5 * max(losses), f"{name}: losses differ by {apart}"
            return wall

        for form, resources in FORMS.items():
            runners[f"hptui, {form}"] = lambda form=form, resources=resources: of_form(form, resources)  # type: ignore[misc]
        if not asked.no_ray:
            python, file = ray_python(asked.ray or folder / "ray"), folder / "rates.json"
            file.write_text(json.dumps(rates))
            for kind in ("default", "reuse"):
                command = [python, str(RAY), str(folder / "bench_lora"), str(file), kind]
                runners[f"Ray Tune, {kind}"] = lambda command=command: run(command)[0]  # type: ignore[misc]
        only = [name for name in runners if not asked.only or any(part in name for part in asked.only.split(","))]
        walls = {name: [] for name in only}  # type: dict[str, list[float]]
        for _ in range(asked.repeats):
            for name in only:
                try:
                    walls[name].append(runners[name]())
                except RuntimeError as error:
                    print(f"{name}: {error}", file=sys.stderr)
        medians = {name: statistics.median(values) for name, values in walls.items() if values}
        script = medians.get("script")
        for name, wall in medians.items():
            ratio = f"x{script / wall:5.2f} of the script" if script else ""
            print(f"{name:22} {wall:8.1f} s {3600 * asked.trials / wall:8.0f} trials/h   {ratio}")


if __name__ == "__main__":
    main()
