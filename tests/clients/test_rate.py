"""The files that people publish, and what is read of them: the shares that `python -m tests.clients.rate` prints."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.clients.rate import (
    FOURTH_SCRIPTS,
    FOURTH_SWEEPS,
    SCRIPTS,
    SWEEPS,
    THIRD_SCRIPTS,
    THIRD_SWEEPS,
    UNSEEN_SCRIPTS,
    UNSEEN_SWEEPS,
    expected,
    missing_packages,
    new_faults,
    script_faults,
    sweep_faults,
)

LEAST_READ, LEAST_RUN, LEAST_USABLE = 0.95, 0.95, 0.80
"""The least shares of sweeps that are read right, scripts that run right, and files that are usable as written."""
IDS = ["first", "unseen", "third", "fourth"]
of_all_sweeps = pytest.mark.parametrize("sample", [SWEEPS, UNSEEN_SWEEPS, THIRD_SWEEPS, FOURTH_SWEEPS], ids=IDS)
of_all_scripts = pytest.mark.parametrize("sample", [SCRIPTS, UNSEEN_SCRIPTS, THIRD_SCRIPTS, FOURTH_SCRIPTS], ids=IDS)


@of_all_sweeps
def test_sweeps_of_other_people_are_read_right(sample: Path, tmp_path: Path) -> None:
    wanted = expected(sample)
    assert set(wanted) == {path.stem for path in sample.glob("*.yaml")} - {"expected"}
    faults = {}
    for name, want in wanted.items():
        (tmp_path / name).mkdir()
        if found := sweep_faults(name, want, tmp_path / name, sample):
            faults[name] = found
    assert len(faults) <= (1 - LEAST_READ) * len(wanted), faults


@of_all_scripts
def test_new_writes_files_that_are_right_as_they_stand(sample: Path, tmp_path: Path) -> None:
    """As far as reading shows it: the slow test below runs them."""
    wanted = {name: want for name, want in expected(sample).items() if not missing_packages(want)}
    faults = {}
    for name, want in wanted.items():
        found, path = new_faults(name, want, tmp_path / name, sample, ask=False)
        if found or path is None:
            faults[name] = found
    assert len(faults) <= (1 - LEAST_USABLE) * len(wanted), faults


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.timeout(1800)
@of_all_scripts
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
