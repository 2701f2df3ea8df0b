"""From settings to tokens, once per study: the first who needs them makes them, under a lock; the others read them.

    cache/tokens-KEY/{train,validation,test}.{ids,learnt,starts,rows}.npy, held.jsonl, facts.json

KEY is made of the tokenizer, the files and the settings that change a token. The directory appears as a whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hptui.model.errors import UserError
from hptui.storage.rundir import read_json, write_json
from hptui.trainers.alone import alone
from hptui.trainers.data import sanity, split
from hptui.trainers.data.layout import Chat, Example, Layout
from hptui.trainers.data.read import place
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.data.tokens import Counts, Tokens, encode

VERSION = 2
"""To be raised when the same settings give other tokens than before."""
LATER = {"train_samples", "eval_samples", "padding", "packing"}
"""Settings that choose among tokens and change none."""
FACTS, HELD = "facts.json", "held.jsonl"


@dataclass(frozen=True, slots=True)
class Held:
    """A held-out example as text: what the model is asked, and what it should answer."""

    row: int
    prompt: str
    reference: str


@dataclass(frozen=True, slots=True)
class Data:
    """The tokens of a study. `facts` and `warnings` were found when they were made."""

    tokens: Mapping[str, Tokens]
    facts: Mapping[str, Any]
    warnings: Sequence[str]
    folder: Path

    def held(self, name: str) -> list[Held]:
        """The held-out examples of a split that have a prompt."""
        with (self.folder / HELD).open(encoding="utf-8") as file:
            found = map(json.loads, file)
            return [Held(one["row"], one["prompt"], one["reference"]) for one in found if one["split"] == name]


def load(settings: DataSettings, directory: Path, cache: Path, tokenizer: Any) -> Data:
    """The tokens of these settings, from the cache where they are there."""
    folder = cache / f"tokens-{key(settings, directory, tokenizer)}"
    if not (folder / FACTS).is_file():
        with alone(cache / "tokens.lock"):
            if not (folder / FACTS).is_file():
                _make(settings, directory, folder, tokenizer)
    told = read_json(folder / FACTS)
    assert isinstance(told, dict)
    return Data({name: Tokens.load(folder, name) for name in split.NAMES}, told["facts"], told["warnings"], folder)


def key(settings: DataSettings, directory: Path, tokenizer: Any) -> str:
    """What tokens depend on, as a short name. A file counts by path, size and time of change."""
    chosen = {f.name: getattr(settings, f.name) for f in fields(DataSettings) if f.name not in LATER}
    files = [_stamp(place(source, directory)) for source in (settings.train, settings.validation, settings.test)]
    text = json.dumps([VERSION, chosen, files, str(directory), fingerprint(tokenizer)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stamp(path: Path | None) -> list[Any]:
    if path is None:
        return []
    found = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return [(str(file), facts.st_size, facts.st_mtime_ns) for file in found for facts in [file.stat()]]


def fingerprint(tokenizer: Any) -> str:
    """A tokenizer by what it does, not by where it lies."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    told = backend.to_str() if backend is not None else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    text = json.dumps([told, tokenizer.chat_template, tokenizer.eos_token_id, tokenizer.bos_token_id], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def chat_of(tokenizer: Any) -> Chat | None:
    """The chat template of a tokenizer, if it has one."""
    if not tokenizer.chat_template:
        return None

    def write(messages: Sequence[Mapping[str, str]], begin: bool) -> str:
        try:
            written: str = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=begin)
        except Exception as error:
            raise UserError(f"the tokenizer's chat template refuses these messages: {error}") from error
        return written

    return write


def _make(settings: DataSettings, directory: Path, folder: Path, tokenizer: Any) -> None:
    beside = folder.with_name(f".tmp-{folder.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    splits = split.load(settings, directory)
    layout = Layout(settings, split.columns(splits.rows["train"]), plain=splits.plain, chat=chat_of(tokenizer))
    counts, examples = dict[str, Counts](), dict[str, list[Example]]()
    for name in split.NAMES:
        rows = splits.rows[name]
        if rows:
            layout.check(name, split.columns(rows))
        made = [layout.example(index, row) for index, row in enumerate(rows)]
        examples[name] = [one for one in made if one is not None]
        counts[name] = Counts(rows=len(rows), empty=len(rows) - len(examples[name]))
        encode(examples[name], settings, tokenizer, counts[name]).save(beside, name)
        if rows and not counts[name].examples:
            raise UserError(f"{name}: none of its {len(rows)} rows can be used: {_why(counts[name])}")
    warnings = [
        *splits.warnings,
        *sanity.of_columns(splits.rows["train"], layout.used),
        *sanity.of_duplicates(examples),
        *sanity.of_sizes(counts, settings),
    ]
    with (beside / HELD).open("w", encoding="utf-8") as file:
        for name in ("validation", "test"):
            for one in examples[name]:
                if one.prompt:
                    told = {"split": name, "row": one.row, "prompt": one.prompt, "reference": one.reference}
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")
    write_json(beside / FACTS, {"facts": _facts(splits, counts), "warnings": warnings})
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(beside, folder)


def _why(counts: Counts) -> str:
    told = {"empty columns": counts.empty, "too long": counts.too_long, "nothing left to learn": counts.unanswered}
    return ", ".join(f"{count} {what}" for what, count in told.items() if count)


def _facts(splits: split.Splits, counts: Mapping[str, Counts]) -> dict[str, Any]:
    total = sum(found.examples for found in counts.values())
    facts: dict[str, Any] = {}
    for name, found in counts.items():
        if found.rows:
            facts[f"{name}_examples"] = found.examples
            facts[f"{name}_percent"] = round(100 * found.examples / total, 2)
            facts[f"{name}_source"] = splits.how[name]
            facts[f"{name}_tokens"] = found.tokens
            facts[f"{name}_learnt_tokens"] = found.learnt
            facts[f"{name}_truncated"] = found.truncated
            facts[f"{name}_longest"] = found.longest
            facts[f"{name}_left_out"] = found.empty + found.too_long + found.unanswered
    return facts
