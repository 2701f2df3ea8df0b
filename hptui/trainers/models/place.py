"""Where the models and data sets that hptui makes are kept: once per HOME, whatever study asks first.

    HOME/.cache/models/small-llama-KEY/      config, weights, tokenizer, hptui.json (its recipe)
    HOME/.cache/data/arithmetic-KEY.jsonl

KEY is made of everything that decides what is made: another recipe or another version of a library has another place.
A process that needs one waits for the process that makes it. `$HPTUI_CACHE` names another directory than HOME/.cache.
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

from hptui.model.errors import Absent, UserError, did_you_mean
from hptui.storage.paths import find_home
from hptui.storage.rundir import write_atomic
from hptui.trainers.alone import alone
from hptui.trainers.models.data import SETS
from hptui.trainers.models.data import VERSION as DATA_VERSION
from hptui.trainers.models.recipes import RECIPES

PREFIX = "hptui:"
LIBRARIES = ("torch", "transformers", "tokenizers")
LOOK = "HPTUI_LOOK"
"""In the environment of a process that only looks, and makes no model."""
DONE = "hptui.json"
"""Written last: a directory that has it is whole."""


def ours(name: str) -> bool:
    """Whether a model or data set is one that hptui makes."""
    return name.startswith(PREFIX)


def cache() -> Path:
    """The directory of all that is made."""
    chosen = os.environ.get("HPTUI_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else find_home() / ".cache"


def check(setting: str, name: str) -> str:
    """The name without its prefix, if there is such a thing; else `UserError`."""
    known: Iterable[str] = SETS if setting in ("train", "validation", "test") else RECIPES
    short = name.removeprefix(PREFIX)
    if short not in known:
        what = "data set" if known is SETS else "model"
        hint = did_you_mean(name, [PREFIX + one for one in known])
        raise UserError(f"{setting}: hptui makes no {what} {name!r}", hint=hint)
    return short


def model(name: str, setting: str = "model") -> Path:
    """The directory of a model, as `from_pretrained` takes it. Made now where it is not there: about a minute."""
    short = check(setting, name)
    recipe = RECIPES[short]
    versions = {library: importlib.metadata.version(library) for library in LIBRARIES}
    folder = cache() / "models" / f"{short}-{_key([asdict(recipe), versions, DATA_VERSION])}"
    if not (folder / DONE).is_file():
        if os.environ.get(LOOK):
            raise Absent(f"{setting}: {name} is made by the first study that needs it, in about a minute")
        with alone(folder.with_name(f"{folder.name}.lock")):
            if not (folder / DONE).is_file():
                _build(short, folder)
    return folder


def _build(short: str, folder: Path) -> None:
    from hptui.trainers.models.build import build

    print(f"making the base model {PREFIX}{short}, once for all studies: {folder}", flush=True)
    beside = folder.with_name(f".tmp-{folder.name}")
    for leftover in (beside, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    build(RECIPES[short], beside)
    os.rename(beside, folder)


def dataset(name: str, setting: str = "train") -> Path:
    """The file of a data set: JSONL. Made now where it is not there: some seconds."""
    short = check(setting, name)
    file = cache() / "data" / f"{short}-{_key([DATA_VERSION])}.jsonl"
    if not file.is_file():
        with alone(file.with_suffix(".lock")):
            if not file.is_file():
                rows = SETS[short]()
                write_atomic(file, "".join(json.dumps(row) + "\n" for row in rows).encode())
    return file


def _key(parts: list[object]) -> str:
    """The text of Python's library, which goes with its version, is part of everything."""
    told = json.dumps([platform.python_version(), *parts], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
