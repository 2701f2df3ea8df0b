import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from hptui.trainers import models
from hptui.trainers.models import build, place
from hptui.trainers.models.recipes import RECIPES, Recipe

MINUTE = Recipe("qwen2", hidden=16, layers=1, heads=2, feed_forward=32, vocabulary=300, steps=3)


def test_a_base_model_is_made_once_and_can_be_loaded():
    folder = models.model_folder("hptui:tiny-llama")
    assert folder == models.model_folder("hptui:tiny-llama")
    made = folder.stat().st_ctime_ns
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert folder.stat().st_ctime_ns == made
    assert model.config.architectures == ["LlamaForCausalLM"]
    assert tokenizer.decode(tokenizer("def f(x): 12 é\n")["input_ids"]) == "def f(x): 12 é\n"
    assert len(tokenizer("12345")["input_ids"]) == 5, "every digit is a token"
    told = json.loads((folder / "hptui.json").read_text())
    uniform = float(torch.tensor(float(len(tokenizer))).log())
    assert told["loss_on_held_out_documentation"] < uniform - 0.9, "it has learnt something of the language"


def test_the_same_recipe_makes_the_same_model(tmp_path):
    hashes = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        torch.manual_seed(len(hashes))  # what happened before must not matter
        before = torch.get_rng_state()
        build.build(MINUTE, tmp_path / name)
        assert torch.equal(torch.get_rng_state(), before)
        hashes.append((tmp_path / name / "model.safetensors").read_bytes())
    assert hashes[0] == hashes[1]


def test_both_families_can_be_made():
    assert {recipe.architecture for recipe in RECIPES.values()} == {"llama", "qwen2"}
    tokenizer = build.make_tokenizer(["some text"], MINUTE)
    for architecture in ("llama", "qwen2"):
        recipe = Recipe(architecture, hidden=16, layers=1, heads=2, feed_forward=32, vocabulary=300, steps=1)
        assert build._architecture(recipe, tokenizer).config.model_type == architecture


def test_another_recipe_or_version_has_another_place(monkeypatch, tmp_path):
    monkeypatch.setenv("HPTUI_CACHE", str(tmp_path))
    monkeypatch.setattr(place, "_build", lambda short, folder: None)
    first = models.model_folder("hptui:tiny-qwen2")
    assert first.parent == tmp_path / "models"
    monkeypatch.setattr(place, "LIBRARIES", ("torch",))
    assert models.model_folder("hptui:tiny-qwen2") != first


def test_two_processes_that_need_one_model_make_one(tmp_path):
    code = (  # what takes so long is not needed to see who does it
        "import sys, time, types;"
        "from hptui.trainers.models import place, recipes;"
        "build = lambda recipe, folder: (time.sleep(1), (folder / place.RECIPE_FILE).write_text('{}'));"
        "sys.modules['hptui.trainers.models.build'] = types.SimpleNamespace(build=build);"
        "place.RECIPES = {'m': recipes.Recipe('llama', 16, 1, 2, 32, 300, 3)};"
        "print(place.model_folder('hptui:m'))"
    )
    environment = {**os.environ, "HPTUI_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=200)[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(line.startswith("making") for lines in said for line in lines).count(True) == 1
    assert said[0][-1] == said[1][-1]
    assert (Path(said[0][-1]) / "hptui.json").is_file()


def test_a_half_made_model_is_made_anew(monkeypatch, tmp_path):
    monkeypatch.setenv("HPTUI_CACHE", str(tmp_path))
    monkeypatch.setattr(place, "RECIPES", {"m": MINUTE})

    def torn(recipe, folder):
        (folder / "config.json").write_text("{}")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(build, "build", torn)
        with pytest.raises(KeyboardInterrupt):
            models.model_folder("hptui:m")
    folder = models.model_folder("hptui:m")
    assert {"config.json", "model.safetensors", "tokenizer.json", "hptui.json"} <= {f.name for f in folder.iterdir()}
