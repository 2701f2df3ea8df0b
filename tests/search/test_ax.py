"""What is Ax's own among the engines, and its libraries'."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ASK = """
from tests.contracts.kinds import KINDS
from tests.search.kit import ask

kind = KINDS["ax-multi"]
assert ask(kind.study(), kind.history(12)) is not None
"""


def test_several_objectives_wait_for_no_compiler(tmp_path: Path) -> None:
    """BoTorch would compile a kernel, and wait for a lock that a killed process left."""
    left = tmp_path / "logei_fused_ext" / "lock"
    left.parent.mkdir()
    left.touch()
    environ = {**os.environ, "TORCH_EXTENSIONS_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", ASK], env=environ, check=True, timeout=120)
    assert list(tmp_path.rglob("*.*")) == []
