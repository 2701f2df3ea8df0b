"""What a machine answers that is only asked what it is, before anything runs there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.core.version import __version__
from hptui.execution.remote.entry import probe
from hptui.execution.remote.messages import PROTOCOL


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_machine_that_is_only_asked_answers_without_being_opened(tmp_path: Path, parallel: int) -> None:
    """`hptui places` and `doctor` ask so: nothing is made, and nothing has been started there before."""
    resources = {"gpus": 0, "parallel": parallel}
    opening = {"verb": "open", "probe": True, "root": str(tmp_path / "none"), "resources": resources}
    answer = probe({**opening, "protocol": PROTOCOL, "version": __version__})
    assert (answer["k"], answer["capacity"]) == ("hello", parallel)
    assert not (tmp_path / "none").exists()
