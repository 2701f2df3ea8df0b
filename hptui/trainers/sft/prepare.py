"""Once per study: find model and data, make the tokens, and see what is doubtful, before any weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.model.errors import Absent, UserError
from hptui.model.trial import Value
from hptui.trainers import evals
from hptui.trainers.data import pipeline, split
from hptui.trainers.data.layout import Layout
from hptui.trainers.preparing import Prepared
from hptui.trainers.settings import build
from hptui.trainers.sft import adapters, evaluate, load
from hptui.trainers.sft.settings import Settings
from hptui.trainers.sft.unused import unused


def prepare(settings: Mapping[str, Value], directory: Path, cache: Path) -> Prepared:
    """Facts of the data, and doubts. Whatever cannot work is a `UserError`."""
    chosen = build(Settings, settings)
    evals.prepare(chosen.generation(str(directory)))
    config = _config(chosen, directory)
    if chosen.adapter != "none":
        adapters.check_targets(load.outline(chosen, directory), chosen)
    tokenizer = load.tokenizer_of(chosen, directory)
    data = pipeline.load(chosen, directory, cache, tokenizer)
    _vocabulary(config, data)
    evaluate.check_answers(chosen, data, directory)
    warnings = [*unused(chosen, directory), *data.warnings]
    facts: dict[str, Any] = {
        "model": chosen.model,
        "architecture": (config.architectures or [config.model_type])[0],
        "model_revision": getattr(config, "_commit_hash", None) or chosen.revision or None,
        "trust_remote_code": chosen.trust_remote_code,
        **data.facts,
        "warnings": warnings,
    }
    return Prepared(facts, [*warnings, *_lengths(chosen, config, data)])


def _config(settings: Settings, directory: Path) -> Any:
    """The configuration of the model. Where that is not here, the data at least are looked at."""
    try:
        return load.config_of(settings, directory)
    except Absent as absent:
        try:
            splits = split.load(settings, directory)
        except Absent as other:
            raise Absent(f"{absent.message}; {other.message}", hint=absent.hint) from other
        columns = split.columns(splits.rows["train"])
        Layout(settings, columns, plain=splits.plain, chat=lambda messages, begin: "")
        raise


def _vocabulary(config: Any, data: pipeline.Data) -> None:
    """Refuse tokens that the model has no embedding for."""
    size = getattr(config.get_text_config(), "vocab_size", None)
    largest = max(int(some.ids.max(initial=0)) for some in data.tokens.values())
    if isinstance(size, int) and largest >= size:
        raise UserError(f"tokenizer: it makes tokens up to {largest}, but the model knows {size}")


def _lengths(settings: Settings, config: Any, data: pipeline.Data) -> list[str]:
    room = getattr(config, "max_position_embeddings", None)
    longest = min(settings.max_length, max(int(some.lengths.max(initial=0)) for some in data.tokens.values()))
    if not isinstance(room, int) or longest <= room:
        return []
    return [f"examples have up to {longest} tokens, but the model was made for {room}: set max_length = {room}"]
