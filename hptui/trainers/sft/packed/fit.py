"""Whether a loaded model can be trained in a pack: what its structure says, and a comparison with peft."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hptui.core.dataclass import dataclass
from hptui.core.version import __version__
from hptui.trainers.data.batches import Batch
from hptui.trainers.sft import adapters
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.load import LoadedModel
from hptui.trainers.sft.packed import attention
from hptui.trainers.sft.packed.engine import PackEngine, Part
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.precision import SHORT
from hptui.trainers.sft.settings import ModelSettings, SftSettings, adapter_targets

TOLERANCE = 1e-5
"""Relative difference of losses and gradients from peft's, at most, in 32 bits."""
SHORT_TOLERANCE = 2e-2
"""The same in 16 bits, and over a model in 4 bits."""
REFUSALS = (attention.UnsupportedAttention, TypeError, AttributeError, ValueError, IndexError, KeyError)
"""Errors of a pass over a model that is made in an unknown way. Others are those of the trial."""
VERDICTS = "packed"
"""Name of the folder of verdicts in a study's cache."""


def why_model_not_packed(base: LoadedModel, max_length: int) -> str:
    """Return why a model cannot be packed, by its structure; '' if nothing speaks against it."""
    model, config = base.model, base.model.config.get_text_config()
    if base.attention != attention.STANDARD:
        return f"the model's attention is {base.attention}"
    if model.get_output_embeddings() is None:
        return "the model has no output layer of its own"
    if "position_ids" not in inspect.signature(model.forward).parameters:
        return "the model takes no positions"
    window = getattr(config, "sliding_window", None)
    if window is not None and getattr(config, "use_sliding_window", True) and window < max_length:
        return f"the model's attention has a sliding window of {window} tokens"
    shares = {name: getattr(config, name, 0) or 0 for name in ("attention_dropout", "attn_pdrop")}
    if any(shares.values()) or any(isinstance(m, nn.Dropout) and m.p for m in model.modules()):
        return "the model has dropout of its own"
    return ""


def why_targets_not_packed(model: Any, settings: ModelSettings) -> str:
    """Return why the layers that get an adapter cannot be packed; '' if they can."""
    targets = adapter_targets(settings.lora_target)
    output = model.get_output_embeddings()
    for name, module in model.named_modules():
        if isinstance(targets, str):
            if type(module).__name__ == "Conv1D":
                return f"the layer {name} is no linear layer"
        elif any(name == target or name.endswith(f".{target}") for target in targets):
            if module is output:
                return "lora_target has the output layer"
            if not isinstance(module, nn.Linear):
                return f"the layer {name} is no linear layer"
    return ""


@dataclass(frozen=True, slots=True)
class PeftDifference:
    """Relative differences between peft and the pack."""

    loss: float
    gradient: float

    def problem(self, tolerance: float) -> str:
        """Return what is wrong, '' if nothing."""
        if self.loss <= tolerance and self.gradient <= tolerance:
            return ""
        return f"its pass differs from peft's: the loss by {self.loss:.1g}, gradients by {self.gradient:.1g}"


def tolerance(base: LoadedModel, settings: ModelSettings, precision: str) -> float:
    """Return the relative difference that rounding explains."""
    short = precision != "none" or base.dtype in SHORT or settings.adapter == "qlora"
    return SHORT_TOLERANCE if short else TOLERANCE


def compare_with_peft(engine: PackEngine, settings: SftSettings, batch: Batch) -> PeftDifference:
    """Return how a pass over a micro-batch differs from peft's, with random weights of the adapter.

    The model is left as it was: with the engine installed.
    """
    layout = engine.layout(settings)
    generator = torch.Generator().manual_seed(0)
    adapter = FlatAdapter(layout, scale=1.0, dropout=0.0, device=engine.device, dtype=torch.float32, whole=True)
    for matrix in adapter.weights().values():
        drawn = torch.randn(matrix.shape, generator=generator) / max(matrix.shape) ** 0.5
        matrix.copy_(drawn)
    (loss,), _ = engine.learn([Part(adapter, batch, batch.learnt)])
    ours = {name: part.clone() for name, part in layout.named_views(adapter.gradient).items()}
    engine.uninstall()
    try:
        expected, theirs = _by_peft(engine, settings, adapter, batch)
    finally:
        engine.install()
    if ours.keys() != theirs.keys():
        return PeftDifference(float("inf"), float("inf"))
    apart = sum(float((ours[name].float() - theirs[name].float()).square().sum()) for name in ours)
    whole = sum(float(theirs[name].float().square().sum()) for name in ours)
    return PeftDifference(abs(float(loss) - expected) / abs(expected), (apart / max(whole, 1e-30)) ** 0.5)


def _by_peft(
    engine: PackEngine, settings: SftSettings, adapter: FlatAdapter, batch: Batch
) -> tuple[float, dict[str, Tensor]]:
    """Return the loss and the gradients of an unscaled adapter without dropout, as peft computes them."""
    from peft import get_peft_model  # peft: only for the first trial on a model

    plain = replace(settings, lora_alpha=float(settings.lora_rank), rslora=False, lora_dropout=0.0)
    with adapters.ignore_deprecated_names():
        model: Any = get_peft_model(engine.model, adapters.lora_config(plain), autocast_adapter_dtype=True)
    try:
        named = {name: p for name, p in model.named_parameters() if p.requires_grad}
        if named.keys() != set(adapter.names):
            return float("nan"), {}
        for name, matrix in adapter.weights().items():
            named[name].data = matrix.clone()
        model.train()
        forward = Forward(model, engine.precision)
        loss = forward(batch.to(engine.device)) / batch.learnt
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        forward.close()
        gradients = {name: p.grad for name, p in named.items() if p.grad is not None}
        return float(loss.detach()), gradients
    finally:
        model.unload()
        engine.model.requires_grad_(False)
        engine.forget_mode()


def known_verdict(file: Path) -> str | None:
    """Return the verdict of an earlier comparison: '' or what was wrong; None if there was none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return str(content["problem"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep_verdict(file: Path, problem: str, difference: PeftDifference) -> None:
    """Keep a verdict for the study's other trials."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    content = {"problem": problem, "loss": difference.loss, "gradient": difference.gradient}
    temporary.write_text(json.dumps(content, default=str), encoding="utf-8")
    os.replace(temporary, file)


def verdict_file(folder: Path, key: str, model: Any, device: torch.device) -> Path:
    """Return the file of the verdict for a model, on a kind of device, with these versions of libraries."""
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    text = json.dumps([key, model.config.to_json_string(), _versions(), kind])
    return folder / VERDICTS / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


@cache
def _versions() -> tuple[str, ...]:
    """Return the versions that a pass depends on; they are read once, which takes milliseconds."""
    return (__version__, *(version(name) for name in ("torch", "transformers", "peft")))
