"""What a script finds in a trial's own directory: links to what it reads, and folders that it writes into."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.outputs.written import READ_TOO

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript

CODE_SUFFIXES = (".py", ".pyc", ".md", ".rst", ".toml", ".lock", ".cfg", ".sh", ".ipynb", ".in")
"""Endings of files that a training does not read."""
CODE_FILES = (".py", ".sh")
"""Endings of files that a script may start."""
OUTPUT_FOLDERS = {"runs", "wandb", "outputs", "output", "lightning_logs", "logs", "results", "mlruns", "multirun",
                  "figures", "figs", "plots"}  # fmt: skip
"""Usual names of folders that trainings write to."""
USUAL_OUTPUTS = re.compile(
    r"(?:.*_)?(?:runs?|wandb|outputs?|out|logs?|results?|checkpoints?|ckpts?|saves?|saved|models?|weights|figures?|figs?|plots?|"
    r"lightning_logs|mlruns|multirun|tmp|temp|exps?|experiments?|tensorboard|tb)(?:_.*)?",
    re.IGNORECASE,
)
"""Names of folders that trainings write to: of what lies there a trial gets what the script surely reads."""
ABOUT_PROJECT = ("LICENSE", "Makefile", "Dockerfile", "requirements.txt", "environment.yml", "docs", "tests",
                 "node_modules", "build", "dist")  # fmt: skip
"""Entries of a project that a training does not read."""
MAX_LINKS = 16
"""Entries of a directory up to which all that may be read are linked to, named by the script or not."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Paths below the directory where a script starts: `linked` are read, `own` are folders that each trial gets."""

    linked: list[str]
    own: list[str]


def entries_of(inspected: InspectedScript, start: Path) -> Entries | None:
    """Return what a script needs of the directory where it starts.

    None: it reads files above it, starts scripts that are there, or reads what it also writes into.
    """
    defaults = [option.default for option in inspected.options if isinstance(option.default, str)]
    given = [word.partition("=")[2] or word for word in inspected.words]
    texts = {text for text in (*inspected.texts, *defaults, *given) if text.strip("./ ")}
    if any(text.startswith("..") and _is_there(start, text) for text in texts):
        return None
    if any(text.endswith(CODE_FILES) and not text.startswith("/") and _is_there(start, text) for text in texts):
        return None
    places = _Places(inspected, start, texts)
    own = set[str]()
    for name in places.mixed():
        if places.is_unclear(name):
            return None
        own |= places.needed(name)
    parts = {part for text in texts for part in (text, *Path(text).parts, Path(text).stem)}
    linked = [*places.whole(parts), *sorted(_outermost(places.read_one_by_one())), *sorted(places.downloaded())]
    return Entries(linked, sorted(path for path in own if not any(_lies_in(link, path) for link in linked)))


class _Places:
    """Knows what a script writes and reads below the directory where it starts."""

    def __init__(self, inspected: InspectedScript, start: Path, texts: Collection[str]) -> None:
        files = inspected.shared_files
        self._start = start
        self._made = _normal((*files.made, *files.made_folders))
        self._resumed = _normal(files.resumed)
        self._written = _normal((*files.resumed, *files.saved, *files.written, *files.made))
        self._folders = _normal(files.folders)
        read = _normal(files.read)
        self._read = read | self._folders | {folder for path in read if (folder := _known_folder(path))}
        self._named = {path for path in _normal(texts) | self._read if "*" not in path and _is_there(start, path)}
        self._of_results = {first for path in self._made if USUAL_OUTPUTS.fullmatch(first := _first(path))}
        self._of_results |= {*OUTPUT_FOLDERS, *ABOUT_PROJECT}

    def mixed(self) -> set[str]:
        """Return the folders there into which the script writes."""
        return {name for name in map(_first, self._written) if (self._start / name).is_dir()}

    def is_unclear(self, name: str) -> bool:
        """Return whether the source leaves open what is read of a folder, or where in it is written.

        What a script reads of a folder that is called as one of results is taken to be its own.
        """
        written = self._written_in(name)
        read = {path for path in self._read if _lies_in(path, name)} - self._resumed - written
        around = [path for path in read if "*" in path or any(_lies_in(other, path) for other in written)]
        is_of_results = USUAL_OUTPUTS.fullmatch(name) is not None and READ_TOO.fullmatch(name.lower()) is None
        overwritten = any(fnmatchcase(path, other) for path in read & self._named for other in written)
        parents = {str(PurePosixPath(path).parent) for path in written}
        is_known = all("*" not in folder or folder in self._made or name in OUTPUT_FOLDERS for folder in parents)
        return bool(around and not is_of_results) or overwritten or not is_known

    def needed(self, name: str) -> set[str]:
        """Return the folders below one that must be there for what is written: the script does not make them."""
        parents = {str(PurePosixPath(path).parent) for path in self._written_in(name) if path not in self._made}
        known = {path for path in parents if path != "." and "*" not in path and (self._start / path).is_dir()}
        return {path for path in known if not any(_lies_in(other, path) for other in self._made)}

    def whole(self, parts: Collection[str]) -> list[str]:
        """Return the entries of the directory that may be read, none of which is written into.

        `parts` are those of the texts in the script.
        """
        skipped = {*map(_first, self._written), *(self._of_results - self._read)}
        entries = [path for path in sorted(self._start.iterdir()) if path.name not in skipped]
        entries = [path for path in entries if _may_be_read(path, parts)]
        is_many = len(entries) > MAX_LINKS
        return [path.name for path in entries if not is_many or path.name in parts or path.stem in parts]

    def read_one_by_one(self) -> set[str]:
        """Return what is read of folders that are not linked to as a whole."""
        mixed = self.mixed()
        surely = {path for path in self._named & self._read if _first(path) in mixed | (self._of_results - self._read)}
        named = {path for path in self._named if _first(path) in mixed and not USUAL_OUTPUTS.fullmatch(_first(path))}
        return {path for path in surely | named if not self._is_written(path)}

    def downloaded(self) -> set[str]:
        """Return the folders of data that are not there yet."""
        names = {_first(path) for path in self._folders} - {_first(path) for path in self._written}
        return {name for name in names if not (self._start / name).exists()}

    def _written_in(self, name: str) -> set[str]:
        return {path for path in self._written if _first(path) == name}

    def _is_written(self, path: str) -> bool:
        """Return whether a path may be one of those that are written, or a folder around one."""
        is_made = path in self._made and (self._start / path).is_dir()
        return is_made or any(fnmatchcase(path, other) or _lies_in(other, path) for other in self._written)


def _normal(texts: Collection[str]) -> set[str]:
    """Return paths as they are compared, those below the directory of the script alone."""
    paths = {posixpath.normpath(text) for text in texts if text and not text.startswith("/") and "\0" not in text}
    return {path for path in paths if path != "." and not path.startswith("..")}


def _known_folder(path: str) -> str:
    """Return the folder below another one that a path with unknown parts lies in, or ''.

    It is `a/b` of `a/b/*.txt`.
    """
    known = path.partition("*")[0].rpartition("/")[0] if "*" in path else ""
    return known if "/" in known else ""


def _first(path: str) -> str:
    return PurePosixPath(path).parts[0]


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _outermost(paths: Collection[str]) -> set[str]:
    return {path for path in paths if not any(path != other and _lies_in(path, other) for other in paths)}


def _is_there(start: Path, text: str) -> bool:
    try:
        return (start / text).exists()
    except (OSError, ValueError):
        return False


def _may_be_read(path: Path, parts: Collection[str]) -> bool:
    if path.name.startswith((".", "__")):
        return False
    if path.is_dir():
        return path.name in parts or any(
            inner.is_file() and inner.suffix not in CODE_SUFFIXES for inner in _below(path)
        )
    return path.suffix not in CODE_SUFFIXES or (path.name in parts and path.suffix not in CODE_FILES)


def _below(folder: Path) -> list[Path]:
    """Return the entries of a folder, and those of the folders in it."""
    try:
        entries = list(folder.iterdir())
        return entries + [inner for entry in entries if entry.is_dir() for inner in entry.iterdir()]
    except OSError:
        return []
