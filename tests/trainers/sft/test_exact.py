"""The loop is held against others: transformers' Trainer on the same order of data, stock peft, and itself resumed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hptui.store.run_directory import RunDir
from hptui.trainers.data import pipeline
from hptui.trainers.data.batches import IGNORED_TARGET, epoch_order
from hptui.trainers.settings import build
from hptui.trainers.sft import load
from hptui.trainers.sft.settings import SftSettings
from tests.trainers.attempts import make
from tests.trainers.sft.tiny import TINY, attempt, points, study, train

COMMON = {"steps": 20, "batch_size": 3, "gradient_accumulation": 2, "lr_schedule": "cosine", "warmup_steps": 3}


class Ordered(torch.utils.data.Sampler[int]):
    """The order that our own loop trains in, epoch by epoch."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.epoch = count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        return iter(epoch_order(self.count, self.seed, self.epoch).tolist())


def by_trainer(folder: Path, settings: dict[str, Any], seed: int) -> tuple[list[float], list[float], Any]:
    """Losses, norms and the model of transformers' Trainer, with stock peft where an adapter is asked for."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    ours = build(SftSettings, {**TINY, **settings})
    tokenizer = load.load_tokenizer(ours, folder)
    tokens = pipeline.load(ours, folder, folder / "cache", tokenizer).tokens["train"]

    def collate(batch: list[int]) -> dict[str, torch.Tensor]:
        parts = [tokens[n] for n in batch]
        width = max(len(ids) for ids, _ in parts)
        pad = lambda row, value: np.pad(row.astype(np.int64), (0, width - len(row)), constant_values=value)
        return {
            "input_ids": torch.tensor(np.stack([pad(ids, 0) for ids, _ in parts])),
            "labels": torch.tensor(
                np.stack([pad(np.where(learnt, ids, IGNORED_TARGET), IGNORED_TARGET) for ids, learnt in parts])
            ),
            "attention_mask": torch.tensor(np.stack([pad(np.ones(len(ids)), 0) for ids, _ in parts])),
        }

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32)
    if ours.adapter == "lora":
        config = LoraConfig(
            task_type="CAUSAL_LM", r=ours.lora_rank, lora_alpha=ours.lora_alpha, target_modules="all-linear"
        )
        model = get_peft_model(model, config)

    class Same(Trainer):
        def _get_train_sampler(self, *_: Any) -> Any:
            return Ordered(len(tokens), seed)

    arguments = TrainingArguments(
        output_dir=str(folder / "trainer"),
        per_device_train_batch_size=ours.batch_size,
        gradient_accumulation_steps=ours.gradient_accumulation,
        max_steps=ours.steps,
        learning_rate=ours.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=ours.warmup_steps,
        weight_decay=ours.weight_decay,
        optim="adamw_torch",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
    )
    trainer = Same(model, arguments, train_dataset=list(range(len(tokens))), data_collator=collate)
    trainer.train()
    logged = [entry for entry in trainer.state.log_history if "grad_norm" in entry]
    return [entry["loss"] for entry in logged], [entry["grad_norm"] for entry in logged], trainer.model


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("kind", "adapter"), [("llama", "none"), ("qwen2", "lora")])
def test_the_losses_are_those_of_transformers_trainer(tmp_path: Path, kind: str, adapter: str) -> None:
    folder = study(tmp_path, kind)
    settings = {**COMMON, "adapter": adapter, "weight_decay": 0.1, "save_model": "last"}
    run = attempt(folder, settings, seed=7)
    train(run)
    losses, norms, model = by_trainer(folder, settings, 7)
    assert len(losses) == 20
    assert list(points(run, "train_loss").values()) == pytest.approx(losses, abs=2e-4)  # Trainer rounds to 4 digits
    assert list(points(run, "grad_norm").values()) == pytest.approx(norms, rel=1e-3)
    theirs = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert len(theirs) == (28 if adapter == "lora" else 21)
    if adapter == "lora":
        from safetensors.torch import load_file

        ours = load_file(folder / "trials" / "0000" / "artifacts" / "model" / "adapter_model.safetensors")
        for name, value in ours.items():
            torch.testing.assert_close(value, theirs[name.replace(".weight", ".default.weight")], atol=2e-4, rtol=1e-3)


def interrupted(folder: Path, settings: dict[str, Any], at: int, **over: Any) -> tuple[RunDir, RunDir]:
    """A training that is paused when it looks for the time number `at`, and goes on in a second attempt."""
    first = attempt(folder, settings, number=1, **over)
    seen: list[int] = []

    def stop(trial: Any) -> bool:
        seen.append(1)
        return len(seen) > at

    train(first, stop)
    second = make(folder, "sft", {**TINY, **settings}, number=1, attempt=2, objectives=["eval_loss"], **over)
    train(second)
    return first, second


@pytest.mark.parametrize(
    "more",
    [
        {"adapter": "none", "optimizer": "adamw_fused"},
        {"lora_dropout": 0.3, "optimizer": "adamw", "packing": True},
        {"adapter": "qlora", "lora_dropout": 0.2, "optimizer": "adafactor"},
        {"optimizer": "sgd", "momentum": 0.9, "log_every": 4},
        {"optimizer": "adamw_8bit", "adapter": "none"},
    ],
    ids=lambda more: "-".join(map(str, more.values())),
)
@pytest.mark.parametrize("at", [4, 6])
def test_a_resumed_run_has_the_losses_of_an_undisturbed_one(study: Path, more: dict[str, Any], at: int) -> None:
    """Paused between two steps, or in the middle of an evaluation, which then is made up for."""
    settings = {**COMMON, "steps": 11, "eval_every": 5, "log_every": 1, **more}
    whole = attempt(study, settings)
    train(whole)
    first, rest = interrupted(study, settings, at)
    assert (5 in points(first, "train_loss")) == (at == 6) or "log_every" in more
    assert 5 not in points(first, "eval_loss")
    for name in ("train_loss", "eval_loss", "grad_norm", "learning_rate"):
        assert points(first, name) | points(rest, name) == points(whole, name)


def test_pauses_at_rungs_change_no_bit(study: Path) -> None:
    """It trains to a ninth, to a third, to the end, under the schedule of the whole."""
    settings = {**COMMON, "steps": 18, "eval_every": 2, "log_every": 1, "lr_schedule": "cosine", "lora_dropout": 0.3}
    whole = attempt(study, settings)
    train(whole)
    runs = []
    for n, rung in enumerate((1 / 9, 1 / 3, None), start=1):
        over: dict[str, Any] = {"rung": {"progress": rung, "metric": "eval_loss"}} if rung else {}
        over["objectives"] = ["eval_loss"]
        runs.append(make(study, "sft", {**TINY, **settings}, number=1, attempt=n, **over))
        train(runs[-1])
    for name in ("train_loss", "eval_loss", "grad_norm", "learning_rate"):
        parts = [points(run, name) for run in runs]
        assert [max(part) for part in parts] == [2, 6, 18]
        assert parts[0] | parts[1] | parts[2] == points(whole, name)


def test_packed_examples_do_not_see_each_other(study: Path) -> None:
    """A whole epoch in one step has the same loss and gradient, whether each row holds one example or several."""
    epoch = {"steps": 2, "gradient_accumulation": 40, "batch_size": 1, "max_length": 64, "lora_dropout": 0.0}
    for attention in ("sdpa", "eager"):
        runs = []
        for n, packing in enumerate((False, True)):
            run = attempt(study, {**epoch, "packing": packing, "attention": attention}, number=n + 2 * len(attention))
            train(run)
            runs.append(run)
        for name in ("train_loss", "grad_norm", "eval_loss"):
            plain, packed = (list(points(run, name).values()) for run in runs)
            assert packed == pytest.approx(plain, rel=2e-5)


def test_recomputed_activations_change_nothing_but_memory(study: Path) -> None:
    from tests.trainers.sft.tiny import told

    kept, again = (
        attempt(study, {"lora_dropout": 0.2}),
        attempt(study, {"lora_dropout": 0.2, "gradient_checkpointing": True}, number=1),
    )
    train(kept)
    train(again)
    assert points(again, "train_loss") == pytest.approx(points(kept, "train_loss"), rel=1e-6)
    assert told(again, "facts")["memory_activations_gb"] < told(kept, "facts")["memory_activations_gb"]


def test_padding_to_max_length_changes_nothing_but_time(study: Path) -> None:
    short, wide = attempt(study, {}), attempt(study, {"padding": "max_length"}, number=1)
    train(short)
    train(wide)
    assert points(wide, "train_loss") == pytest.approx(points(short, "train_loss"), rel=1e-5)


def batch_of(study: Path, rows: list[list[int]]) -> Any:
    from hptui.trainers.data.batches import TokenRows

    settings = build(SftSettings, TINY)
    tokens = pipeline.load(settings, study, study / "cache", load.load_tokenizer(settings, study)).tokens["train"]
    return TokenRows(tokens, rows, pad=0).batch(range(len(rows)))


def test_the_loss_is_the_same_however_the_output_layer_is_applied(study: Path) -> None:
    """To the positions with a target, or, by a model that does not call it as a module, to all."""
    from torch.nn import functional as F

    from hptui.trainers.sft.forward import Forward
    from tests.trainers.sft.tiny import model

    batch, made = batch_of(study, [[n] for n in range(20)]), model()
    loss = Forward(made, "none")(batch)
    logits = made(input_ids=batch.ids).logits
    assert logits.shape[:2] == batch.ids.shape, "the layer sees all positions where no loss is computed"
    expected = F.cross_entropy(logits.reshape(-1, logits.shape[-1])[batch.indices], batch.labels, reduction="sum")
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    unusual = model()
    unusual.get_output_embeddings = lambda: None
    assert Forward(unusual, "none")(batch).item() == pytest.approx(expected.item(), rel=1e-6)


def test_logits_of_16_bits_are_converted_in_chunks(study: Path) -> None:
    """The loss and its gradient are the same; the memory beside the logits is smaller, most of all in an evaluation."""
    from hptui.trainers.sft import forward as forward_
    from tests.trainers.sft.tiny import model

    batch, gradients = batch_of(study, [[n] for n in range(20)]), []
    for chunk in (1000, 7):
        short = forward_.Forward(model().bfloat16(), "none")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(forward_, "CHUNK_TARGETS", chunk)
            loss = short(batch)
            with torch.no_grad():
                assert short(batch).item() == pytest.approx(loss.item(), rel=1e-6)
        loss.backward()
        gradients.append((loss.item(), short.model.lm_head.weight.grad.float()))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-6)
    torch.testing.assert_close(gradients[0][1], gradients[1][1], rtol=0.05, atol=0.05)


def test_tokens_that_are_open_are_those_of_the_settings_and_the_file(tmp_path: Path) -> None:
    """Trials of a host share what is open; other settings, and a file that is written anew, have their own."""
    study(tmp_path)
    settings = build(SftSettings, TINY)
    tokenizer = load.load_tokenizer(settings, tmp_path)
    fingerprint = pipeline.fingerprint(tokenizer)

    def opened(**changed: Any) -> Any:
        return pipeline.load(replace(settings, **changed), tmp_path, tmp_path / "cache", tokenizer, fingerprint)

    first, file = opened(), tmp_path / settings.train
    assert opened(train_samples=2) is first  # which of them are used is another matter
    longest = int(first.tokens["train"].lengths.max())
    assert opened(max_length=longest - 1).tokens["train"].lengths.max() < longest
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[: len(lines) // 2]))
    assert len(opened().tokens["train"]) == len(first.tokens["train"]) // 2
    shutil.rmtree(first.folder)
    file.write_text("".join(lines))
    again = opened()
    assert again is not first
    assert again.tokens["train"].ids.tolist() == first.tokens["train"].ids.tolist()
