"""The fault suite runs on CPU slots, everywhere the same number of them."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _without_gpus(_own_surroundings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
