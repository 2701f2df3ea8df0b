"""Memory of a process tree: what its processes share counts once."""

import os
import subprocess
import sys

import psutil
import pytest

from hptui.execution.local.usage import GpuUse, _Watched, memory_of, sample_tree

pytestmark = pytest.mark.process
SHARED_MIB = 80
TREE = f"""
import os, sys, time
block = bytearray(os.urandom(1 << 20) * {SHARED_MIB})
children = []
for _ in range(3):
    pid = os.fork()
    if not pid:
        sum(block[::4096])
        sys.stdout.write(".")
        sys.stdout.flush()
        time.sleep(60)
    children.append(pid)
os.wait()
"""


def test_shared_pages_count_once():
    with subprocess.Popen([sys.executable, "-c", TREE], stdout=subprocess.PIPE) as root:
        try:
            assert len(root.stdout.read(3)) == 3
            sample = sample_tree(_Watched("one", root.pid, 0.0), GpuUse({}, {}, {}))
            added = sum(p.memory_info().rss for p in [psutil.Process(root.pid), *psutil.Process(root.pid).children()])
            assert added > 4 * SHARED_MIB * (1 << 20), "each process maps all of it"
            assert SHARED_MIB <= sample.rss_gb * 1024 < 1.7 * SHARED_MIB
        finally:
            for child in psutil.Process(root.pid).children():
                child.kill()
            root.kill()


def test_without_permission_it_is_what_the_system_tells(monkeypatch):
    own = psutil.Process(os.getpid())
    assert memory_of(own) > 0
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: (_ for _ in ()).throw(PermissionError()))
    assert memory_of(own) == own.memory_info().rss
