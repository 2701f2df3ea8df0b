"""Which trials can share a base model, by their settings alone. Free of torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hptui.trainers.sft.settings import SftSettings

SHARED_SETTINGS = (
    *("model", "revision", "tokenizer", "trust_remote_code", "dtype", "attention", "adapter"),
    *("quant_type", "double_quant", "compute_dtype", "mixed_precision", "gradient_checkpointing"),
    *("deterministic", "threads", "tf32"),
)
"""Settings that trials on one base model have in common."""
PACKED_ATTENTIONS = ("auto", "sdpa")
"""Values of `attention` that can be computed for the tokens of several trials."""


def pack_key(settings: SftSettings, directory: Path) -> str:
    """Return a text that is equal for trials that can share a base model. `directory` is the study file's."""
    values = {name: getattr(settings, name) for name in SHARED_SETTINGS}
    if values["attention"] in PACKED_ATTENTIONS:
        values["attention"] = "sdpa"
    text = json.dumps({**values, "directory": str(directory)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def why_not_packed(settings: SftSettings, *, role: str = "", dry: bool = False) -> str:
    """Return why a trial cannot be packed, by its settings; '' if it can.

    `dry`: it only tries a few steps.

    The model may have further reasons, which are known once it is loaded.
    """
    if settings.adapter == "none":
        return "adapter = 'none' trains the weights of the model itself"
    if settings.lora_bias != "none":
        return f"lora_bias = {settings.lora_bias!r} trains biases of the model itself"
    if settings.optimizer == "paged_adamw_8bit":
        return "optimizer = 'paged_adamw_8bit' pages its state"
    if settings.trust_remote_code:
        return "trust_remote_code = true runs a model of unknown structure"
    if settings.attention not in PACKED_ATTENTIONS:
        return f"attention = {settings.attention!r} knows no several trials in a pass"
    if role == "base":
        return "the base model is evaluated without an adapter"
    return "a dry run measures one trial alone" if dry else ""
