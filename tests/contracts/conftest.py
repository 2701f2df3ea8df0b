"""Full-size tests run with `-m slow` alone."""

from pathlib import Path

import pytest

from tests.search.kit import without_slow


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    without_slow(config, items, Path(__file__).parent)
