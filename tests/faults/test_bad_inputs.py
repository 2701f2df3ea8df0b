"""Bad input of every kind: a seeded part of the command's cases, and proof that it finds what is planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.cli import status
from tests.faults.bad_inputs import ANY, BadInputs, Case, attack, run_case

pytestmark = pytest.mark.process


def test_every_bad_input_is_refused_with_a_word(tmp_path: Path) -> None:
    kinds, wrong = attack(tmp_path, 180, seed=7)
    assert wrong == []
    assert len(kinds) == 7


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_three_thousand_bad_inputs(tmp_path: Path) -> None:
    assert attack(tmp_path, 3000, seed=8)[1] == []


def test_what_ends_wrongly_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = BadInputs(tmp_path, 1)
    assert run_case(inputs, Case("flags", ("status", "made"), ANY)) == ""
    assert "exit code 0" in run_case(inputs, Case("flags", ("status", "made")))
    monkeypatch.setattr(status, "_write_study", lambda *_, **__: {}["no such key"])
    assert "a bug in hptui" in run_case(inputs, Case("flags", ("status", "made"), ANY))
