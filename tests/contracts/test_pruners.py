"""Every built-in kind of pruner keeps what a pruner promises: the suite that is shipped for those of other packages."""

from typing import ClassVar

from hptui import plugins
from hptui.testing.pruners import PrunerContract


class TestMedian(PrunerContract):
    pruner = "median"


class TestPercentile(PrunerContract):
    pruner = "percentile"


class TestAsha(PrunerContract):
    pruner = "asha"


class TestHyperband(PrunerContract):
    pruner = "hyperband"


class TestPatient(PrunerContract):
    pruner = "patient"


class TestPatientAroundMedian(PrunerContract):
    pruner = "patient"
    values: ClassVar = {"wraps": "median"}


class TestThreshold(PrunerContract):
    pruner = "threshold"
    values: ClassVar = {"high": 3.0}
    values_for_maximum: ClassVar = {"low": -3.0}
    spares_leader = False
    skips_missing = False


def test_every_built_in_kind_is_here():
    tested = {kind.pruner for kind in PrunerContract.__subclasses__()}
    # `bands` goes by reports and not by progress, as W&B has it: tests/search/test_bands.py
    assert tested | {"bands"} == set(plugins.names("pruners"))
