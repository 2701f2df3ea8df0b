"""The text that `charlm` learns: a file, a directory of files, or the docstrings of Python's standard library.

The docstrings are real prose and on every machine. They are read with `ast`, so nothing is imported or run; the result
is kept in the study's cache, made once however many trials start together.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import random
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hptui.model.errors import UserError
from hptui.storage.rundir import write_atomic
from hptui.trainers.alone import alone
from hptui.trainers.charlm.settings import Settings

SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo", "__pycache__"}
SUFFIXES = {".txt", ".md", ".rst", ".tex", ".py"}
BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Characters as numbers: indices into `vocabulary`. The validation text is the end of the text."""

    train: Tensor  # (characters,) int32
    validation: Tensor  # (characters,) int32
    vocabulary: str

    def encode(self, text: str) -> list[int]:
        """The numbers of the characters that are known; others are left out."""
        return [self.vocabulary.index(char) for char in text if char in self.vocabulary]

    def decode(self, ids: list[int]) -> str:
        return "".join(self.vocabulary[number] for number in ids)


def load(settings: Settings, directory: Path, cache: Path) -> Corpus:
    """The text of one trial, split and numbered. `directory` is what a relative path starts from."""
    limit = settings.train_chars
    text = read(directory / Path(settings.text).expanduser(), limit) if settings.text else docstrings(limit, cache)
    codes = torch.frombuffer(bytearray(text.encode("utf-32-le", errors="replace")), dtype=torch.int32)
    known, numbers = torch.unique(codes, return_inverse=True)
    kept = round(len(text) * settings.validation)
    ids = numbers.to(torch.int32)
    corpus = Corpus(ids[: len(text) - kept], ids[len(text) - kept :], "".join(map(chr, known.tolist())))
    shortest = min(len(corpus.train), len(corpus.validation))
    if shortest <= settings.max_seq_len:
        raise UserError(
            f"the text is too short for max_seq_len={settings.max_seq_len}: {len(corpus.train)} characters to train on "
            f"and {len(corpus.validation)} for validation",
        )
    return corpus


def read(path: Path, limit: int) -> str:
    """The text of a file, or of all text files in a directory by name, up to `limit` characters (0: all)."""
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
        length += len(parts[-1]) + len(BREAK)
        if limit and length > limit:
            break
    return _cut(BREAK.join(parts), limit)


def docstrings(limit: int, cache: Path) -> str:
    """The docstrings of the standard library, from the cache when they are there."""
    root = sysconfig.get_path("stdlib")
    key = hashlib.sha256(f"{root} {platform.python_version()} {limit}".encode()).hexdigest()[:16]
    kept = cache / f"docstrings-{key}.txt"
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(cache / "docstrings.lock"):
        if not kept.exists():
            write_atomic(kept, _extract(Path(root), limit).encode())
    return kept.read_text(encoding="utf-8")


def _extract(root: Path, limit: int) -> str:
    found: dict[str, None] = {}  # in order, each once
    length = 0
    for file in _modules(root):
        for text in _docstrings_of(file):
            if text not in found and text.isascii():
                found[text] = None
                length += len(text) + len(BREAK)
        if limit and length > limit:
            break
    if not found:
        raise UserError(f"no source of Python's library in {root}", hint="set text to a file or directory of your own")
    return _cut(BREAK.join(found), limit)


def _modules(root: Path) -> list[Path]:
    """The library's modules in an order that mixes subjects, the same everywhere: validation is like training."""
    files = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in SKIPPED and not name.startswith("config-")]
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
