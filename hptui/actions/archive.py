"""A whole study as one `.tar.gz`, also while it runs: the store by SQLite's own backup, not by copying a live file."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

from hptui.model.errors import MachineError, UserError
from hptui.results.view import look
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader

LEFT_OUT = {"study.db", "study.db-wal", "study.db-shm", "study.lock", ".ballast", "cache"}
"""At the top of a study: the store, which comes as a backup; locks; what can be made again."""


def archive(sd: StudyDir, output: Path, *, checkpoints: bool = True) -> int:
    """Write the study to `output`; how many files are in it. Readable by its owner only, whole or not there at all."""
    if output.is_dir():
        output = output / f"{sd.name}.tar.gz"
    if output.resolve().is_relative_to(sd.root.resolve()):
        raise UserError(f"{output} lies inside the study that is to be archived", hint="choose another place with -o")
    beside = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
            count = _fill(tar, sd, checkpoints=checkpoints)
        os.replace(beside, output)
    except OSError as error:
        raise MachineError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count


def _fill(tar: tarfile.TarFile, sd: StudyDir, *, checkpoints: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="hptui-") as place:
        copy = Path(place) / "study.db"
        with Reader(sd) as reader:
            reader.backup(copy)
        tar.add(copy, f"{sd.name}/study.db")
    count = 1
    for path in _files(sd, checkpoints=checkpoints):
        count += _add(tar, path, f"{sd.name}/{path.relative_to(sd.root)}")
    for path, name in _elsewhere(sd) if checkpoints else ():
        count += _add(tar, path, f"{sd.name}/{name}")
    return count


def _elsewhere(sd: StudyDir) -> list[tuple[Path, str]]:
    """Checkpoints that `[resources] checkpoints` keeps outside of the study: in the archive they lie inside."""
    view = look(sd)
    found: list[tuple[Path, str]] = []
    for trial in view.trials if view.study.checkpoint_place else ():
        place = sd.checkpoints(trial.number, view.study.checkpoint_place, view.row.uuid)
        own = sd.checkpoints(trial.number).relative_to(sd.root)
        inside = sorted(place.rglob("*")) if place.is_dir() and place != sd.checkpoints(trial.number) else []
        whole = [path for path in inside if path.is_file() and not path.is_symlink() and not _torn(path)]
        found += [(path, str(own / path.relative_to(place))) for path in whole]
    return found


def _torn(path: Path) -> bool:
    """Whether a file belongs to a checkpoint that is being written or deleted."""
    return any(part.startswith((".tmp-", ".old-")) for part in path.parts)


def _files(sd: StudyDir, *, checkpoints: bool) -> list[Path]:
    """Plain files of the study, no links: what they point to is not of this study."""
    found: list[Path] = []
    for folder, names, files in os.walk(sd.root):
        here = Path(folder)
        if here == sd.root:
            names[:] = [name for name in names if name not in LEFT_OUT]
            files = [name for name in files if name not in LEFT_OUT]
        if not checkpoints:
            names[:] = [name for name in names if name != "checkpoints"]
        names.sort()
        found += [here / name for name in sorted(files) if name != "lock" and not name.endswith(".tmp")]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _add(tar: tarfile.TarFile, path: Path, name: str) -> int:
    """Add a file as long as it is now; it may grow meanwhile, shrink or vanish."""
    try:
        with path.open("rb") as file:
            info = tar.gettarinfo(arcname=name, fileobj=file)
            data = _Exactly(file, info.size)
            tar.addfile(info, data)
    except FileNotFoundError:
        return 0
    return 1


class _Exactly(io.RawIOBase):
    """A file's first `size` bytes; zeros where it has become shorter."""

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= wanted
        return data + b"\0" * (wanted - len(data))
