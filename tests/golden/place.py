"""Where golden things happen: a place of a fixed name, so that paths are the same everywhere; its surroundings."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLACE = Path("/tmp/hptui-golden")
HOME, FILES = PLACE / "home", PLACE / "files"
ARCHIVE, INPUTS, RECORDS = HERE / "home.tar.xz", HERE / "inputs.json.xz", HERE / "records"
KEPT = ("PATH", "LANG", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


@contextmanager
def place() -> Iterator[Path]:
    """The place, empty and ours alone while it is used."""
    with (PLACE.parent / "hptui-golden.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"waiting: another recorder uses {PLACE}\n")
            fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(mode=0o700)
        (PLACE / "user").mkdir()
        (PLACE / "out").mkdir()
        try:
            yield PLACE
        finally:
            shutil.rmtree(PLACE, ignore_errors=True)


def unpack(archive: Path) -> None:
    """An archive's files as they were, times included."""
    with tarfile.open(archive) as tar:
        tar.extractall(PLACE, filter="fully_trusted")


def environment(home: Path = HOME, *, frozen: bool = True, **more: str) -> dict[str, str]:
    """What the program sees of this machine: as little as can be."""
    found = {name: os.environ[name] for name in KEPT if name in os.environ}
    found["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{found.get('PATH', '')}"
    if frozen:
        found["HPTUI_GOLDEN_NOW"] = str(json.loads((PLACE / "made.json").read_text())["now"])
    return {
        **found,
        "PYTHONPATH": os.pathsep.join((str(HERE / "site"), str(ROOT))),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(PLACE / "user"),
        "XDG_CONFIG_HOME": str(PLACE / "user" / "config"),
        "XDG_CACHE_HOME": str(PLACE / "user" / "cache"),
        "MPLCONFIGDIR": str(PLACE / "user" / "mpl"),
        "HPTUI_HOME": str(home),
        "HPTUI_CACHE": str(PLACE / "cache"),
        "USER": "golden",
        "LOGNAME": "golden",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "TERM": "dumb",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def hptui(*words: str, env: Mapping[str, str], timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """The program, as a person calls it."""
    command = [sys.executable, "-P", "-m", "hptui", *words]
    return subprocess.run(
        command, env=dict(env), cwd=PLACE, capture_output=True, text=True, timeout=timeout, check=False
    )
