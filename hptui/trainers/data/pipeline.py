"""Tokens from settings, made once per study: the first process makes them under a lock, the others read them.

    cache/tokens-KEY/{train,validation,test}.{ids,learnt,starts,rows}.npy, held.jsonl, facts.json

KEY is a hash of the tokenizer, the files and the settings that change a token. The directory appears as a whole.
Warnings about the examples are stored with them."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.store.run_directory import exclusive_lock, read_json, write_json
from hptui.trainers.data import split
from hptui.trainers.data.endings import without_end
from hptui.trainers.data.layout import Chat, Example, ExampleLayout, cell_text
from hptui.trainers.data.read import Row, local_path
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.data.tokens import SplitCounts, Tokens, encode_examples

MIN_PRECISE_EXAMPLES = 100
"""Held-out examples below which a rate measured on them is imprecise: its interval exceeds 20 points."""
MIN_REPORTED_CUT_SHARE = 0.01
"""Share of truncated examples from which a warning is given."""


def column_warnings(rows: Sequence[Row], used: Iterable[str]) -> list[str]:
    """Return warnings about used columns that are constant or have empty cells."""
    warnings = []
    for name in used:
        cells = {cell_text(row.get(name)) for row in rows}
        if len(rows) > 1 and len(cells) == 1:
            value = next(iter(cells))
            warnings.append(f"the column {name!r} is the same in all {len(rows)} training rows: {_shortened(value)!r}")
            continue
        empty = sum(not cell_text(row.get(name)).strip() for row in rows)
        if empty:
            warnings.append(f"the column {name!r} is empty in {empty} of {len(rows)} training rows")
    return warnings


def duplicate_warnings(examples: Mapping[str, Sequence[Example]]) -> list[str]:
    """Return warnings about examples that are in two splits, or repeated among those trained on."""
    warnings = []
    train = Counter(example.text for example in examples.get("train", ()))
    train_prompts = {example.prompt for example in examples.get("train", ()) if example.prompt}
    for name in ("validation", "test"):
        held_out = examples.get(name, ())
        repeated_texts = sum(example.text in train for example in held_out)
        if repeated_texts:
            warnings.append(
                f"{repeated_texts} of {len(held_out)} {name} examples are also trained on: what is measured is memory"
            )
        prompts = sum(example.prompt in train_prompts for example in held_out) - repeated_texts
        if prompts > 0:
            warnings.append(f"{prompts} of {len(held_out)} {name} prompts are also trained on, with another completion")
    repeated = sum(train.values()) - len(train)
    if repeated:
        warnings.append(f"{repeated} of {sum(train.values())} training examples are repetitions of others")
    return warnings


def size_warnings(counts: Mapping[str, SplitCounts], settings: DataSettings) -> list[str]:
    """Return warnings about few held-out examples, truncated ones, and ones that were left out."""
    warnings = []
    for name, split_counts in counts.items():
        if name != "train" and 0 < split_counts.examples < MIN_PRECISE_EXAMPLES:
            points = 100 * 1.96 * math.sqrt(0.25 / split_counts.examples)
            warnings.append(
                f"the {name} set has {split_counts.examples} examples: a rate measured on it is known to about "
                f"{points:.0f} points either way, and a small difference of losses is chance"
            )
        if split_counts.truncated > MIN_REPORTED_CUT_SHARE * max(split_counts.rows, 1):
            share = 100 * split_counts.truncated / split_counts.rows
            warnings.append(
                f"{share:.1f} % of the {name} examples are cut at max_length={settings.max_length}; "
                f"the longest has {split_counts.longest} tokens"
            )
        for count, why in (
            (split_counts.empty, "have an empty column"),
            (split_counts.too_long, f"are longer than max_length={settings.max_length}"),
            (split_counts.unanswered, f"have nothing to learn within max_length={settings.max_length}"),
        ):
            if count:
                warnings.append(f"{count} of {split_counts.rows} {name} rows are left out: they {why}")
    return warnings


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


VERSION = 3
"""To be raised when the same settings give other tokens than before."""
TOKEN_NEUTRAL_SETTINGS = {"train_samples", "eval_samples", "padding", "packing"}
"""Settings that choose among tokens and change none."""
FACTS_FILE, HELD_OUT_FILE = "facts.json", "held.jsonl"


@dataclass(frozen=True, slots=True)
class HeldOutExample:
    """A held-out example as text: the model's prompt, and the answer that is expected."""

    row: int
    prompt: str
    reference: str


@dataclass(frozen=True, slots=True)
class StudyData:
    """The tokens of a study, with the facts and warnings from when they were made.

    `ends` are the tokens that end an answer, the most frequent first.
    """

    tokens: Mapping[str, Tokens]
    facts: Mapping[str, Any]
    warnings: Sequence[str]
    folder: Path
    ends: tuple[int, ...] = ()

    def held(self, name: str) -> list[HeldOutExample]:
        """Return the held-out examples of a split that have a prompt."""
        with (self.folder / HELD_OUT_FILE).open(encoding="utf-8") as file:
            records = map(json.loads, file)
            return [
                HeldOutExample(record["row"], record["prompt"], record["reference"])
                for record in records
                if record["split"] == name
            ]


def load(settings: DataSettings, directory: Path, cache: Path, tokenizer: Any, known: str = "") -> StudyData:
    """Return the tokens of these settings, from the cache if they are there.

    `known` is the tokenizer's fingerprint, where it is known: it takes 0.4 s for 150,000 tokens on a busy machine.

    Raises: UserError or NotAvailable if the data cannot be read or used.
    """
    folder = cache / f"tokens-{cache_key(settings, directory, known or fingerprint(tokenizer))}"
    if not (folder / FACTS_FILE).is_file():
        with exclusive_lock(cache / "tokens.lock"):  # trials that start together need the same tokens
            if not (folder / FACTS_FILE).is_file():
                _make(settings, directory, folder, tokenizer)
    made = (folder / FACTS_FILE).stat()
    return _opened(folder, (made.st_ino, made.st_mtime_ns))


@lru_cache(maxsize=4)
def _opened(folder: Path, made: tuple[int, int]) -> StudyData:
    """Return the tokens in a folder, by what tells it from one made again: trials of a host share them."""
    stored = read_json(folder / FACTS_FILE)
    assert isinstance(stored, dict)
    return StudyData(
        {name: Tokens.load(folder, name) for name in split.SPLIT_NAMES},
        stored["facts"],
        stored["warnings"],
        folder,
        tuple(stored["ends"]),
    )


def cache_key(settings: DataSettings, directory: Path, tokenizer: str) -> str:
    """Return a short hash of all that tokens depend on. A file counts by path, size and time of change.

    `tokenizer` is the fingerprint of one.
    """
    values = {f.name: getattr(settings, f.name) for f in fields(DataSettings) if f.name not in TOKEN_NEUTRAL_SETTINGS}
    files = [_stamp(local_path(source, directory)) for source in (settings.train, settings.validation, settings.test)]
    text = json.dumps([VERSION, values, files, str(directory), tokenizer], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stamp(path: Path | None) -> list[Any]:
    if path is None:
        return []
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return [(str(file), stat.st_size, stat.st_mtime_ns) for file in files for stat in [file.stat()]]


def fingerprint(tokenizer: Any) -> str:
    """Return a hash of a tokenizer's behaviour, independent of where it is stored."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    vocabulary = backend.to_str() if backend is not None else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    text = json.dumps(
        [vocabulary, tokenizer.chat_template, tokenizer.eos_token_id, tokenizer.bos_token_id], default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def chat_template_of(tokenizer: Any) -> Chat | None:
    """Return the chat template of a tokenizer as a function; None if it has none."""
    if not tokenizer.chat_template:
        return None

    def write(messages: Sequence[Mapping[str, str]], begin: bool) -> str:
        try:
            written: str = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=begin)
        except Exception as error:  # a template is a program of the model's author and may raise anything
            raise UserError(f"the tokenizer's chat template refuses these messages: {error}") from error
        return written

    return write


def _make(settings: DataSettings, directory: Path, folder: Path, tokenizer: Any) -> None:
    temporary = folder.with_name(f".tmp-{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True, mode=0o700)
    splits = split.load(settings, directory)
    layout = ExampleLayout(
        settings, split.column_names(splits.rows["train"]), plain=splits.plain, chat=chat_template_of(tokenizer)
    )
    counts, examples = dict[str, SplitCounts](), dict[str, list[Example]]()
    for name in split.SPLIT_NAMES:
        rows = splits.rows[name]
        if rows:
            layout.check(name, split.column_names(rows))
        candidates = [layout.example(index, row) for index, row in enumerate(rows)]
        examples[name] = [example for example in candidates if example is not None]
        counts[name] = SplitCounts(rows=len(rows), empty=len(rows) - len(examples[name]))
        encode_examples(examples[name], settings, tokenizer, counts[name]).save(temporary, name)
        if rows and not counts[name].examples:
            raise UserError(f"{name}: none of its {len(rows)} rows can be used: {_why(counts[name])}")
    warnings = [
        *splits.warnings,
        *column_warnings(splits.rows["train"], layout.used),
        *duplicate_warnings(examples),
        *size_warnings(counts, settings),
    ]
    ends = [token for token, _ in counts["train"].ends.most_common()]
    end_texts = [str(text) for text in tokenizer.convert_ids_to_tokens(ends)]
    with (temporary / HELD_OUT_FILE).open("w", encoding="utf-8") as file:
        for name in ("validation", "test"):
            for example in examples[name]:
                if example.prompt:
                    record = {
                        "split": name,
                        "row": example.row,
                        "prompt": example.prompt,
                        "reference": without_end(example.reference, end_texts),
                    }
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
    facts = _facts(splits, counts) | _ending_facts(counts["train"], end_texts)
    write_json(temporary / FACTS_FILE, {"facts": facts, "warnings": warnings, "ends": ends})
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(temporary, folder)


def _why(counts: SplitCounts) -> str:
    reasons = {"empty columns": counts.empty, "too long": counts.too_long, "nothing left to learn": counts.unanswered}
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)


def _facts(splits: split.Splits, counts: Mapping[str, SplitCounts]) -> dict[str, Any]:
    total = sum(split_counts.examples for split_counts in counts.values())
    facts: dict[str, Any] = {}
    for name, split_counts in counts.items():
        if split_counts.rows:
            facts[f"{name}_examples"] = split_counts.examples
            facts[f"{name}_percent"] = round(100 * split_counts.examples / total, 2)
            facts[f"{name}_source"] = splits.how[name]
            facts[f"{name}_tokens"] = split_counts.tokens
            facts[f"{name}_learnt_tokens"] = split_counts.learnt
            facts[f"{name}_truncated"] = split_counts.truncated
            facts[f"{name}_longest"] = split_counts.longest
            facts[f"{name}_left_out"] = split_counts.empty + split_counts.too_long + split_counts.unanswered
    return facts


def _ending_facts(train: SplitCounts, end_texts: Sequence[str]) -> dict[str, Any]:
    if not train.answers:
        return {}
    counted = {"answers_without_end": train.unended, "answers_with_added_end": train.eos_added}
    return {"answers_end_with": list(end_texts), "answers": train.answers} | {k: n for k, n in counted.items() if n}
