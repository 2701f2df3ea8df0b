"""What benchmarks share: a throw-away HOME, study files, percentiles, and a line that names the machine."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir
from hptui.store.safe_reading import read_lines
from tests.support import kill_all


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory that is thrown away, with every process that belongs to it."""
    with tempfile.TemporaryDirectory(prefix="hptui-bench-") as folder:
        try:
            yield Path(folder)
        finally:
            kill_all(Path(folder))


def machine() -> str:
    """The machine in one line."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def events(sd: StudyDir, trial: int, n: int = 1) -> list[dict[str, Any]]:
    """All events of an attempt, each with `wall`, seconds since the epoch."""
    lines, _ = read_lines(RunDir(sd.attempt(trial, n)).events, 0, 1 << 26)
    found = [json.loads(line) for line in lines]
    hello = next(event for event in found if event["k"] == "hello")
    for event in found:
        event["wall"] = hello["time"] + event["t"] - hello["t"]
    return found


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
