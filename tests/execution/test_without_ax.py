"""Without Ax, what needs it says so before anything starts, and all else works; in processes that cannot find it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import events, run_to_rest, state, toy, trials

ROOT = Path(__file__).parents[2]
HIDDEN = "import sys\nfor name in ('ax', 'botorch', 'gpytorch'):\n    sys.modules[name] = None\n"


@pytest.fixture
def without(tmp_path, monkeypatch):
    """Processes started from here on, runners and engines among them, find no Ax."""

    def hiding():
        folder = tmp_path / "hidden"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(HIDDEN)
        path = os.pathsep.join(filter(None, (str(folder), str(ROOT), os.environ.get("PYTHONPATH", ""))))
        monkeypatch.setenv("PYTHONPATH", path)
        probe = "import importlib.util; print(importlib.util.find_spec('ax'))"
        assert subprocess.check_output([sys.executable, "-c", probe], text=True).strip() == "None"

    return hiding


def verb(home, *words):
    command = [sys.executable, "-m", "hptui", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_study_that_wants_ax_is_refused_before_anything_starts(home, tmp_path, without):
    without()
    path = toy(tmp_path, sampler="ax")
    for words in (("check", path), ("run", path), ("run", path, "--detach")):
        done = verb(home, *map(str, words))
        assert done.returncode == 2
        assert "search.sampler: 'ax' needs Ax, which is not installed" in done.stderr
        assert "pip install ax-platform" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (home / "toy").exists()


def test_a_study_that_had_ax_pauses_and_says_what_is_missing(home, tmp_path, without):
    sd = run_to_rest(home, toy(tmp_path, sampler="ax", trials=1))
    without()
    done = verb(home, "run", "toy", "--trials", "+2")
    assert done.returncode == 2
    assert "'ax' needs Ax, which is not installed" in done.stderr
    assert len(trials(sd)) == 1
    process = subprocess.run([sys.executable, "-m", "hptui.operations.runner_process", str(sd.root)], timeout=60)
    assert process.returncode == 0, "a runner that was started all the same rests"


@pytest.mark.parametrize("sampler", ["auto", "tpe", "random"])
def test_all_else_works(home, tmp_path, without, sampler):
    """More trials than it takes before a model is asked; `auto` chooses the Gaussian process."""
    without()
    sd = run_to_rest(home, toy(tmp_path, sampler=sampler, trials=7, steps=1))
    assert state(sd)[0] == "done"
    assert [str(one.status) for one in trials(sd)] == ["complete"] * 7
    assert not [one for one in trials(sd)[1:] if "fallback" in one.engine]
    if sampler == "auto":
        assert events(sd, "sampler")[0].startswith("auto chose gp")
