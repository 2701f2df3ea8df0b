"""Building of a small base model from a recipe: a tokenizer, then training on documentation and sums.

Deterministic on one kind of machine with one set of versions: seeds, order of text and number of threads are fixed.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hptui.trainers.models.data import arithmetic_rows, library_functions
from hptui.trainers.models.recipes import Recipe

THREADS = 1
"""Fixed number of threads: the order of additions depends on it."""
WARMUP_SHARE = 0.05
"""Share of the steps that warm up, 0 to 1."""
SEED = 20
"""Seed of initialisation and order of text."""
BEGIN, END = "<s>", "</s>"
HELD_OUT_EVERY = 20
"""Every text whose index is a multiple of this is held out to measure the loss."""


def build(recipe: Recipe, folder: Path) -> None:
    """Write a model and its tokenizer into `folder`, for `from_pretrained`."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    texts = pretraining_texts()
    held_out, learnt = texts[::HELD_OUT_EVERY], [text for n, text in enumerate(texts) if n % HELD_OUT_EVERY]
    tokenizer = make_tokenizer(learnt, recipe)
    with _repeatable():
        model = _architecture(recipe, tokenizer)
        _pretrain(model, tokenizer, learnt, recipe)
        loss = _loss(model, tokenizer, held_out, recipe)
    model.eval()
    tokenizer.model_max_length = recipe.positions
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    facts = {"recipe": asdict(recipe), "loss_on_held_out_documentation": loss, "texts": len(learnt)}
    (folder / "hptui.json").write_text(json.dumps(facts, indent=1))


def pretraining_texts() -> list[str]:
    """Return the texts of pre-training: each function as a help page shows it."""
    return [
        f"{function.signature}\n" + "\n".join(f"    {line}" for line in function.documentation.splitlines())
        for function in library_functions()
        if function.for_pretraining
    ]


def sum_problems(count: int, draw: random.Random) -> str:
    """Return `count` sums with their steps, in plain words. The test rows of the data set are left out."""
    chosen = draw.choices([row for row in _arithmetic() if row["split"] == "train"], k=count)
    return "\n".join(f"{row['problem']}\n{row['solution']}. It is {row['answer']}." for row in chosen)


@cache
def _arithmetic() -> list[dict[str, str]]:
    return arithmetic_rows()


def make_tokenizer(texts: list[str], recipe: Recipe) -> Any:
    """Return a byte-level BPE tokenizer trained on the texts; every digit is a token of its own."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary, special_tokens=[BEGIN, END], initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=BEGIN, eos_token=END, pad_token=END)


def _architecture(recipe: Recipe, tokenizer: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    families = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM)}
    config, model = families[recipe.architecture]
    return model(
        config(
            vocab_size=len(tokenizer),
            hidden_size=recipe.hidden,
            intermediate_size=recipe.feed_forward,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.heads,
            max_position_embeddings=recipe.positions,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def _stream(tokenizer: Any, texts: list[str], recipe: Recipe) -> Tensor:
    """Return the text of pre-training as one sequence of tokens, documentation and sums at random."""
    draw = random.Random(SEED)
    needed = recipe.steps * recipe.batch * recipe.length + 1
    parts: list[int] = []
    encoded = tokenizer(texts, add_special_tokens=False)["input_ids"]
    position = 0
    while len(parts) < needed:
        if draw.random() < recipe.sums:
            ids = tokenizer(sum_problems(4, draw), add_special_tokens=False)["input_ids"]
        else:
            ids = encoded[position % len(encoded)]
            position += 1
        parts += [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
    return torch.tensor(parts[:needed])


def _pretrain(model: Any, tokenizer: Any, texts: list[str], recipe: Recipe) -> None:
    stream = _stream(tokenizer, texts, recipe)
    windows = (len(stream) - 1) // recipe.length
    order = torch.randperm(windows, generator=torch.Generator().manual_seed(SEED))
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, recipe.learning_rate, betas=(0.9, 0.98), fused=True)
    model.train()
    for step in range(recipe.steps):
        warmup = min(1.0, (step + 1) / (WARMUP_SHARE * recipe.steps))
        decay = 0.5 * (1 + math.cos(math.pi * step / recipe.steps)) * 0.95 + 0.05
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * warmup * decay
        starts = order[step * recipe.batch : (step + 1) * recipe.batch] * recipe.length
        ids = torch.stack([stream[start : start + recipe.length + 1] for start in starts.tolist()])
        loss = _cross_entropy(model, ids)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 100 == 0 or step + 1 == recipe.steps:
            print(f"base model: step {step + 1}/{recipe.steps}, loss {loss.item():.3f}", flush=True)


def _cross_entropy(model: Any, ids: Tensor) -> Tensor:
    scores = model(input_ids=ids[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), ids[:, 1:].reshape(-1))


@torch.no_grad()
def _loss(model: Any, tokenizer: Any, texts: list[str], recipe: Recipe) -> float:
    """Return the mean loss per token of held-out texts, in nats."""
    model.eval()
    total, count = 0.0, 0
    for text in texts:
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"]][: recipe.length + 1]])
        if ids.shape[1] > 1:
            total += float(_cross_entropy(model, ids)) * (ids.shape[1] - 1)
            count += ids.shape[1] - 1
    return total / max(count, 1)


@contextmanager
def _repeatable() -> Iterator[None]:
    """Fix seed and threads for a block, and restore the trial's own afterwards."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)
