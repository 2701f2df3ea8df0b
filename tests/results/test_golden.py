"""Reports are as they were approved. When one is meant to change: python -m tests.results.golden, and read it."""

import pytest

from tests.results.golden import FOLDER, MADE, report


@pytest.mark.parametrize("name", MADE)
def test_a_report_is_as_it_was_read(home, name):
    assert report(name, home) == (FOLDER / f"{name}.md").read_text()
