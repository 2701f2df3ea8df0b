"""The processes of this machine, and whose they are."""

import json
import os
from pathlib import Path

from hptui.operations.machine import processes_now
from hptui.operations.run import run
from hptui.store.run_directory import RunDir, read_json
from tests.support import kill_all, toy, trials, until


def test_a_number_that_a_worker_had_once_is_not_taken_for_the_worker(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=1, steps=100_000, step_seconds=0.05))).sd
    shim = RunDir(sd.attempt(0, 1)).shim
    until(lambda: any((one.last_step or 0) > 0 for one in trials(sd)))
    worker = read_json(shim)["worker"]
    assert (worker, f"{sd.name} trial 0") in [(process.pid, process.whose) for process in processes_now(home)]
    kill_all(home)
    shim.write_text(json.dumps({**read_json(shim), "worker": os.getpid()}))  # the attempt is open: nobody saw it end
    assert [process.whose for process in processes_now(home) if process.pid == os.getpid()] == []
