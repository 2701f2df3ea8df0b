"""A saved model is the trained one: every kind of save is loaded by the stock libraries, and a wrong one is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hptui.trainers.data import pipeline
from hptui.trainers.data.batches import TokenRows
from hptui.trainers.settings import build
from hptui.trainers.sft import adapters, load, merging, precision, saving
from hptui.trainers.sft.alone import ModelExecutor
from hptui.trainers.sft.evaluate import evaluate_loss
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.requests import drive
from hptui.trainers.sft.saved_check import MAX_LOGIT_DIFFERENCE
from hptui.trainers.sft.settings import SftSettings
from tests.trainers.attempts import events
from tests.trainers.sft import tiny

pytestmark = pytest.mark.filterwarnings("ignore")
SAVED = {"save_model": "last", "steps": 6, "eval_every": 6, "learning_rate": 2e-2}
TIED = ["embed_tokens", "lm_head"]
LORA = {"adapter": "lora"}
QLORA = {"adapter": "qlora"}
WHOLE = {"merge_adapter": True}
SOUND: list[tuple[str, dict[str, Any]]] = [
    ("llama", {"adapter": "none"}),
    ("qwen2", {"adapter": "none", "load_best": True, "steps": 12, "eval_every": 3}),
    *(("qwen2", {**LORA, **kind, "lora_target": [*target, "q_proj"]}) for kind in ({}, WHOLE) for target in (TIED,)),
    *(("qwen2", {**LORA, **WHOLE, "lora_target": [name]}) for name in TIED),
    *(("qwen2", {**one, **kind, "lora_bias": "all"}) for one in (LORA, QLORA) for kind in ({}, WHOLE)),
    ("qwen2", {**QLORA, **WHOLE, "lora_target": ["v_proj", "lm_head"], "rslora": True}),
    ("llama", {**LORA, **WHOLE, "lora_target": TIED}),
    *(("llama", {**one, **WHOLE, "dtype": "bfloat16"}) for one in (LORA, QLORA)),
    ("llama", {**LORA, **WHOLE, "dtype": "float16"}),
    ("llama", {**LORA, "dtype": "bfloat16"}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in made:
            made[kind] = tiny.study(tmp_path_factory.mktemp(kind), kind, count=12)
        return made[kind]

    return of


def saved(folder: Path, settings: dict[str, Any]) -> tuple[Any, Path]:
    run = tiny.attempt(folder, {**SAVED, **settings}, number=len(list(folder.glob("trials/*"))))
    tiny.train(run)
    return run, run.root.parent / "artifacts" / "model"


def loss_of_files(folder: Path, files: Path, settings: dict[str, Any], whole: bool) -> float:
    """The loss on the validation examples of a model as anybody loads it."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    chosen = build(SftSettings, {**tiny.TINY, **SAVED, **settings})
    tokenizer = load.load_tokenizer(chosen, folder)
    if chosen.adapter == "qlora" and not whole:  # stock 4-bit layers have another layout on some CPUs
        base = load.load_base(chosen, folder, torch.device("cpu"), tokenizer).model
    else:
        base = AutoModelForCausalLM.from_pretrained(files if whole else folder / "base")
    model = base if whole else PeftModel.from_pretrained(base, str(files))
    tokens = pipeline.load(chosen, folder, folder / "cache", tokenizer).tokens["validation"]
    rows = TokenRows(tokens, [[n] for n in range(len(tokens))], pad=0)
    device = torch.device("cpu")
    executor = ModelExecutor(Forward(model, "none"), None, device)
    return drive(evaluate_loss(rows, chosen, device, lambda: True), executor)["eval_loss"]


@pytest.mark.parametrize(("kind", "settings"), SOUND, ids=str)
def test_a_model_that_is_loaded_has_the_recorded_loss(
    folder: Callable[[str], Path], kind: str, settings: dict[str, Any]
) -> None:
    run, files = saved(folder(kind), settings)
    facts, whole = tiny.told(run, "facts"), settings["adapter"] == "none" or "merge_adapter" in settings
    assert facts["saved_model"] == "sound"
    limit = MAX_LOGIT_DIFFERENCE[precision.DTYPES[settings.get("dtype", "float32")]]
    assert facts["saved_model_logit_difference"] < limit / 3
    expected = [event["m"]["eval_loss"] for event in events(run, "metrics") if "eval_loss" in event["m"]]
    recorded = min(expected) if settings.get("load_best") else expected[-1]
    found = loss_of_files(folder(kind), files, settings, whole)
    assert found == pytest.approx(recorded, rel=1e-5 if "dtype" not in settings else 5e-3)
    assert not (files / saving.SUSPECT_FILE).exists()
    card = (files / "README.md").read_text()
    assert card.startswith("---\nbase_model: ")
    assert f"| eval_loss | {recorded:.6g} |" in card
    assert "| learning_rate | `0.02` |" in card
    assert events(run, "artifact")[-1]["path"] == "artifacts/model"
    config = json.loads((files / ("config.json" if whole else "adapter_config.json")).read_text())
    assert "quantization_config" not in config


KEPT_WHOLE: list[tuple[str, list[str], dict[str, Any]]] = [
    ("qwen2", ["lm_head"], {**LORA, **WHOLE}),  # it shares its weight with the embedding
    ("qwen2", ["embed_tokens"], LORA),
    ("llama", ["lm_head"], {**QLORA, **WHOLE}),
]


@pytest.mark.parametrize(("kind", "modules", "settings"), KEPT_WHOLE, ids=str)
def test_layers_that_are_trained_whole_beside_an_adapter_are_saved(
    folder: Callable[[str], Path],
    kind: str,
    modules: list[str],
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """sft itself has no setting for peft's `modules_to_save`; the check after saving judges such a model, too."""
    made = adapters.lora_config

    def with_modules(chosen: Any) -> Any:
        config = made(chosen)
        config.modules_to_save = modules
        return config

    monkeypatch.setattr(adapters, "lora_config", with_modules)
    run, files = saved(folder(kind), settings)
    whole = "merge_adapter" in settings
    assert tiny.told(run, "facts")["saved_model"] == "sound"
    recorded = [event["m"]["eval_loss"] for event in events(run, "metrics") if "eval_loss" in event["m"]][-1]
    assert loss_of_files(folder(kind), files, settings, whole) == pytest.approx(recorded, rel=1e-5)
    if not whole:  # its file holds the layer, and without it another model is loaded
        change_tensor("embed_tokens", lambda weight: weight * 0.5)(files)
        assert loss_of_files(folder(kind), files, settings, whole) != pytest.approx(recorded, rel=1e-3)


def spoil_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merge into a weight that two layers share."""
    monkeypatch.setattr(merging, "_separate_shared_weights", lambda model: None)


def spoil_files(change: Callable[[Path], None]) -> Callable[[pytest.MonkeyPatch], None]:
    """Change the files after they were written."""

    def spoil(monkeypatch: pytest.MonkeyPatch) -> None:
        write = saving._write
        monkeypatch.setattr(saving, "_write", lambda run, folder: (write(run, folder), change(folder)))

    return spoil


def change_tensor(name: str, change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path], None]:
    from safetensors.torch import load_file, save_file

    def apply(folder: Path) -> None:
        file = next(folder.glob("*.safetensors"))
        tensors = load_file(file)
        for key in tensors:
            if name in key:
                tensors[key] = change(tensors[key])
        save_file(tensors, file, metadata={"format": "pt"})

    return apply


def change_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return apply


def swap_tokens(one: str, other: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        made = json.loads((folder / "tokenizer.json").read_text())
        vocabulary = made["model"]["vocab"]
        vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
        (folder / "tokenizer.json").write_text(json.dumps(made))

    return apply


SPOILT = {
    "merged into a shared weight": ({**LORA, **WHOLE, "lora_target": ["lm_head"]}, spoil_merge, "its l"),
    "one matrix rounded": (
        {"adapter": "none"},
        spoil_files(change_tensor("layers.0.mlp.up_proj", lambda w: w.to(torch.float8_e4m3fn).float())),
        "its logits differ",
    ),
    "one matrix of an adapter lost": (
        LORA,
        spoil_files(change_tensor("layers.1.mlp.down_proj.lora_B", lambda w: w * 0)),
        "its l",
    ),
    "half of the adapter's weight": (
        LORA,
        spoil_files(change_text("adapter_config.json", '"lora_alpha": 8', '"lora_alpha": 4')),
        "its l",
    ),
    "no weights": (LORA, spoil_files(lambda folder: next(folder.glob("*.safetensors")).unlink()), "cannot be loaded"),
    "another tokenizer": (
        {"adapter": "none"},
        spoil_files(swap_tokens("o", "e")),
        "tokenizer",
    ),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_saved_model_that_is_not_the_trained_one_is_kept_and_marked(
    folder: Callable[[str], Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, spoil, said = SPOILT[name]
    spoil(monkeypatch)
    run, files = saved(folder("qwen2"), settings)
    facts = tiny.told(run, "facts")
    assert facts["saved_model"].startswith("suspect: ")
    assert said in facts["saved_model"]
    assert said in (files / saving.SUSPECT_FILE).read_text()
    assert "Do not use it" in (files / "README.md").read_text()
    assert any("the saved model is not the trained one" in event["message"] for event in events(run, "warning"))
    assert tiny.points(run, "eval_loss")


def test_generation_settings_that_cannot_be_saved_cost_no_model(tmp_path: Path) -> None:
    study = tiny.study(tmp_path, count=12)
    file = study / "base" / "generation_config.json"
    given = json.loads(file.read_text())
    file.write_text(json.dumps({**given, "do_sample": False, "temperature": 0.6, "top_p": 0.9}))
    run, files = saved(study, {**LORA, **WHOLE})
    assert tiny.told(run, "facts")["saved_model"] == "sound"
    assert json.loads((files / "generation_config.json").read_text())["eos_token_id"] == given["eos_token_id"]


@pytest.mark.parametrize("template", ["<|user|>{{ x }}", "a | b", "|", "\\|", 'say "|"', "plain"])
def test_a_bar_in_a_setting_ends_no_cell_of_the_model_card(template: str) -> None:
    settings = build(SftSettings, {"model": "m", "train": "t.jsonl", "system_prompt": template})
    card = saving.model_card(settings, {}, "adapter", "was trained")
    [row] = [line for line in card.split("\n") if line.startswith("| system_prompt")]
    cells = re.split(r"(?<!\\)\|", row)
    assert len(cells) == 4, "two cells between three bars"
    assert cells[2].strip(" `").replace("\\|", "|") == json.dumps(template)
