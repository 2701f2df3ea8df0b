"""Studies and attempts of the acceptance: user functions that hold memory or hang, and a model made on the spot."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

from hptui.core.trial import Attempt
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir
from tests.gpu.acceptance import CPU_PATIENCE, Bench
from tests.trainers.attempts import make
from tests.trainers.sft import tiny

HOLDING = """
    import time


    def hold(trial, *, share: float = 0.0, seconds: float = 0.0, deaf: bool = False, number: int = 0):
        # Take a share of the first GPU's memory, if there is one and a share is wanted, and keep it for a while.
        held, kernel = None, hang() if deaf else None
        if share:
            import torch

            if torch.cuda.is_available():
                free, total = torch.cuda.mem_get_info()
                size = int(total * share)
                held = [torch.empty(min(1 << 30, size - at), dtype=torch.uint8, device="cuda").fill_(1)
                        for at in range(0, size, 1 << 30)]
        trial.total_steps = 1
        trial.report(0, loss=1.0)
        end = time.monotonic() + seconds
        while deaf:
            kernel()
        while time.monotonic() < end and not trial.should_stop:
            time.sleep(0.05)
        trial.report(1, loss=0.5 + number / 100)
        return {"loss": 0.5 + number / 100}


    def hang():
        # Start CUDA, and return what hangs: on a GPU a kernel of about a second, which the process waits for.
        import torch

        if not torch.cuda.is_available():
            return lambda: None

        def wait():
            torch.cuda._sleep(1 << 31)
            torch.cuda.synchronize()

        wait()
        return wait
"""
"""A trainer of the user: settings say what it does."""


class Study:
    """A study in a folder of its own, run by the command line as a person would."""

    def __init__(self, bench: Bench, name: str, text: str, files: dict[str, str] | None = None) -> None:
        self.folder = bench.folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home, self.cpu = bench.folder / "home", bench.cpu
        self.file = self.folder / f"{name}.toml"
        self.file.write_text(f'name = "{name}"\n' + textwrap.dedent(text))
        for file, content in (files or {}).items():
            (self.folder / file).write_text(textwrap.dedent(content))
        self.directory = StudyDir(self.home / name)

    def hptui(self, *words: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        command = [sys.executable, "-m", "hptui", "--home", str(self.home), *words]
        surroundings = {**os.environ, **environment}
        limit = timeout * (CPU_PATIENCE if self.cpu else 1)
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, env=surroundings, cwd=self.folder, check=False
        )
        print(" ".join(words), "->", done.returncode, done.stdout[-2000:], done.stderr[-2000:], flush=True)
        return done

    def run(self, *words: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the study until it is done."""
        return self.hptui("run", str(self.file), *words, timeout=timeout, **environment)

    def attempts(self) -> list[Attempt]:
        """Return all attempts, by trial and number."""
        with StoreReader.open(self.directory) as reader:
            return sorted(reader.attempts(), key=lambda attempt: (attempt.trial, attempt.n))

    def statuses(self) -> list[str]:
        """Return how each trial stands, with the reason if it has failed."""
        with StoreReader.open(self.directory) as reader:
            return [
                str(trial.status) + (f": {trial.reason}" if trial.status == "failed" else "")
                for trial in reader.trials()
            ]

    def run_dir(self, trial: int, attempt: int = 1) -> RunDir:
        """Return the directory of an attempt."""
        return RunDir(self.directory.attempt(trial, attempt))

    def events(self, kind: str) -> list[str]:
        """Return the messages of the study's events of a kind."""
        with StoreReader.open(self.directory) as reader:
            return [event.message for event in reader.events() if event.kind == kind]


def holding(bench: Bench, name: str, trials: int, settings: str, rest: str = "") -> Study:
    """Return a study whose trials hold memory: each differs in `number` alone."""
    text = f"""
        [objective]
        metric = "loss"
        [trainer]
        kind = "holding:hold"
        {settings}
        [space]
        number = {{ low = 1, high = 50, int = true }}
        [search]
        sampler = "random"
        trials = {trials}
        baseline = false
        [resources]
        {rest}
    """
    return Study(bench, name, textwrap.dedent(text), {"holding.py": HOLDING})


def first_step_s(study: Study, attempt: Attempt) -> float:
    """Return the seconds from the runner's start of an attempt to the attempt's first metric."""
    lines = [json.loads(line) for line in study.run_dir(attempt.trial, attempt.n).events.read_text().splitlines()]
    hello = next(event for event in lines if event["k"] == "hello")
    first = next(event for event in lines if event["k"] == "metrics")
    return float(hello["time"] + first["t"] - hello["t"] - attempt.started)


def until(condition: Any, seconds: float, every: float = 0.02) -> float:
    """Wait until a condition holds; return how long that took. Raises: TimeoutError."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(every)
    return time.monotonic() - began


# fine-tuning --------------------------------------------------------------------------------------------------------


def model_folder(bench: Bench, *, vocabulary: int = 0, small: bool = False) -> Path:
    """Write a Llama of random weights with its tokenizer, once: 0.34 B parameters on a GPU, two layers on a CPU."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = bench.folder / f"base-{vocabulary}-{small}"
    if folder.exists():
        return folder
    tokenizer = tiny.tokenizer()
    sizes = {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 24, "num_attention_heads": 16}
    if small:
        sizes = {"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 4, "num_attention_heads": 8}
    if bench.cpu:
        sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(
        vocab_size=vocabulary or (len(tokenizer) if bench.cpu else 32_000),
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **sizes,
    )
    torch.manual_seed(0)
    with torch.device(bench.device):
        model = LlamaForCausalLM(config)
    model.to(torch.bfloat16 if not bench.cpu else torch.float32).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_texts(folder: Path, *, words: int, train: int, held_out: int) -> None:
    """Write prompts and completions of about `words` words each, drawn from ten."""
    draw = random.Random(0)
    for name, count in (("train.jsonl", train), ("validation.jsonl", held_out)):
        rows = [
            {"prompt": f"say {n}", "completion": " " + " ".join(draw.choice(tiny.WORDS[:3]) for _ in range(words))}
            for n in range(count)
        ]
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def fine_tuning(bench: Bench, base: Path, settings: dict[str, Any], number: int, attempt: int = 1) -> RunDir:
    """Return the directory of an attempt to fine-tune `base`, with the texts that stand in the check's folder."""
    length = 64 if bench.cpu else 1024
    common = {
        "model": str(base),
        "train": "train.jsonl",
        "validation": "validation.jsonl",
        "batch_size": 4 if bench.cpu else 8,
        "learning_rate": 1e-3,
        "steps": 8 if bench.cpu else 30,
        "log_every": 1,
        "eval_every": 100,
        "max_length": length,
        "loss_on": "all",
    }
    device = "" if bench.cpu else "cuda"
    return make(
        bench.folder,
        "sft",
        {**common, **settings},
        number=number,
        attempt=attempt,
        objectives=["eval_loss"],
        device=device or "cpu",
        threads=2,
    )
