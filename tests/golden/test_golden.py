"""What a user sees is what was recorded. `python -m tests.golden check` says the same with its times."""

import pytest

from tests.golden.__main__ import PARTS, differences, recorded, taken
from tests.golden.place import place

FAST = ("help", "schema")


@pytest.mark.xdist_group("golden")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "part", [part if part in FAST else pytest.param(part, marks=pytest.mark.slow) for part in PARTS]
)
def test_nothing_differs_from_what_was_recorded(part):
    with place():
        found = differences(recorded(part), taken(part))
    assert not found, "\n\n".join(found)
