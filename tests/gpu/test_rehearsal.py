"""Checks of the card on the stand-in for NVML, whose trials write down the memory that they take."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from hptui.execution.local import nvml
from tests.gpu import checks_machine, studies
from tests.gpu.acceptance import Bench

FAKES = Path(__file__).parents[1] / "fakes"
ROOT = Path(__file__).parents[2]
TOTAL = 140 << 30
TAKES = f"""
        import os
        from pathlib import Path

        if share > 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 1.00 GiB.")
        Path(os.environ["REGISTRY"], str(os.getpid())).write_text("0 " + str(int((share or 0.01) * {TOTAL})))
        kernel = (lambda: None) if deaf else None
"""
"""What a trial of `holding` does in place of torch's allocations and kernels."""


@pytest.mark.process
@pytest.mark.parametrize("check", ["two_on_a_card", "hung_kernel"])
def test_a_check_is_green_on_a_sound_card(check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registry").mkdir()
    world = {"registry": str(tmp_path / "registry"), "names": ["H200"], "total": TOTAL, "cuda": 13000}
    (tmp_path / "world.json").write_text(json.dumps(world))
    monkeypatch.setenv("FAKE_NVML", str(tmp_path / "world.json"))
    monkeypatch.setenv("FAKE_NVML_MARK", uuid4().hex[:12])
    monkeypatch.setenv("REGISTRY", world["registry"])  # type: ignore[arg-type]
    monkeypatch.setenv("PYTHONPATH", f"{FAKES}:{ROOT}")
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    nvml.initialised.cache_clear()
    before, rest = studies.HOLDING.split("        held, kernel =")
    after = rest[rest.index("        trial.total_steps = 1") : rest.index("    def hang()")]
    monkeypatch.setattr(studies, "HOLDING", before + TAKES + after)
    bench = Bench(tmp_path / "work", cpu=False)
    bench.folder.mkdir()
    bench.patience = 10
    try:
        getattr(checks_machine, check)(bench)
    finally:
        nvml.initialised.cache_clear()
        sys.modules.pop("pynvml", None)
    assert [row for row in bench.rows if row["state"] != "ok" and "seconds" not in row["what"]] == []
    assert len(bench.rows) >= 3
