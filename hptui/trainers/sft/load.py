"""Loading of a base model and its tokenizer, from a directory or the hub."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hptui.core.dataclass import dataclass
from hptui.core.errors import NotAvailable, UserError, did_you_mean
from hptui.trainers import hub, models
from hptui.trainers.sft import bitsandbytes
from hptui.trainers.sft.precision import compute_dtype, weights_dtype
from hptui.trainers.sft.settings import ModelSettings, SftSettings

UNREACHABLE_SIGNS = ("couldn't connect", "offline mode", "outgoing traffic", "disk cache")
"""Texts in errors of the hub's client which mean that it could not connect.

That is not the same as a name that the hub does not know.
"""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A loaded base model. `notes` are messages about differences from the settings."""

    model: Any
    tokenizer: Any
    dtype: torch.dtype
    attention: str
    notes: tuple[str, ...] = ()


def model_source(settings: ModelSettings, directory: Path, name: str) -> str:
    """Return what `from_pretrained` takes: a directory or a name on the hub.

    A directory is relative to the study file's. A model `hptui:…` is made if it is missing.
    Raises: UserError if a path does not exist.
    """
    if models.is_builtin(name):
        return str(models.model_folder(name))
    path = directory / Path(name).expanduser()
    if path.is_dir():
        return str(path)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UserError(f"model: there is no directory {path}", hint=did_you_mean(path.name, siblings))
    hub.set_offline_if_unreachable()
    return name


def hub_options(settings: ModelSettings) -> dict[str, Any]:
    """Return the options that go with every file of a model."""
    revision = {"revision": settings.revision} if settings.revision else {}
    return {"trust_remote_code": settings.trust_remote_code, **revision}


def load_config(settings: ModelSettings, directory: Path) -> Any:
    """Return the model's configuration, which is small: a missing model is noticed before loading it.

    Raises: UserError or NotAvailable.
    """
    from transformers import AutoConfig

    name = model_source(settings, directory, settings.model)
    try:
        return AutoConfig.from_pretrained(name, **hub_options(settings))
    except (OSError, ValueError) as error:
        raise _missing("model", name, error, settings) from error


def load_tokenizer(settings: ModelSettings, directory: Path) -> Any:
    """Return the tokenizer, with a padding token set. Raises: UserError or NotAvailable."""
    from transformers import AutoTokenizer

    name = model_source(settings, directory, settings.tokenizer or settings.model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **hub_options(settings))
    except (OSError, ValueError) as error:
        raise _missing("tokenizer" if settings.tokenizer else "model", name, error, settings) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def _missing(setting: str, name: str, error: Exception, settings: ModelSettings) -> UserError:
    text = " ".join(str(error).split())
    if "trust_remote_code" in text and not settings.trust_remote_code:
        return UserError(
            f"{setting}: {name} comes with code of its own", hint="read it; then set trust_remote_code = true to run it"
        )
    if Path(name).is_dir():
        return UserError(f"{setting}: {name} holds no model that can be loaded: {text[:300]}")
    offline = any(sign in text for sign in UNREACHABLE_SIGNS)
    return (NotAvailable if offline else UserError)(
        f"{setting}: there is no directory {name}, and it cannot be had from the hub: "
        + ("there is no connection, and it was not downloaded before" if offline else text[:200]),
        hint="download it where there is a network, or give the path of a directory",
    )


def load_base(settings: SftSettings, directory: Path, device: torch.device, tokenizer: Any) -> LoadedModel:
    """Load the model for training on a device. Raises: UserError or NotAvailable."""
    from transformers import AutoModelForCausalLM

    name, notes = model_source(settings, directory, settings.model), list[str]()
    dtype = weights_dtype(settings, device)
    options: dict[str, Any] = {"dtype": dtype, **hub_options(settings)}
    if settings.adapter == "qlora":
        bitsandbytes.allow_bitsandbytes()
        options |= {
            "quantization_config": quantization_config(settings, device),
            "device_map": {"": (device.index or 0) if device.type == "cuda" else "cpu"},
        }
    for attention in attention_candidates(settings, device, notes):
        try:
            model = AutoModelForCausalLM.from_pretrained(name, attn_implementation=attention, **options)
            break
        except (ImportError, ValueError) as error:
            if attention == "eager":
                raise _missing("model", name, error, settings) from error
            notes.append(f"attention = {attention!r} is not to be had here: {' '.join(str(error).split())[:160]}")
        except OSError as error:
            raise _missing("model", name, error, settings) from error
    model.config.use_cache = False
    if settings.adapter == "qlora":
        _keep_layout(model)
    else:
        model.to(device)
    # transformers has no public name for the implementation that it chose
    return LoadedModel(model, tokenizer, dtype, str(model.config._attn_implementation), tuple(notes))


def _keep_layout(model: nn.Module) -> None:
    """Keep 4-bit layers in the layout that can be trained, not the one for fast inference on some CPUs."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # type: ignore[assignment]  # a plain flag


def attention_candidates(settings: ModelSettings, device: torch.device, notes: list[str]) -> list[str]:
    """Return the implementations of attention to try, in order."""
    if settings.attention == "eager":
        return ["eager"]
    if settings.attention == "flash_attention_2":
        if device.type == "cuda" and importlib.util.find_spec("flash_attn") is not None:
            return ["flash_attention_2", "sdpa", "eager"]
        notes.append("attention = 'flash_attention_2' needs a GPU and the package flash-attn; sdpa is used")
    return ["sdpa", "eager"]


def quantization_config(settings: SftSettings, device: torch.device) -> Any:
    """Return the quantization of a qlora model."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=settings.quant_type,
        bnb_4bit_use_double_quant=settings.double_quant,
        bnb_4bit_compute_dtype=compute_dtype(settings, device),
    )


def model_outline(settings: ModelSettings, directory: Path) -> nn.Module:
    """Return the model without weights, on the meta device: its layers and shapes."""
    from transformers import AutoModelForCausalLM

    config = load_config(settings, directory)
    with torch.device("meta"):
        model: nn.Module = AutoModelForCausalLM.from_config(config, trust_remote_code=settings.trust_remote_code)
    return model
