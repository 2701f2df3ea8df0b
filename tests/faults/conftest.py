"""The fault suite runs on CPU slots, everywhere the same number of them."""

from __future__ import annotations

from pathlib import Path

import pytest

LONG = ("test_killloop", "test_charlm_kills")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    here.sort(key=lambda item: item.path.stem not in LONG)  # the long ones first: nobody waits for them at the end
    places = iter(here)
    items[:] = [next(places) if item in here else item for item in items]


@pytest.fixture(autouse=True)
def _without_gpus(_own_surroundings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
