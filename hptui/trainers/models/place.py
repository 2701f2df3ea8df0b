"""The cache of models and data sets that hptui makes: once per HOME, for all studies.

    HOME/.cache/models/small-llama-KEY/      config, weights, tokenizer, hptui.json (its recipe)
    HOME/.cache/data/arithmetic-KEY.jsonl

KEY is a hash of everything that decides the content: another recipe or another version of a library has another path.
A process that needs an entry waits for the process that makes it. `$HPTUI_CACHE` replaces HOME/.cache.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from hptui.core.errors import NotAvailable, UserError, did_you_mean
from hptui.store.paths import find_home
from hptui.store.run_directory import exclusive_lock, write_atomic
from hptui.trainers.models.data import DATA_SETS
from hptui.trainers.models.data import VERSION as DATA_VERSION
from hptui.trainers.models.recipes import RECIPES

PREFIX = "hptui:"
"""Prefix of the names of what hptui makes."""
LIBRARIES = ("torch", "transformers", "tokenizers")
"""Libraries whose versions are part of a model's key."""
INSPECT_ONLY_VARIABLE = "HPTUI_LOOK"
"""Environment variable of a process that only inspects a study, and makes no model."""
RECIPE_FILE = "hptui.json"
"""A file that is written last: a directory that has it is complete."""


def is_builtin(name: str) -> bool:
    """Return whether a model or data set is one that hptui makes."""
    return name.startswith(PREFIX)


def cache_folder() -> Path:
    """Return the directory of the cache."""
    chosen = os.environ.get("HPTUI_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else find_home() / ".cache"


def builtin_name(setting: str, name: str) -> str:
    """Return the name without its prefix. Raises: UserError if there is no such model or data set."""
    names: Iterable[str] = DATA_SETS if setting in ("train", "validation", "test") else RECIPES
    short = name.removeprefix(PREFIX)
    if short not in names:
        noun = "data set" if names is DATA_SETS else "model"
        hint = did_you_mean(name, [PREFIX + entry for entry in names])
        raise UserError(f"{setting}: hptui makes no {noun} {name!r}", hint=hint)
    return short


def model_folder(name: str, setting: str = "model") -> Path:
    """Return the directory of a model, for `from_pretrained`. It is made if missing: about a minute.

    Raises: NotAvailable if it is missing and this process only inspects.
    """
    short = builtin_name(setting, name)
    recipe = RECIPES[short]
    versions = {library: importlib.metadata.version(library) for library in LIBRARIES}
    folder = cache_folder() / "models" / f"{short}-{_key([asdict(recipe), versions, DATA_VERSION])}"
    if not (folder / RECIPE_FILE).is_file():
        if os.environ.get(INSPECT_ONLY_VARIABLE):
            raise NotAvailable(f"{setting}: {name} is made by the first study that needs it, in about a minute")
        with exclusive_lock(folder.with_name(f"{folder.name}.lock")):  # other trials wait for this one to make it
            if not (folder / RECIPE_FILE).is_file():
                _build(short, folder)
    return folder


def _build(short: str, folder: Path) -> None:
    from hptui.trainers.models.build import build

    print(f"making the base model {PREFIX}{short}, once for all studies: {folder}", flush=True)
    temporary = folder.with_name(f".tmp-{folder.name}")
    for leftover in (temporary, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True, mode=0o700)
    build(RECIPES[short], temporary)
    os.rename(temporary, folder)


def dataset_file(name: str, setting: str = "train") -> Path:
    """Return the JSONL file of a data set. It is made if missing: some seconds."""
    short = builtin_name(setting, name)
    file = cache_folder() / "data" / f"{short}-{_key([DATA_VERSION])}.jsonl"
    if not file.is_file():
        with exclusive_lock(file.with_suffix(".lock")):  # other trials wait for this one to make it
            if not file.is_file():
                rows = DATA_SETS[short]()
                write_atomic(file, "".join(json.dumps(row) + "\n" for row in rows).encode())
    return file


def _key(parts: list[object]) -> str:
    """Return a short hash of parts and the version of Python, whose library is the text that is learnt."""
    text = json.dumps([platform.python_version(), *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
