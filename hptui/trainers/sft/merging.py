"""Merging of a trained adapter into its base model, so that the whole model computes what the trained one did."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hptui.trainers.sft import adapters, memory
from hptui.trainers.sft.run import RunFacts

FULL_BYTES = 4
"""Bytes of an unquantised weight, at most."""


def merge_adapter(run: RunFacts, folder: Path) -> Any:
    """Return the base model with the adapter added to its weights. The trained model is used up.

    The weights of a 4-bit base model are those that it was trained with, written out: not the original ones, from
    which they differ by the error of quantization. `folder` is used for temporary files.
    """
    model = run.model
    _separate_shared_weights(model)
    if run.settings.adapter == "qlora":
        model = _written_out(run, folder / ".adapter")
    with adapters.ignore_deprecated_names():
        merged = model.merge_and_unload()
    return merged.to(run.base.dtype)


def _separate_shared_weights(model: Any) -> None:
    """Give each layer with an adapter a weight of its own, where other layers share it.

    An output layer often shares its weight with the embedding: a change that is merged into one would change both.
    """
    layers = [module for module in model.modules() if hasattr(module, "base_layer") and hasattr(module, "lora_A")]
    owners: dict[int, int] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            owners[id(parameter)] = owners.get(id(parameter), 0) + 1
    for layer in layers:
        weight = layer.base_layer.weight
        if owners[id(weight)] > 1:
            owners[id(weight)] -= 1
            layer.base_layer.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    base = model.get_base_model()
    first, last = base.get_input_embeddings(), base.get_output_embeddings()
    if last is not None and _weight_of(first) is not _weight_of(last):
        for config in (base.config, base.config.get_text_config()):
            config.tie_word_embeddings = False


def _weight_of(module: Any) -> Any:
    return getattr(module, "base_layer", module).weight


def _written_out(run: RunFacts, folder: Path) -> Any:
    """Return the trained model on an unquantised base model."""
    from peft import PeftModel

    model = run.model
    model.save_pretrained(folder, save_embedding_layers=False)
    if not fits(run.device, run.sizes.total * FULL_BYTES):
        model = model.to("cpu")
    with adapters.ignore_deprecated_names():
        base = model.unload().dequantize(dtype=run.base.dtype)
        written_out = PeftModel.from_pretrained(base, str(folder))
    shutil.rmtree(folder)
    return written_out


def fits(device: torch.device, size: int) -> bool:
    """Return whether `size` bytes can be had on a device; on the host, always."""
    if device.type != "cuda":
        return True
    torch.cuda.empty_cache()
    return torch.cuda.mem_get_info(device)[0] > size + memory.GIB // 2
