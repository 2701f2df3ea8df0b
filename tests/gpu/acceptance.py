"""Prove on a card what the rest of the suite only emulates: 17 checks, each in a process of its own.

    python3 tests/gpu/acceptance.py OUT [--cpu] [--only NAME,NAME]

It writes a JSON line per check to OUT/acceptance.jsonl, prints a table of expected against measured, and ends with exit
code 1 if one is red. `--cpu` runs what needs no card, on tiny models: it shows that the script itself works.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

STOPPED = threading.Event()
"""Set by SIGTERM, as `timeout` sends it: what has not ended is red then, and the table is written all the same."""
RESULT = "RESULT "
"""Beginning of the line by which a check's process reports."""
CPU_PATIENCE = 10
"""Factor of the limits of time without a GPU: two busy cores take that long."""
MODULES = ("torch", "transformers", "peft", "click", "rich", "psutil", "pynvml", "tomlkit", "sqlite_utils", "optuna")
MODULES += ("bitsandbytes", "pytest", "textual", "rouge_score", "yaml")
"""Modules without which a check would fail for want of them."""
GREEN, RED, SKIPPED = "ok", "RED", "-"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `module` of tests.gpu holds it, `seconds` is its limit, `beside` lets it run beside others."""

    name: str
    module: str
    seconds: int
    needs_gpu: bool = False
    beside: bool = False


CHECKS = (
    Check("versions", "checks_machine", 150, needs_gpu=True),
    Check("launcher", "checks_machine", 150),
    Check("warm_and_cold", "checks_machine", 120),
    Check("whole_card_twice", "checks_machine", 60),
    Check("killed_worker", "checks_machine", 90),
    Check("hung_kernel", "checks_machine", 90),
    Check("adapters", "checks_training", 240),
    Check("two_on_a_card", "checks_machine", 90, needs_gpu=True),
    Check("fit", "checks_machine", 150, needs_gpu=True),
    Check("visible_devices", "checks_machine", 150),
    Check("resume", "checks_training", 120),
    Check("same_bits", "checks_training", 120),
    Check("synchronisations", "checks_training", 90, beside=True),
    Check("evaluation_memory", "checks_training", 90, needs_gpu=True, beside=True),
    Check("answers", "checks_training", 90, beside=True),
    Check("turing", "checks_training", 90, needs_gpu=True, beside=True),
    Check("gpu_tests", "checks_training", 120, needs_gpu=True),
)
"""In the order of what stops the rest. The limits are for what hangs: all checks together take half of their sum."""


class Bench:
    """What a check works with: a folder of its own, the device, and the list of what it has measured.

    `patience` is the factor of the limits of time inside the check.
    """

    def __init__(self, folder: Path, *, cpu: bool) -> None:
        self.folder, self.cpu = folder, cpu
        self.device = "cpu" if cpu else "cuda"
        self.patience = CPU_PATIENCE if cpu else 1
        self.rows: list[dict[str, Any]] = []

    def expect(self, what: str, measured: Any, ok: bool, expected: str) -> None:
        """Record a measurement, and whether it is as expected."""
        shown = round(measured, 4) if isinstance(measured, float) else measured
        self.rows.append({"what": what, "measured": shown, "expected": expected, "state": GREEN if ok else RED})

    def note(self, what: str, measured: Any) -> None:
        """Record a measurement that nothing is expected of."""
        shown = round(measured, 4) if isinstance(measured, float) else measured
        self.rows.append({"what": what, "measured": shown, "expected": "", "state": GREEN})


def given_folders() -> list[Path]:
    """Return the folders of `PYTHONPATH`, from the root: the processes of a check work in other folders."""
    return [Path(folder).resolve() for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]


def what_is_missing(*, cpu: bool) -> str:
    """Return what no check can do without here, modules or the card; '' if nothing is. Starts no CUDA here."""
    if missing := [name for name in MODULES if importlib.util.find_spec(name) is None]:
        return f"not installed: {', '.join(missing)} (tests/gpu/README.md says how)"
    if cpu:
        return ""
    program = (
        "import torch; seen = torch.cuda.device_count() if torch.cuda.is_available() else 0; "
        "built = f'built for CUDA {torch.version.cuda}' if torch.version.cuda else 'built for the CPU'; "
        "print(f'SEEN {seen} torch {torch.__version__}, {built},'); seen and torch.ones(1).cuda()"
    )
    try:
        tried = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
        )
    except subprocess.TimeoutExpired:
        return "CUDA does not start within 120 s: look for NVRM and Xid in dmesg"
    found = tried.stdout.partition("SEEN ")[2].strip()
    if found.startswith("0 "):
        return f"there is no card: {found[2:]} sees none; nvidia-smi says why, and --cpu runs what needs none"
    last = tried.stderr.strip().splitlines()[-1:]
    return "" if tried.returncode == 0 and found else f"CUDA does not start: {' '.join(last)[:300] or 'no word'}"


def run_here(name: str, module: str, folder: Path, *, cpu: bool) -> None:
    """Run one check in this process, and print what it found."""
    bench = Bench(folder, cpu=cpu)
    try:
        getattr(importlib.import_module(f"tests.gpu.{module}"), name)(bench)
    except Exception as error:
        bench.expect("no error", f"{type(error).__name__}: {error}"[:500], False, "none")
        print(RESULT + json.dumps(bench.rows), flush=True)
        raise
    print(RESULT + json.dumps(bench.rows), flush=True)


def run_apart(check: Check, out: Path, *, cpu: bool) -> dict[str, Any]:
    """Run a check in a process of its own, with its limit of time; return its line."""
    if STOPPED.is_set():
        return {
            "check": check.name,
            "state": RED,
            "seconds": 0.0,
            "rows": [{"what": "told to end before", "state": RED}],
        }
    began, limit = time.monotonic(), check.seconds * (CPU_PATIENCE if cpu else 1)
    line: dict[str, Any] = {"check": check.name, "rows": []}
    if cpu and check.needs_gpu:
        return line | {"state": SKIPPED, "seconds": 0.0, "rows": [{"what": "needs a GPU", "state": SKIPPED}]}
    folder = out / "work" / check.name
    folder.mkdir(parents=True, exist_ok=True)
    words = [
        sys.executable,
        str(Path(__file__).resolve()),
        str(folder),
        "--check",
        check.name,
        "--module",
        check.module,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *given_folders()]))}
    environment |= {"CUBLAS_WORKSPACE_CONFIG": ":4096:8", "PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false"}
    environment |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}  # NVML's first card is torch's first
    with (out / f"{check.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*words, *(["--cpu"] if cpu else [])], stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            code: int | str = wait_for(process, limit)
        except subprocess.TimeoutExpired:
            code = f"over {limit} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            end_what_is_left_in(folder)
    written = (out / f"{check.name}.log").read_text(errors="replace").splitlines()
    results = [text[len(RESULT) :] for text in written if text.startswith(RESULT)]
    rows = json.loads(results[-1]) if results else []
    if code != 0 and not any(row["state"] == RED for row in rows):
        rows.append({"what": "exit", "measured": code, "expected": "0", "state": RED})
    state = RED if any(row["state"] == RED for row in rows) else GREEN
    if state == GREEN:
        shutil.rmtree(folder, ignore_errors=True)  # gigabytes of models and checkpoints
    return line | {"state": state, "seconds": round(time.monotonic() - began, 1), "rows": rows}


def wait_for(process: subprocess.Popen[bytes], limit: float) -> int | str:
    """Return the exit code of a check, or that all of it was told to end. Raises: TimeoutExpired."""
    deadline = time.monotonic() + limit
    while not STOPPED.is_set():
        with suppress(subprocess.TimeoutExpired):
            return process.wait(max(0.0, min(0.5, deadline - time.monotonic())))
        if time.monotonic() >= deadline:
            raise subprocess.TimeoutExpired(process.args, limit)
    return "told to end before"


def end_what_is_left_in(folder: Path) -> None:
    """Kill runners, launchers and trials that a check has left: they would hold the card that the next one needs."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            where = process.cwd() if process.pid != os.getpid() else ""
            if Path(where).is_relative_to(folder) or any(str(folder) in word for word in process.cmdline()):
                process.kill()


def run_all(checks: Sequence[Check], out: Path, *, cpu: bool) -> list[dict[str, Any]]:
    """Run the checks, those that may beside each other, and write a line for each as it ends."""
    lines: list[dict[str, Any]] = []

    def finish(line: dict[str, Any]) -> None:
        lines.append(line)
        with (out / "acceptance.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(f"{line['state']:>4}  {line['check']:<20} {line['seconds']:6.1f} s", flush=True)

    with ThreadPoolExecutor(1 if cpu else 4) as pool:
        later: list[Future[dict[str, Any]]] = []
        for check in checks:
            if check.beside:
                later.append(pool.submit(run_apart, check, out, cpu=cpu))
                continue
            for future in later:
                finish(future.result())
            later.clear()
            finish(run_apart(check, out, cpu=cpu))
        for future in later:
            finish(future.result())
    return lines


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Return expected against measured as Markdown."""
    rows = ["| check | what | measured | expected | |", "| --- | --- | --- | --- | --- |"]
    for line in lines:
        for row in line["rows"]:
            cells = (line["check"], row["what"], row.get("measured", ""), row.get("expected", ""), row["state"])
            rows.append("| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(rows)


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--cpu", action="store_true", help="run what needs no card")
    parser.add_argument("--only", default="", help="names of checks, with commas between them")
    parser.add_argument("--check", default="", help=argparse.SUPPRESS)
    parser.add_argument("--module", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.check:
        run_here(given.check, given.module, given.out, cpu=given.cpu)
        return 0
    wanted = [name for name in given.only.split(",") if name]
    if unknown := sorted({*wanted} - {check.name for check in CHECKS}):
        parser.error(f"no check is called {', '.join(unknown)}; there are {', '.join(check.name for check in CHECKS)}")
    if missing := what_is_missing(cpu=given.cpu):
        print(f"nothing was checked: {missing}", file=sys.stderr)
        return 2
    given.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: STOPPED.set())
    began = time.monotonic()
    checks = [check for check in CHECKS if not wanted or check.name in wanted]
    lines = run_all(checks, given.out.resolve(), cpu=given.cpu)
    red = [line["check"] for line in lines if line["state"] == RED]
    text = f"{table(lines)}\n\n{time.monotonic() - began:.0f} s in all; red: {', '.join(red) or 'none'}\n"
    (given.out / "acceptance.md").write_text(text)
    print(text)
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
