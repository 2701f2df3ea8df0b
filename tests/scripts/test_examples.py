"""The studies of unmodified scripts that we ship, run for real: cut short here, whole with `-m slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from tests.support import run_to_rest, trials, until

STUDIES = Path(__file__).parents[2] / "studies"


def test_the_plain_torch_script(home: Path) -> None:
    sd = run_to_rest(home, STUDIES / "script-torch.toml", trials="2", settings={"epochs": "2"})
    for one in trials(sd):
        assert str(one.status) == "complete", one.message
        assert one.facts["metric_sources"]["val_loss"] == "output, at the end file results.json"  # type: ignore[index, call-overload]
        assert (one.last_step, one.total_steps) == (2, 2)
        assert one.metrics["val_accuracy:n"] == 400


@pytest.mark.slow
@pytest.mark.parametrize("name", ["script-torch", "script-trainer"])
def test_each_of_them_whole(home: Path, name: str) -> None:
    sd = run(home, str(STUDIES / f"{name}.toml")).sd
    until(lambda: not runner_status(sd)["alive"], seconds=280)
    assert {str(one.status) for one in trials(sd)} <= {"complete", "pruned"}
