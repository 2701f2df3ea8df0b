"""The clock of a recorded program stands still, and so may its machine: Python loads this module at its start."""

import os
import time

if now := os.environ.get("HPTUI_GOLDEN_NOW"):
    time.time = lambda: float(now)
    time.time_ns = lambda: int(float(now) * 1e9)

if machine := os.environ.get("HPTUI_GOLDEN_MACHINE"):
    import pathlib
    import shutil

    read_text = pathlib.Path.read_text
    told = {"/proc/stat": f"{machine}/stat", "/proc/meminfo": f"{machine}/meminfo"}
    pathlib.Path.read_text = lambda self, *args, **more: read_text(
        pathlib.Path(told.get(str(self), self)), *args, **more
    )
    total, free = 500 << 30, 120 << 30
    shutil.disk_usage = lambda path: shutil._ntuple_diskusage(total, total - free, free)
    os.cpu_count = lambda: 8
