"""What every executor promises, as a test suite; and the executor that runs attempts as threads.

    class TestMine(ExecutorContract):
        executor = "acme_hptui:SlurmExecutor"

What an executor cannot do by its nature is named in `exempt`, and then skipped with that reason."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

from hptui.execution.executor import Lease, find_executor
from hptui.store.run_directory import read_json
from hptui.testing.executor_stage import MAX_WAIT_S, ExecutorStage, events_of, lives, sizes_of
from hptui.testing.in_process import InProcessExecutor

__all__ = ["ExecutorContract", "InProcessExecutor"]

QUIET_S = 0.3
"""How long a collected run directory is watched for late bytes."""

TRAINER = """
import json, os

def train(trial, x: float = 0.0):
    os.umask(mask := os.umask(0o077))
    facts = {"cwd": os.getcwd(), "mask": mask, "mark": os.environ.get("CONTRACT_MARK"), "x": x}
    trial.artifact("facts.json").write_text(json.dumps(facts))
    return {"loss": x}
"""
"""A trainer that writes down what its process is like."""


class ExecutorContract(ExecutorStage):
    """The suite. A subclass names the executor, by its name or as "module:Object"."""

    # one attempt ------------------------------------------------------------------------------------------------

    def test_an_attempt_runs_to_its_end(self, tmp_path: Path) -> None:
        """Check that its run directory is complete once collected."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path)
        handle = self.start(executor, launch)
        state, events = self.ended(executor, handle, launch)
        assert (state.kind, state.proof) == ("gone", "exit")
        assert state.certain
        assert (events[0]["k"], events[-1]["k"], events[-1]["status"]) == ("phase", "end", "complete")
        assert [event["step"] for event in events if event["k"] == "metrics"] == [1, 2, 3, 4, 5]
        assert [event["q"] for event in events] == list(range(1, len(events) + 1))
        assert read_json(launch.run.exit)["token"] == launch.token
        assert read_json(launch.run.config) == launch.config
        assert "step 5/5" in launch.run.log.read_text()

    def test_the_end_wakes_the_runner(self, tmp_path: Path) -> None:
        """Check that a descriptor becomes readable, unless the executor has none to wait for."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, steps=100, step_seconds=0.01)
        handle = self.start(executor, launch)
        self.training(executor, handle, launch)
        waiting = select.poll()
        descriptors = list(executor.wait_handles())
        for descriptor in descriptors:
            waiting.register(descriptor, select.POLLIN)
        if descriptors:
            assert waiting.poll(MAX_WAIT_S * 1000)
        self.ended(executor, handle, launch)

    def test_one_token_is_one_attempt(self, tmp_path: Path) -> None:
        """Check that a repeated start does nothing, neither while the attempt lives nor after its end."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, steps=20, step_seconds=0.02)
        handle = self.start(executor, launch)
        assert self.start(executor, launch).token == handle.token
        _, events = self.ended(executor, handle, launch)
        again = self.start(executor, launch)
        assert again.state().gone
        time.sleep(QUIET_S)
        assert events_of(launch.run) == events
        assert [event["k"] for event in events].count("hello") == 1

    def test_the_environment_is_the_attempts_own(self, tmp_path: Path) -> None:
        """Check that variables, working directory and umask are those of the launch."""
        (tmp_path / "mine.py").write_text(TRAINER)
        executor, launch = self.make(tmp_path), self.launch(tmp_path, kind="mine:train", x=2.0)
        handle = self.start(executor, launch)
        _, events = self.ended(executor, handle, launch)
        assert events[-1]["status"] == "complete", launch.run.log.read_text()
        facts = json.loads((Path(launch.config["artifacts"]) / "facts.json").read_text())
        assert facts == {"cwd": str(tmp_path), "mask": 0o077, "mark": "here", "x": 2.0}

    # verbs ------------------------------------------------------------------------------------------------------

    def test_a_verb_reaches_the_attempt_and_the_last_one_counts(self, tmp_path: Path) -> None:
        """Check that the trainer saves and returns, and that a verb to one that is gone does nothing."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, steps=100_000, step_seconds=0.01)
        handle = self.start(executor, launch)
        self.training(executor, handle, launch)
        handle.signal("pause")
        handle.signal("pause")
        handle.signal("stop")
        _, events = self.ended(executor, handle, launch)
        assert events[-1]["status"] in ("stopped", "paused")
        assert any(event["k"] == "checkpoint" for event in events)
        handle.signal("pause")
        assert handle.state().gone

    def test_kill_does_not_ask(self, tmp_path: Path) -> None:
        """Check that the attempt leaves no end event, and that `exit.json` names the signal."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, steps=100_000, step_seconds=0.01)
        handle = self.start(executor, launch)
        self.training(executor, handle, launch)
        handle.signal("kill")
        _, events = self.ended(executor, handle, launch)
        assert all(event["k"] != "end" for event in events)
        assert (read_json(launch.run.exit)["signal"], read_json(launch.run.exit)["asked"]) == (9, "kill")

    def test_one_that_does_not_obey_is_killed_after_its_grace(self, tmp_path: Path) -> None:
        """Check that `stop_grace` is what it gets."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, hang_at=2)
        handle = self.start(executor, launch)
        self.training(executor, handle, launch)
        handle.signal("stop")
        state, _ = self.ended(executor, handle, launch)
        assert state.proof == "exit"
        assert (read_json(launch.run.exit)["signal"], read_json(launch.run.exit)["insisted"]) == (9, True)

    # leaving and coming back ------------------------------------------------------------------------------------

    def test_what_runs_goes_on_and_is_adopted(self, tmp_path: Path) -> None:
        """Check that another executor object finds the attempt by its token, and can end it."""
        first, launch = self.make(tmp_path), self.launch(tmp_path, steps=100_000, step_seconds=0.01)
        handle = self.start(first, launch)
        self.training(first, handle, launch)
        first.close()
        second = self.make(tmp_path)
        adopted = second.adopt(self.record(launch))
        self._handles.append(adopted)
        self.until(second, lambda: adopted.state().kind == "alive", "followed again")
        adopted.signal("stop")
        state, events = self.ended(second, adopted, launch)
        assert (state.proof, events[-1]["status"]) == ("exit", "stopped")

    def test_one_that_ended_meanwhile_is_found_gone(self, tmp_path: Path) -> None:
        """Check it of an executor that is not opened, which is all that a front end has."""
        first, launch = self.make(tmp_path), self.launch(tmp_path)
        self.ended(first, self.start(first, launch), launch)
        first.close()
        adopted = find_executor(self.executor).adopt(self.record(launch))
        assert (adopted.state().kind, adopted.state().proof) == ("gone", "exit")
        adopted.collect()
        assert events_of(launch.run)[-1]["k"] == "end"

    def test_one_that_never_started_is_gone(self, tmp_path: Path) -> None:
        """Check that once it is fenced, a late start does nothing."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path)
        handle = executor.adopt(self.record(launch))
        assert (handle.state().kind, handle.state().proof) == ("gone", "never")
        handle.fence()
        handle.fence()
        for late in (executor, None):
            late = late or self.make(tmp_path)  # only now: it may take places over from the other one
            lease = late.reserve()
            assert lease is not None
            with suppress(OSError):
                assert late.start(launch, lease).state().gone
        time.sleep(QUIET_S)
        assert events_of(launch.run) == []

    # ends by force ----------------------------------------------------------------------------------------------

    def test_nobody_writes_after_collect(self, tmp_path: Path) -> None:
        """Check that a fenced attempt ends, and that its run directory is final once collected."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, steps=100_000, step_seconds=0.001)
        handle = self.start(executor, launch)
        self.training(executor, handle, launch)
        handle.fence()
        handle.fence()
        self.ended(executor, handle, launch)
        sizes = sizes_of(launch.run)
        deadline = time.monotonic() + QUIET_S
        while time.monotonic() < deadline:
            time.sleep(0.01)
            assert sizes_of(launch.run) == sizes

    def test_a_killed_worker_is_gone_and_leaves_nothing(self, tmp_path: Path) -> None:
        """Check that after SIGKILL from outside the children that it started end with it."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, hang_at=2, children=2)
        handle = self.start(executor, launch)
        self.training(executor, handle, launch)
        worker = next(event["pid"] for event in events_of(launch.run) if event["k"] == "hello")
        children = [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()]
        assert children
        os.kill(worker, signal.SIGKILL)
        state, _ = self.ended(executor, handle, launch)
        assert state.certain
        self.until(executor, lambda: not any(lives(pid) for pid in (worker, *children)), "ended")

    # places -----------------------------------------------------------------------------------------------------

    def test_places_are_counted(self, tmp_path: Path) -> None:
        """Check that leases differ, that there are as many as there is room, and that an end makes room."""
        executor = self.make(tmp_path)
        assert executor.capacity() == self.parallel
        leases = [executor.reserve() for _ in range(self.parallel)]
        assert len({lease.label for lease in leases if lease is not None}) == self.parallel
        assert all(lease is not None and lease.lanes >= 1 for lease in leases)
        assert executor.reserve() is None
        assert executor.waiting == ""
        for lease in leases:
            assert isinstance(lease, Lease)
            executor.release(lease)
        launches = [self.launch(tmp_path, n) for n in range(self.parallel)]
        handles = [self.start(executor, launch) for launch in launches]
        assert executor.reserve() is None
        for handle, launch in zip(handles, launches, strict=True):
            _, events = self.ended(executor, handle, launch)
            assert events[-1]["status"] == "complete"
            handle.forget()
        assert executor.reserve() is not None

    def test_fewer_places_leave_alone_what_runs(self, tmp_path: Path) -> None:
        """Check that a revision of the resources takes no place away from an attempt."""
        executor = self.make(tmp_path)
        launches = [self.launch(tmp_path, n, steps=100, step_seconds=0.01) for n in (1, 2)]
        handles = [self.start(executor, launch) for launch in launches]
        executor.revise(self.resources(1))
        assert executor.capacity() == 1
        for handle, launch in zip(handles, launches, strict=True):
            assert self.ended(executor, handle, launch)[1][-1]["status"] == "complete"

    def test_samples_are_of_the_attempt(self, tmp_path: Path) -> None:
        """Check that each sample is handed out once, and that it is one of a living process."""
        executor, launch = self.make(tmp_path), self.launch(tmp_path, steps=200, step_seconds=0.01)
        handle = self.start(executor, launch)
        self.ended(executor, handle, launch)
        executor.poll()
        samples = []
        while (sample := handle.usage()) is not None:
            samples.append(sample)
        assert all(sample.token == launch.token and (sample.rss_gb or 1.0) > 0 for sample in samples)
        assert handle.usage() is None
