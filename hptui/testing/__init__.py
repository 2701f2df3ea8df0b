"""Test suites for plug-ins, and what they run on. Imported by tests only, never by the rest of the package."""

import pytest

pytest.register_assert_rewrite(
    "hptui.testing.engines",
    "hptui.testing.engine_stage",
    "hptui.testing.executors",
    "hptui.testing.executor_stage",
    "hptui.testing.metrics",
    "hptui.testing.pruners",
    "hptui.testing.trainers",
)
