"""Of an array of several values no one is that of a name: which is meant only its script knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.metrics.test_parts import points


@pytest.mark.parametrize(
    "array", ["[0.2 0.3 0.35]", "[0.2, 0.3]", "[0.2  0.3\t0.35 ]", "[1e-3 2e-3]", "[0.2 0.3 -0.1]"]
)
@pytest.mark.parametrize("name", ["Test acc", "val_loss", "AUC"])
def test_an_array_is_no_value(array: str, name: str, tmp_path: Path) -> None:
    assert points(tmp_path, [f"step 500 {name}: {array}"], name) == []


@pytest.mark.parametrize("value", ["[0.25]", "0.25 [0.3 0.4]", "0.25 [12 s]"])
def test_an_array_of_one_value_is_that_value(value: str, tmp_path: Path) -> None:
    assert points(tmp_path, [f"step 500 Test acc: {value}"], "Test acc") == [0.25]
