"""What a machine answers that is only asked what it is, before anything runs there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.core.version import __version__
from hptui.execution.remote.entry import PROTOCOL, probe


@pytest.mark.parametrize(
    "resources", [{"gpus": 0, "parallel": 3}, {"gpus": "all"}, {"gpus": [], "parallel": 1}], ids=str
)
def test_a_machine_that_is_only_asked_answers_without_being_opened(
    tmp_path: Path, resources: dict[str, object]
) -> None:
    """`hptui places` and `doctor` ask so: nothing is made, and nothing has been started there before."""
    opening = {"verb": "open", "probe": True, "root": str(tmp_path / "none"), "resources": resources}
    answer = probe({**opening, "protocol": PROTOCOL, "version": __version__})
    assert answer["k"] == "hello"
    assert answer["capacity"] == resources.get("parallel", 1)
    assert not (tmp_path / "none").exists()
