"""Tests that take long although they start no process and load no torch: the mark `long`.

`python -m tests.long_tests` measures the processor time of every test of the inner loop and writes the list beside this
file. A test function is on it if all its cases together take more than `MAX_CPU_S`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

MAX_CPU_S = 0.5
"""Processor time above which all cases of a test function together are long, in seconds."""
LIST = Path(__file__).with_suffix(".txt")
VARIABLE = "HPTUI_TEST_TIMES"
"""Environment variable with the file to which the processes of a run append what each test took."""
SELECTION = "not slow and not process and not torch and not terminal"


def function_of(nodeid: str) -> str:
    """Return the name of a test's function, which all its cases share."""
    return nodeid.partition("[")[0]


@cache
def long_functions() -> frozenset[str]:
    """Return the test functions on the list."""
    return frozenset(LIST.read_text().splitlines())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Append what a test and its fixtures took, where this module is a plug-in of the run."""
    began = time.process_time()
    result = yield
    with Path(os.environ[VARIABLE]).open("a") as file:
        file.write(f"{time.process_time() - began:.4f} {function_of(item.nodeid)}\n")
    return result


def too_long(lines: Iterable[str]) -> list[str]:
    """Return the functions whose cases took too long together, by lines of seconds and name."""
    totals: Counter[str] = Counter()
    for line in lines:
        seconds, _, name = line.strip().partition(" ")
        totals[name] += float(seconds)
    return sorted(name for name, seconds in totals.items() if seconds > MAX_CPU_S)


def main() -> None:
    """Run the tests, and write the list."""
    with tempfile.NamedTemporaryFile(mode="r", prefix="hptui-times-") as file:
        command = [sys.executable, "-m", "pytest", "-p", "tests.long_tests", "-m", SELECTION, *sys.argv[1:]]
        subprocess.run(command, env={**os.environ, VARIABLE: file.name}, check=False)
        names = too_long(file)
    LIST.write_text("".join(f"{name}\n" for name in names))
    print(f"{len(names)} test functions take more than {MAX_CPU_S} s of processor time: {LIST.name}")


if __name__ == "__main__":
    main()
