"""The trained model as files for `from_pretrained`: adapter or whole model, tokenizer, model card."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hptui.trainers.sft import adapters, load
from hptui.trainers.sft.run import RunFacts
from hptui.trainers.sft.settings import SftSettings

MODEL_FOLDER = "model"
"""Name of the artifact."""


def save_model(run: RunFacts, metrics: Mapping[str, float], trained: str) -> Path:
    """Write `artifacts/model`, which appears as a whole, and return its path.

    `trained` is the part of the model card's first sentence that tells which weights these are.
    """
    merged = run.settings.merge_adapter
    kind = "whole model" if merged or run.settings.adapter == "none" else "adapter"
    target = run.trial.artifact(MODEL_FOLDER, f"the {kind}, ready to load")
    temporary = target.with_name(f".tmp-{MODEL_FOLDER}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    model = _merged(run, temporary) if merged else run.model
    model.config.use_cache = True
    model.save_pretrained(temporary)
    run.base.tokenizer.save_pretrained(temporary)
    (temporary / "README.md").write_text(model_card(run.settings, metrics, kind, trained), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.rename(temporary, target)
    return target


def _merged(run: RunFacts, folder: Path) -> Any:
    """Return the base model with the adapter added to its weights.

    A 4-bit base model is loaded again without quantization, so that the sum is exact.
    """
    if run.settings.adapter != "qlora":
        return run.model.merge_and_unload()
    from peft import PeftModel

    adapter = folder / ".adapter"
    run.model.save_pretrained(adapter)
    base = load.load_base(replace(run.settings, adapter="lora"), run.trial.directory, run.device, run.base.tokenizer)
    with adapters.ignore_deprecated_names():
        merged = PeftModel.from_pretrained(base.model, str(adapter)).merge_and_unload()
    shutil.rmtree(adapter)
    return merged


def model_card(settings: SftSettings, metrics: Mapping[str, float], kind: str, trained: str) -> str:
    """Return a model card: base model, how to load it, metrics, and changed settings."""
    peft = kind == "adapter"
    header = ["---", f"base_model: {json.dumps(settings.model)}", f"library_name: {'peft' if peft else 'transformers'}"]
    header += ["pipeline_tag: text-generation", "tags: [hptui, fine-tuned]", "---"]
    usage = (
        ["from peft import AutoPeftModelForCausalLM", 'model = AutoPeftModelForCausalLM.from_pretrained("PATH")']
        if peft
        else ["from transformers import AutoModelForCausalLM", 'model = AutoModelForCausalLM.from_pretrained("PATH")']
    )
    defaults = {name: field.default for name, field in SftSettings.__dataclass_fields__.items()}
    changed = {name: value for name, value in asdict(settings).items() if value != defaults.get(name)}
    lines = [
        *header,
        "",
        f"# {Path(settings.model).name}, fine-tuned",
        "",
        f"The {kind} {trained}.",
        "",
        "```python",
        *usage,
        "```",
        "",
        "| metric | value |",
        "| --- | --- |",
        *(f"| {name} | {value:.6g} |" for name, value in sorted(metrics.items()) if not name.endswith((":k", ":n"))),
        "",
        "| setting | value |",
        "| --- | --- |",
        *(
            f"| {name} | `{json.dumps(value)}` |".replace("\\|", "|")
            for name, value in changed.items()
            if name != "model"
        ),
        "",
    ]
    return "\n".join(lines)
