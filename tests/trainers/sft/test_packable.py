"""What cannot be packed is found out and recorded, and is trained by peft as before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from hptui.trainers.settings import build
from hptui.trainers.sft import adapters
from hptui.trainers.sft.load import LoadedModel
from hptui.trainers.sft.packed import fit, linear
from hptui.trainers.sft.packed.engine import PackEngine
from hptui.trainers.sft.packed.key import SHARED_SETTINGS, pack_key, why_not_packed
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.settings import SftSettings
from tests.trainers.sft import tiny
from tests.trainers.sft.tiny import attempt, points, told, train

pytestmark = pytest.mark.filterwarnings("ignore")
CPU = torch.device("cpu")


def settings(**values: Any) -> SftSettings:
    return build(SftSettings, {**tiny.TINY, **values})


def test_settings_tell_what_cannot_be_packed(tmp_path: Path) -> None:
    plain = settings()
    assert why_not_packed(plain) == ""
    for values in (
        {"adapter": "none"},
        {"lora_bias": "all"},
        {"optimizer": "paged_adamw_8bit"},
        {"trust_remote_code": True},
        {"attention": "eager"},
    ):
        (name,) = values
        assert name in why_not_packed(settings(**values)), values
    assert why_not_packed(plain, role="base")
    assert why_not_packed(plain, dry=True)
    key = pack_key(plain, tmp_path)
    shared = {"model": "other", "dtype": "bfloat16", "gradient_checkpointing": True, "threads": 2, "adapter": "qlora"}
    assert shared.keys() <= set(SHARED_SETTINGS)
    for name, value in shared.items():
        assert pack_key(settings(**{name: value}), tmp_path) != key, name
    assert pack_key(plain, tmp_path / "elsewhere") != key
    own = {"lora_rank": 3, "lora_alpha": 1.0, "rslora": True, "lora_target": ["q_proj"], "lora_dropout": 0.1}
    own |= {"batch_size": 1, "optimizer": "sgd", "learning_rate": 1.0, "attention": "sdpa", "max_length": 8, "steps": 1}
    assert pack_key(settings(**own), tmp_path) == key


def config(kind: str, **over: Any) -> Any:
    import transformers

    sizes = {"vocab_size": 300, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
    return getattr(transformers, f"{kind}Config")(
        **{**sizes, "num_attention_heads": 2, "num_key_value_heads": 2, **over}
    )


@pytest.mark.parametrize(
    ("made", "attention", "reason"),
    [
        (("Llama", {}), "sdpa", ""),
        (("Llama", {}), "eager", "attention is eager"),
        (("Llama", {"attention_dropout": 0.1}), "sdpa", "dropout of its own"),
        (("Mistral", {"sliding_window": 8}), "sdpa", "sliding window of 8"),
        (("Mistral", {"sliding_window": 64}), "sdpa", ""),
        (("GPT2", {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}), "sdpa", "no linear layer"),
        (("Bloom", {"attention_dropout": 0.0, "hidden_dropout": 0.0}), "sdpa", "takes no positions"),
    ],
    ids=str,
)
def test_models_tell_what_cannot_be_packed(made: tuple[str, dict[str, Any]], attention: str, reason: str) -> None:
    from transformers import AutoModelForCausalLM

    kind, over = made
    model = AutoModelForCausalLM.from_config(config(kind, **over))
    base = LoadedModel(model, None, torch.float32, attention)
    answer = fit.why_model_not_packed(base, 64) or fit.why_targets_not_packed(model, settings())
    assert (reason in answer) if reason else answer == ""


@pytest.mark.parametrize(
    "targets", ["all-linear", ["q_proj", "v_proj"], ["layers.1.mlp.down_proj"], ["self_attn.q_proj"]], ids=str
)
def test_an_adapter_begins_with_peft_s_weights_at_peft_s_places(targets: Any) -> None:
    """Names, shapes and first weights are those of peft, from the same seed."""
    from peft import get_peft_model

    chosen = settings(lora_target=targets, lora_rank=3)
    engine = PackEngine(tiny.model(), "none", CPU)
    adapter = FlatAdapter(engine.layout(chosen), scale=1.0, dropout=0.0, device=CPU, dtype=torch.float32, whole=True)
    torch.manual_seed(5)
    adapter.initialise()
    plain = tiny.model()
    torch.manual_seed(5)
    model = get_peft_model(plain, adapters.lora_config(chosen))
    theirs = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert list(adapter.weights()) == list(theirs)
    for name, matrix in adapter.weights().items():
        assert torch.equal(matrix, theirs[name]), name


def test_layers_that_have_no_linear_weight_are_not_packed() -> None:
    model = tiny.model()
    assert "output layer" in fit.why_targets_not_packed(model, settings(lora_target=["lm_head"]))
    assert "embed_tokens" in fit.why_targets_not_packed(model, settings(lora_target=["q_proj", "embed_tokens"]))


def test_a_pass_that_differs_from_peft_s_is_not_used(study: Path) -> None:
    """The first trial finds it out, later ones know it; both are trained by peft, and say why."""
    expected = attempt(study, {"lora_bias": "all", "steps": 2}, number=0)  # by peft; the model has no biases
    train(expected)
    with pytest.MonkeyPatch.context() as patch:
        right = linear._add_adapters
        patch.setattr(linear, "_add_adapters", lambda route, index, x, sums: right(route, index, x, sums.mul_(1.001)))
        for number in (1, 2):
            run = attempt(study, {"steps": 2}, number=number)
            train(run)
            assert told(run, "facts")["packed"].startswith("no: its pass differs from peft's: the loss by ")
            assert points(run, "train_loss") == points(expected, "train_loss")
            patch.setattr(fit, "compare_with_peft", None)  # it is not compared again
    (verdict,) = (study / "cache" / fit.VERDICTS).iterdir()
    assert json.loads(verdict.read_text())["loss"] > 1e-5
    verdict.unlink()
    run = attempt(study, {"steps": 2}, number=3)
    train(run)
    assert "packed" not in told(run, "facts")
    assert told(run, "facts")["sft_step"] == 2
    assert points(run, "train_loss") == pytest.approx(points(expected, "train_loss"), rel=1e-5)
    assert float(json.loads(verdict.read_text())["gradient"]) < 1e-5
