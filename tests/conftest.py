"""Every test has a HOME of its own, and leaves no process behind; marks say what a test costs."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the hub, even where it could be reached
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads of small matrices only wait for each other

import pytest
from hypothesis import settings

from tests import marks
from tests.import_graph import ROOT, loaded_by, name_of
from tests.support import PATIENCE, kill_all

LONG = ("faults/test_killloop", "faults/test_charlm_kills", "faults/", "contracts/", "twins/", "execution/", "scripts/")
"""Files and folders that take long: they begin first, so that nobody waits for one of them at the end."""

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", parent=settings.get_profile("ci"), max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))

marks.watch()

gc.set_threshold(50_000)  # importing and collecting 10,000 tests makes few cycles: looking for them took a third of it

_places = itertools.count()


@pytest.hookimpl(tryfirst=True)  # before xdist starts its processes
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the inner loop in as many processes as there are processors: its tests do not wait, and each collects all."""
    chosen = any(word.startswith(("-n", "--numprocesses")) for word in config.invocation_params.args)
    if config.option.markexpr == "quick" and not chosen:
        config.option.maxprocesses = len(os.sched_getaffinity(0))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a file whose tests all load torch when those are not asked for: that takes seconds."""
    if not _without_torch(config.option.markexpr) or not collection_path.match("test_*.py"):
        return None
    return True if loaded_by(name_of(collection_path)) & marks.LIBRARIES["torch"] else None


def _without_torch(expression: str | None) -> bool:
    return expression == "quick" or "not torch" in (expression or "")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the marks, scale the time limits, and put first what takes long."""
    for item in items:
        for name in marks.marks_of(item) if isinstance(item, pytest.Function) else ():
            item.add_marker(name)
        if marks.is_quick(item):
            item.add_marker("quick")
        if item.get_closest_marker("process") and item.config.pluginmanager.hasplugin("rerunfailures"):
            # Processes, terminals and deadlines on a busy machine: run once more, and shown below all the same.
            item.add_marker(pytest.mark.flaky(reruns=1))
        if PATIENCE != 1:
            limit = item.get_closest_marker("timeout")
            seconds = float(limit.args[0] if limit else item.config.getini("timeout"))
            item.add_marker(pytest.mark.timeout(seconds * PATIENCE), append=False)
    items.sort(key=_turn)


def pytest_collection_finish() -> None:
    """Exempt what was collected from garbage collection: it lives until the end."""
    gc.collect()
    gc.freeze()


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(ROOT / "tests").as_posix()
    return next((turn for turn, name in enumerate(LONG) if place.startswith(name)), len(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    marks.started_processes().clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Hold a test to its marks, in a run that leaves tests out by them."""
    torch_before = "torch" in sys.modules
    result = yield
    expression = item.config.option.markexpr or ""
    if (expression == "quick" or "not process" in expression) and (problem := marks.unmarked(item, torch_before)):
        pytest.fail(problem, pytrace=False)
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how a test failed that passed when it was run again: it may be a rare defect of the product."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first, and was run again: {report.nodeid}", sep="_")
        terminalreporter.line(report.longreprtext)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    place = tmp_path / "home"
    monkeypatch.setenv("HPTUI_HOME", str(place))
    yield place
    if marks.started_processes():
        kill_all(place)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where base models are kept, so that a run of the suite makes each once, however many processes it has."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "hptui-cache"


@pytest.fixture(autouse=True)
def _own_surroundings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, made_once: Path
) -> None:
    monkeypatch.setenv("HPTUI_CACHE", str(made_once))
    for name in ("HPTUI_HOME", "HPTUI_CRASH", "HPTUI_COLD", "CUDA_VISIBLE_DEVICES", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    # Not below `tmp_path`, which takes 2 ms to make: half of the tests need no directory.
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / f"config-{next(_places)}"))
