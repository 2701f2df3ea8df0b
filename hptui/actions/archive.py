"""Write a whole study as one `.tar.gz`, also while it runs.

The store is copied by SQLite's backup, since a copy of the live file may be inconsistent.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

from hptui.model.errors import MachineError, UserError
from hptui.results.view import read_view
from hptui.storage.paths import StudyDir
from hptui.storage.reader import StoreReader

EXCLUDED_ENTRIES = {"study.db", "study.db-wal", "study.db-shm", "study.lock", ".ballast", "cache"}
"""Entries of the study directory that are not copied: the store (a backup replaces it), locks, caches."""


def archive(sd: StudyDir, output: Path, *, checkpoints: bool = True) -> int:
    """Write the study to `output`; return the number of files in it.

    The file is readable by its owner only, and appears whole or not at all.

    Raises: `UserError` when `output` lies inside the study, `MachineError` when it cannot be written.
    """
    if output.is_dir():
        output = output / f"{sd.name}.tar.gz"
    if output.resolve().is_relative_to(sd.root.resolve()):
        raise UserError(f"{output} lies inside the study that is to be archived", hint="choose another place with -o")
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
            count = _write_files(tar, sd, checkpoints=checkpoints)
        os.replace(temporary, output)
    except OSError as error:
        raise MachineError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_files(tar: tarfile.TarFile, sd: StudyDir, *, checkpoints: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        copy = Path(folder) / "study.db"
        with StoreReader(sd) as reader:
            reader.backup(copy)
        tar.add(copy, f"{sd.name}/study.db")
    count = 1
    for path in _files(sd, checkpoints=checkpoints):
        count += _add(tar, path, f"{sd.name}/{path.relative_to(sd.root)}")
    for path, name in _external_checkpoints(sd) if checkpoints else ():
        count += _add(tar, path, f"{sd.name}/{name}")
    return count


def _external_checkpoints(sd: StudyDir) -> list[tuple[Path, str]]:
    """Return checkpoints outside the study directory, each with its path inside it as the archive has it."""
    view = read_view(sd)
    files: list[tuple[Path, str]] = []
    for trial in view.trials if view.study.checkpoint_directory else ():
        folder = sd.checkpoints(trial.number, view.study.checkpoint_directory, view.row.uuid)
        relative = sd.checkpoints(trial.number).relative_to(sd.root)
        entries = sorted(folder.rglob("*")) if folder.is_dir() and folder != sd.checkpoints(trial.number) else []
        complete = [path for path in entries if path.is_file() and not path.is_symlink() and not _is_partial(path)]
        files += [(path, str(relative / path.relative_to(folder))) for path in complete]
    return files


def _is_partial(path: Path) -> bool:
    """Return True when a file belongs to a checkpoint that is being written or deleted."""
    return any(part.startswith((".tmp-", ".old-")) for part in path.parts)


def _files(sd: StudyDir, *, checkpoints: bool) -> list[Path]:
    """Return the plain files of the study. Links are left out: what they point to is not of this study."""
    paths: list[Path] = []
    for folder, names, files in os.walk(sd.root):
        directory = Path(folder)
        if directory == sd.root:
            names[:] = [name for name in names if name not in EXCLUDED_ENTRIES]
            files = [name for name in files if name not in EXCLUDED_ENTRIES]
        if not checkpoints:
            names[:] = [name for name in names if name != "checkpoints"]
        names.sort()
        paths += [directory / name for name in sorted(files) if name != "lock" and not name.endswith(".tmp")]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _add(tar: tarfile.TarFile, path: Path, name: str) -> int:
    """Add a file in its present size, though it may change meanwhile. Return 1, or 0 if it is gone."""
    try:
        with path.open("rb") as file:
            info = tar.gettarinfo(arcname=name, fileobj=file)
            data = _FixedSizeFile(file, info.size)
            tar.addfile(info, data)
    except FileNotFoundError:
        return 0
    return 1


class _FixedSizeFile(io.RawIOBase):
    """The first `size` bytes of a file, padded with zeros where it has become shorter."""

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= wanted
        return data + b"\0" * (wanted - len(data))
