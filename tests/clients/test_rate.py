"""The files that people publish, and what is read of them: the shares that `python -m tests.clients.rate` prints."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.rate import (
    SAMPLES,
    expected,
    missing_packages,
    new_faults,
    script_faults,
    sweep_faults,
)

LEAST_READ, LEAST_RUN, LEAST_USABLE = 0.95, 0.95, 0.80
"""The least shares of sweeps that are read right, scripts that run right, and files that are usable as written."""
LATER = ("fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
         "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth",
         "nineteenth")  # fmt: skip
"""Samples of which every day one file in three is read."""
FRESH: tuple[str, ...] = ()
"""Samples that were only measured: nothing was mended for them yet."""
PART = 3


def samples(index: int) -> list[tuple[str, Path]]:
    return [(name, folders[index]) for name, folders in SAMPLES.items() if name not in FRESH]


def parametrized(index: int) -> pytest.MarkDecorator:
    """Every sample as a whole, the later ones by night; by day a part of these."""
    cases = [pytest.param(folder, PART, id=f"{name}-part") for name, folder in samples(index) if name in LATER]
    for name, folder in samples(index):
        cases.append(pytest.param(folder, 1, id=name, marks=[pytest.mark.slow] if name in LATER else []))
    return pytest.mark.parametrize(("sample", "part"), cases)


def part_of(wanted: dict[str, Any], part: int) -> dict[str, Any]:
    return {name: want for number, (name, want) in enumerate(wanted.items()) if number % part == 0}


@parametrized(0)
def test_sweeps_of_other_people_are_read_right(sample: Path, part: int, tmp_path: Path) -> None:
    wanted = expected(sample)
    assert set(wanted) == {path.stem for path in sample.glob("*.yaml")} - {"expected"}
    wanted, faults = part_of(wanted, part), {}
    for name, want in wanted.items():
        (tmp_path / name).mkdir()
        if found := sweep_faults(name, want, tmp_path / name, sample):
            faults[name] = found
    assert len(faults) <= (1 - LEAST_READ) * len(wanted), faults


@parametrized(1)
def test_new_writes_files_that_are_right_as_they_stand(sample: Path, part: int, tmp_path: Path) -> None:
    """As far as reading shows it: the slow test below runs them."""
    wanted = {n: want for n, want in part_of(expected(sample), part).items() if not missing_packages(want)}
    faults = {}
    for name, want in wanted.items():
        found, path = new_faults(name, want, tmp_path / name, sample, ask=False)
        if found or path is None:
            faults[name] = found
    assert len(faults) <= (1 - LEAST_USABLE) * len(wanted), faults


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("sample", [pytest.param(folder, id=name) for name, folder in samples(1)])
def test_scripts_of_other_people_run_right(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    wanted = expected(sample)
    left_out = {name: missing for name, want in wanted.items() if (missing := missing_packages(want))}
    if left_out:
        print(f"left out: {left_out}")
    ran, usable = {}, {}
    for name in wanted.keys() - left_out.keys():
        ran[name], usable[name] = script_faults(name, wanted[name], tmp_path / name, sample)
    assert sum(not faults for faults in ran.values()) >= LEAST_RUN * len(ran), ran
    assert sum(not faults for faults in usable.values()) >= LEAST_USABLE * len(usable), usable
