"""Of a loss and its numbered parts the whole is the objective."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.inspect.outputs.ranking import ranked


@pytest.mark.parametrize("split", ["val_", "test_", "eval/"])
@pytest.mark.parametrize("parts", [("12", "21"), ("_1", "_2"), ("1",)])
def test_the_whole_is_before_its_numbered_parts(split: str, parts: tuple[str, ...]) -> None:
    for order in itertools.permutations([f"{split}loss", *(f"{split}loss{part}" for part in parts)]):
        assert ranked(order)[0] == f"{split}loss"
