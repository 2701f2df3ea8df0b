"""Time limits of processes on a machine that is too busy to let them run."""

from __future__ import annotations

import subprocess
import sys

from hptui.core import time_given
from hptui.core.time_given import TimeGiven


def test_a_process_that_is_kept_from_running_has_more_time(monkeypatch):
    """On a machine that is too busy for it; one that hangs waits for no processor, and nothing stretches for ever."""
    now, waited = [100.0], [5.0]
    monkeypatch.setattr(time_given, "waited_s", lambda _: waited[0])
    monkeypatch.setattr(time_given.time, "monotonic", lambda: now[0])
    given = TimeGiven(1)
    for elapsed, kept_waiting, exceeded in (
        (299, 0, False),
        (301, 0, True),
        (301, 2, False),
        (3000, 2690, True),
        (3000, 2699, True),
        (3000, 2701, False),
        (3000, 2600, True),
        (3601, 3600, True),
    ):
        now[0], waited[0] = 100.0 + elapsed, 5.0 + kept_waiting
        assert given.exceeds(300) is exceeded, (elapsed, kept_waiting)


def test_a_process_that_sleeps_waits_for_no_processor():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert time_given.waited_s(child.pid) >= 0
        child.communicate(b"\n")
    assert time_given.waited_s(2**22 + 1) == 0.0
