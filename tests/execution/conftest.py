"""GPUs as a fake driver shows them, and a place for their locks."""

import json
import sys
from pathlib import Path

import pytest

from hptui.execution.local import lock_directory, nvml

FAKES = Path(__file__).parent.parent / "fakes"


@pytest.fixture
def own_locks(tmp_path, monkeypatch):
    roots = (tmp_path / "tmp", tmp_path / "var")
    for root in roots:
        root.mkdir()
    monkeypatch.setattr(lock_directory, "ROOTS", roots)
    for name in ("TMPDIR", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)
    nvml.initialised.cache_clear()
    yield
    nvml.initialised.cache_clear()


@pytest.fixture
def world(tmp_path, monkeypatch, own_locks):
    """Two fake GPUs; call it with what they are doing."""
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.setenv("FAKE_NVML", str(tmp_path / "world.json"))
    nvml.initialised.cache_clear()

    def tell(**doing):
        (tmp_path / "world.json").write_text(json.dumps(doing))

    yield tell
    sys.modules.pop("pynvml", None)
