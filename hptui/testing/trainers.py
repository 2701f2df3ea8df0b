"""What every trainer promises, as a test suite.

    class TestMine(TrainerContract):
        trainer = "acme_hptui:TRAINER"

        def settings(self, directory):
            return {"steps": 20}

Each attempt runs as in a study: in a worker of its own, on an attempt directory. If the trainer names modules to import
ahead, its workers are forked from a process that has imported them, else each is started cold."""

from __future__ import annotations

import atexit
import importlib
import json
import math
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hptui.operations.plugins import check_plugin
from hptui.store.run_directory import RunDir, join_nonfinite, put_control
from hptui.trainers import registry, worker
from hptui.trainers.context import TrialContext

__all__ = ["TrainerContract"]

MAX_ATTEMPT_S = 300.0
"""Seconds within which an attempt of a contract ends, also on a busy machine."""

Curve = dict[int, dict[str, float]]
"""Metrics by step."""


def make_attempt(
    directory: Path, kind: str, settings: Mapping[str, Any], objective: str, *, attempt: int = 1, **over: Any
) -> RunDir:
    """Return an attempt directory with its configuration. `directory` is also the study file's."""
    trial = directory / "trials" / "0000"
    run = RunDir(trial / f"attempt-{attempt}")
    run.root.mkdir(parents=True)
    config = {
        "token": f"0-{attempt}",
        "study": directory.name,
        "trial": 0,
        "attempt": attempt,
        "seed": 0,
        "kind": kind,
        "directory": str(directory),
        "settings": dict(settings),
        "params": {},
        "objectives": [objective],
        "checkpoints": str(trial / "checkpoints"),
        "artifacts": str(trial / "artifacts"),
        "cache": str(directory / "cache"),
        "trial_dir": str(trial),
        "keep_checkpoints": 2,
        "threads": 1,
        "device": "cpu",
        "try_steps": None,
    }
    run.config.write_text(json.dumps({**config, **over}))
    return run


class TrainerContract:
    """The suite. A subclass names the trainer, built in, installed or `"module:Object"`, and gives it settings.

    The settings make a training of some seconds with at least `stop_after` + 2 reports of the objective. `resumes`:
    it saves a checkpoint when it is asked to stop, and goes on from there to the same numbers. `repeats`: equal
    settings and seed give equal numbers; `timed_metrics` are those that no run repeats. `ignores_unknown`: it takes
    settings of any name.
    """

    trainer = ""
    objective = "loss"
    stop_after = 3
    resumes = True
    repeats = True
    ignores_unknown = False
    timed_metrics: tuple[str, ...] = ("tokens_per_second",)

    def settings(self, directory: Path) -> Mapping[str, Any]:
        """Return the settings of a training; files that it needs are written into the study file's directory."""
        return {}

    def attempt(self, directory: Path, stop_after: int = 0, verb: str = "stop", **over: Any) -> RunDir:
        """Run one attempt to its end; after `stop_after` reports it is asked to stop."""
        directory.mkdir(exist_ok=True)
        settings = {**self.settings(directory), **over.pop("settings", {})}
        run = make_attempt(directory, self.trainer, settings, self.objective, **over)
        words = [str(run.root), str(stop_after), verb]
        modules = registry.preload(self.trainer, directory=str(directory))
        code, output = _forked(modules, words) if modules else _started(words)
        assert code == 0, output
        return run

    def events(self, run: RunDir, kind: str) -> list[dict[str, Any]]:
        """Return the recorded events of a kind."""
        return [event for line in run.events.read_text().splitlines() if (event := json.loads(line))["k"] == kind]

    def curve(self, run: RunDir) -> Curve:
        """Return what was reported."""
        curve: Curve = {}
        for event in self.events(run, "metrics"):
            values = join_nonfinite(event["m"], event.get("nonfinite") or {})
            kept = {name: value for name, value in values.items() if name not in self.timed_metrics}
            curve.setdefault(event["step"], {}).update(kept)
        return curve

    def end(self, run: RunDir) -> dict[str, Any]:
        """Return the event that ends an attempt."""
        [end] = self.events(run, "end")
        return end

    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, tmp_path_factory: pytest.TempPathFactory) -> RunDir:
        """Run an attempt that nothing disturbs, once for all tests of the class."""
        return cls().attempt(tmp_path_factory.mktemp("whole") / "study")

    def test_its_spec_is_light(self) -> None:
        """Check that naming the trainer imports no heavy library, and that all that it names is there."""
        [check] = check_plugin(self.trainer, "trainers")
        assert not check.error
        assert not check.heavy
        assert not any(check.parts.values()), check.parts

    def test_its_settings_are_known(self, tmp_path: Path) -> None:
        """Check that each has a name and a help text, and that the suite's own are among them."""
        schema = registry.schema(self.trainer, str(tmp_path))
        if schema is not None:
            assert all(name == key.name and key.help for name, key in schema.items())
        if schema is not None and not self.ignores_unknown:
            assert self.settings(tmp_path).keys() <= schema.keys()

    def test_it_trains_to_its_end(self, whole: RunDir) -> None:
        """Check status, steps, the objective's values and the final metrics."""
        end, curve = self.end(whole), self.curve(whole)
        assert (end["status"], end["reason"]) == ("complete", "finished"), end["message"]
        values = [metrics[self.objective] for metrics in curve.values() if self.objective in metrics]
        assert len(values) >= self.stop_after + 2
        assert all(map(math.isfinite, values))
        assert list(curve) == sorted(curve)
        assert math.isfinite(end["m"][self.objective])
        totals = [event["steps"] for event in self.events(whole, "total")]
        assert totals == [] or totals[-1] >= max(curve)

    def test_it_repeats_itself(self, whole: RunDir, tmp_path: Path) -> None:
        """Check that equal settings and seed give equal numbers."""
        if not self.repeats:
            pytest.skip("a run of this trainer cannot be repeated")
        again = self.attempt(tmp_path / "study")
        assert self.curve(again) == self.curve(whole)

    @pytest.mark.parametrize("verb", ["pause", "stop"])
    def test_it_stops_within_a_step_and_goes_on(self, whole: RunDir, tmp_path: Path, verb: str) -> None:
        """Check that it heeds a request, saves, and goes on to the numbers of the run that nothing disturbed."""
        first = self.attempt(tmp_path / "study", self.stop_after, verb)
        reports = [event for event in self.events(first, "metrics") if self.objective in event["m"]]
        assert self.stop_after <= len(reports) <= self.stop_after + 1
        assert self.end(first)["status"] == ("paused" if verb == "pause" else "stopped")
        if not self.resumes:
            return
        second = self.attempt(tmp_path / "study", attempt=2)
        assert self.end(second)["status"] == "complete", self.end(second)["message"]
        assert min(self.curve(second), default=0) > 1, "it began anew"
        if self.repeats:
            assert {**self.curve(first), **self.curve(second)} == self.curve(whole)

    def test_a_dry_run_ends_after_a_few_steps(self, tmp_path: Path) -> None:
        """Check that `should_stop` is asked in every step."""
        run = self.attempt(tmp_path / "study", try_steps=1)
        assert len([event for event in self.events(run, "metrics") if self.objective in event["m"]]) <= 2

    def test_a_setting_that_it_does_not_have_is_refused(self, tmp_path: Path) -> None:
        """Check that a misspelt setting is not passed over."""
        if self.ignores_unknown or registry.schema(self.trainer, str(tmp_path)) is None:
            pytest.skip("this trainer takes settings of any name")
        end = self.end(self.attempt(tmp_path / "study", settings={"lerning_rate_": 1e-3}))
        assert (end["status"], end["reason"]) == ("failed", "usage")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "CUDA_VISIBLE_DEVICES": ""}


def _started(words: Sequence[str]) -> tuple[int, str]:
    """Run a worker in a fresh process; return exit code and output."""
    command = [sys.executable, "-m", "hptui.testing.trainers", *words]
    process = subprocess.run(
        command, env=_environment(), capture_output=True, text=True, timeout=MAX_ATTEMPT_S, check=False
    )
    return process.returncode, process.stdout + process.stderr


_parents: dict[tuple[str, ...], subprocess.Popen[str]] = {}
"""Modules -> the process that has imported them. It ends with this process, whose pipe it reads."""


def _forked(modules: tuple[str, ...], words: Sequence[str]) -> tuple[int, str]:
    """Run a worker forked from a process that has imported modules; return exit code and output."""
    if modules not in _parents:
        command = [sys.executable, "-m", "hptui.testing.trainers", "--fork", *modules]
        _parents[modules] = parent = subprocess.Popen(
            command, env=_environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        atexit.register(parent.communicate)
    parent = _parents[modules]
    assert parent.stdin
    assert parent.stdout
    log = Path(words[0], "output.txt")
    parent.stdin.write(json.dumps([_environment(), os.getcwd(), str(log), *words]) + "\n")
    parent.stdin.flush()
    answer = parent.stdout.readline()
    return int(answer or -1), log.read_text() if log.exists() else ""


def fork_workers(modules: Sequence[str]) -> int:
    """Import modules, run a worker in a fork for each line of standard input, print its exit code."""
    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin:
        environment, folder, log, *words = json.loads(line)
        child = os.fork()
        if not child:
            code = 1
            try:
                os.environ.clear()
                os.environ.update(environment)
                os.chdir(folder)
                output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(output, 1)
                os.dup2(output, 2)
                signal.alarm(round(MAX_ATTEMPT_S))
                code = main(*words)
            except BaseException:
                traceback.print_exc()
                raise
            finally:  # whatever happened: a fork may not return into the loop of its parent
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return 0


class StoppedContext(TrialContext):
    """A context that asks its own trainer to stop after a number of reports of the objective."""

    stop_after = 0
    verb = "stop"
    objective_reports = 0

    def report_reading(self, step: int, metrics: Any, progress: float | None = None, **options: Any) -> None:
        """Count reports of the objective, and ask to stop after the last one."""
        super().report_reading(step, metrics, progress, **options)
        self.objective_reports += self.objectives[0] in metrics
        if self.objective_reports == self.stop_after:
            put_control(RunDir(self.attempt_dir), self.verb)


def main(attempt_directory: str, stop_after: str, verb: str) -> int:
    """Run a worker whose trial is asked to stop after some reports; return its exit code."""
    StoppedContext.stop_after, StoppedContext.verb = int(stop_after), verb
    if StoppedContext.stop_after:
        worker.TrialContext = StoppedContext  # type: ignore[attr-defined]  # the class that a worker uses
    return worker.main(attempt_directory)


if __name__ == "__main__":
    sys.exit(fork_workers(sys.argv[2:]) if sys.argv[1] == "--fork" else main(*sys.argv[1:]))
