"""The trained model as files for `from_pretrained`: adapter or whole model, tokenizer, model card."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hptui.trainers.evals.generate import configured_ends
from hptui.trainers.sft import merging, saved_check
from hptui.trainers.sft.run import RunFacts
from hptui.trainers.sft.saved_check import SavedModelCheck
from hptui.trainers.sft.settings import SftSettings

MODEL_FOLDER = "model"
"""Name of the artifact."""
SUSPECT_FILE = "SUSPECT.txt"
"""Name of the file in a saved model that differs from the trained one."""


def save_model(run: RunFacts, metrics: Mapping[str, float], trained: str) -> Path:
    """Write `artifacts/model`, which appears as a whole, check it, and return its path.

    `trained` is the part of the model card's first sentence that tells which weights these are. The trained model is
    used up.
    """
    whole = run.settings.merge_adapter or run.settings.adapter == "none"
    kind = "whole model" if whole else "adapter"
    target = run.trial.artifact(MODEL_FOLDER, f"the {kind}, ready to load")
    temporary = target.with_name(f".tmp-{MODEL_FOLDER}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    row = saved_check.choose_row(run)
    expected = saved_check.measure_row(run.model, row, run.precision, run.device) if row is not None else None
    _write(run, temporary)
    checked = (
        SavedModelCheck("there is no example to compare it with", done=False)
        if row is None or expected is None
        else saved_check.check_saved(run, temporary, row, expected, whole=whole)
    )
    _record(run, temporary, checked)
    card = model_card(run.settings, metrics, kind, trained, checked.problem if checked.suspect else "")
    (temporary / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.rename(temporary, target)
    return target


def _write(run: RunFacts, folder: Path) -> None:
    model = merging.merge_adapter(run, folder) if run.settings.merge_adapter else run.model
    model.config.use_cache = True
    _set_ends(run, model)
    _make_generation_config_valid(run, model)
    model.save_pretrained(folder)
    if (config := getattr(model, "generation_config", None)) is not None:
        config.save_pretrained(folder)  # peft writes none with an adapter, whose answers would not end
    run.base.tokenizer.save_pretrained(folder)


def _set_ends(run: RunFacts, model: Any) -> None:
    """Let the saved model end its answers where those of the examples ended."""
    config = getattr(model, "generation_config", None)
    if config is not None and run.data.ends:
        present = configured_ends(model)
        if not present.issuperset(run.data.ends):
            config.eos_token_id = sorted(present | set(run.data.ends))


def _make_generation_config_valid(run: RunFacts, model: Any) -> None:
    """Replace a generation config that transformers refuses to save, as some published models have."""
    from transformers import GenerationConfig

    config = getattr(model, "generation_config", None)
    if config is None:
        return
    try:
        config.validate(strict=True)
    except ValueError as error:
        run.trial.warn(
            f"the base model's generation settings are not valid, and are left out: {str(error).splitlines()[0]}"
        )
        ids = {name: getattr(config, name, None) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
        model.generation_config = GenerationConfig(**ids)


def _record(run: RunFacts, folder: Path, checked: SavedModelCheck) -> None:
    """Record the result of the check, and mark a suspect model."""
    run.trial.facts(**checked.facts())
    if checked.suspect:
        text = f"the saved model is not the trained one: {checked.problem}"
        run.trial.warn(f"{text}. It is kept, marked by {SUSPECT_FILE}; the trial's values are those of the trained one")
        (folder / SUSPECT_FILE).write_text(f"{text[0].upper()}{text[1:]}.\n", encoding="utf-8")
    elif not checked.done:
        run.trial.warn(f"the saved model was not compared with the trained one: {checked.problem}")


def model_card(settings: SftSettings, metrics: Mapping[str, float], kind: str, trained: str, problem: str = "") -> str:
    """Return a model card: base model, how to load it, metrics, and changed settings.

    `problem` is how the saved model differs from the trained one.
    """
    peft = kind == "adapter"
    header = ["---", f"base_model: {json.dumps(settings.model)}", f"library_name: {'peft' if peft else 'transformers'}"]
    header += ["pipeline_tag: text-generation", "tags: [hptui, fine-tuned]", "---"]
    loaded = [f"model = AutoModelForCausalLM.from_pretrained({json.dumps(settings.model if peft else 'PATH')})"]
    names = "AutoModelForCausalLM, GenerationConfig" if peft else "AutoModelForCausalLM"
    usage = [*(["from peft import PeftModel"] if peft else []), f"from transformers import {names}", ""]
    usage += [*loaded, *(ADAPTER_LINES if peft else [])]
    defaults = {name: field.default for name, field in SftSettings.__dataclass_fields__.items()}
    changed = {name: value for name, value in asdict(settings).items() if value != defaults.get(name)}
    lines = [
        *header,
        "",
        f"# {Path(settings.model).name}, fine-tuned",
        "",
        f"The {kind} {trained}.",
        "",
        *([f"**Do not use it: loaded back, it is not the trained model: {problem}.**", ""] if problem else []),
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
        # A bar ends a cell, also within a code span: prompts may hold some.
        *(f"| {name} | `{_cell(value)}` |" for name, value in changed.items() if name != "model"),
        "",
    ]
    return "\n".join(lines)


ADAPTER_LINES = (
    'model = PeftModel.from_pretrained(model, "PATH")',
    'model.generation_config = GenerationConfig.from_pretrained("PATH")  # where answers end',
)
"""How an adapter is put on its base model."""


def _cell(value: object) -> str:
    return json.dumps(value).replace("|", "\\|")
