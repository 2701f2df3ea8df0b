"""The text that `charlm` learns: a file, a directory of files, or the docstrings of Python's standard library.

The docstrings are real prose and on every machine. They are read with `ast`, so nothing is imported or run; the result
is kept in the study's cache, and made only once when several trials start together.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.store.run_directory import exclusive_lock, write_atomic
from hptui.trainers.charlm.settings import CharlmSettings

SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo", "__pycache__"}
"""Directories of the standard library that are not read."""
SUFFIXES = {".txt", ".md", ".rst", ".tex", ".py"}
"""Files of a directory that are text."""
TEXT_SEPARATOR = "\n\n"
"""Separator of joined texts."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Text as numbers, which are indices into `vocabulary`. The validation text is the end of the text."""

    train: Tensor  # (characters,) int32
    validation: Tensor  # (characters,) int32
    vocabulary: str

    def encode(self, text: str) -> list[int]:
        """Return the numbers of the characters in the vocabulary; other characters are left out."""
        return [self.vocabulary.index(char) for char in text if char in self.vocabulary]

    def decode(self, ids: list[int]) -> str:
        """Return the text of numbers."""
        return "".join(self.vocabulary[number] for number in ids)


def load(settings: CharlmSettings, directory: Path, cache: Path) -> Corpus:
    """Return the text of one trial, split and numbered. `directory` is the base of a relative path.

    Raises: UserError if the text is missing or too short.
    """
    limit = settings.train_chars
    text = read(directory / Path(settings.text).expanduser(), limit) if settings.text else docstrings(limit, cache)
    codes = torch.frombuffer(bytearray(text.encode("utf-32-le", errors="replace")), dtype=torch.int32)
    used_codes, indices = torch.unique(codes, return_inverse=True)
    held_out = round(len(text) * settings.validation)
    ids = indices.to(torch.int32)
    corpus = Corpus(ids[: len(text) - held_out], ids[len(text) - held_out :], "".join(map(chr, used_codes.tolist())))
    shortest = min(len(corpus.train), len(corpus.validation))
    if shortest <= settings.max_seq_len:
        raise UserError(
            f"the text is too short for max_seq_len={settings.max_seq_len}: {len(corpus.train)} characters to train on "
            f"and {len(corpus.validation)} for validation",
        )
    return corpus


def read(path: Path, limit: int) -> str:
    """Return the text of a file, or of a directory's text files by name.

    At most `limit` characters are returned; 0 means all.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
        if not files:
            raise UserError(f"text: no text file in {path}", hint=f"looked for {' '.join(sorted(SUFFIXES))}")
    elif path.is_file():
        files = [path]
    else:
        raise UserError(f"text: there is no file or directory {path}")
    parts, length = [], 0
    for file in files:
        parts.append(file.read_text(encoding="utf-8", errors="replace"))
        length += len(parts[-1]) + len(TEXT_SEPARATOR)
        if limit and length > limit:
            break
    return _cut(TEXT_SEPARATOR.join(parts), limit)


def docstrings(limit: int, cache: Path) -> str:
    """Return the docstrings of the standard library, up to `limit` characters, from the cache if there."""
    root = sysconfig.get_path("stdlib")
    key = hashlib.sha256(f"{root} {platform.python_version()} {limit}".encode()).hexdigest()[:16]
    path = cache / f"docstrings-{key}.txt"
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    with exclusive_lock(cache / "docstrings.lock"):  # trials that start together need the same file
        if not path.exists():
            write_atomic(path, _extract(Path(root), limit).encode())
    return path.read_text(encoding="utf-8")


def _extract(root: Path, limit: int) -> str:
    texts: dict[str, None] = {}  # in order, each once
    length = 0
    for file in _modules(root):
        for text in _docstrings_of(file):
            if text not in texts and text.isascii():
                texts[text] = None
                length += len(text) + len(TEXT_SEPARATOR)
        if limit and length > limit:
            break
    if not texts:
        raise UserError(f"no source of Python's library in {root}", hint="set text to a file or directory of your own")
    return _cut(TEXT_SEPARATOR.join(texts), limit)


def _modules(root: Path) -> list[Path]:
    """Return the library's modules in a shuffled order that is the same on all machines.

    Subjects are mixed, so that the validation text at the end resembles the training text.
    """
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        files += [Path(folder, name).relative_to(root).as_posix() for name in names if name.endswith(".py")]
    files.sort()
    random.Random(0).shuffle(files)
    return [root / file for file in files]


def _docstrings_of(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def _cut(text: str, limit: int) -> str:
    return text[:limit] if limit else text
