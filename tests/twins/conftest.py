"""A twin is run once for all tests that look at it, in a HOME of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import kill_all
from tests.twins.kit import DEADLINE, Ran, run


@pytest.fixture(scope="module")
def ran_once(tmp_path_factory: pytest.TempPathFactory, made_once: Path) -> Iterator[Callable[..., Ran]]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("HPTUI_HOME", str(home))
        surroundings.setenv("HPTUI_CACHE", str(made_once))
        yield lambda path, patience=DEADLINE: run(home, path, patience)
    kill_all(home)
