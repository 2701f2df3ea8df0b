"""Tiny models with random weights and a tokenizer trained on the spot, and attempts that fine-tune them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch

from hptui.store.run_directory import RunDir
from hptui.trainers import registry
from hptui.trainers.context import TrialContext
from tests.trainers.attempts import context, events, make

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def rows(count: int, begin: int = 0) -> list[dict[str, Any]]:
    """Little sums as prompts and completions, all different."""
    made = []
    for n in range(begin, begin + count):
        a, b = WORDS[n % 10], WORDS[(n // 10) % 10]
        made.append({"prompt": f"what is the sum of {a} and {b} {n}", "completion": f" {b} plus {a}", "n": n})
    return made


def write(path: Path, some: list[dict[str, Any]]) -> Path:
    """Rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in some))
    return path


@cache
def tokenizer(chat: bool = False) -> Any:
    """A byte-level BPE tokenizer of 300 tokens. Not to be changed: it is shared."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(unk_token=None))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<pad>", "<end>", "<|user|>", "<|assistant|>", "<|system|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([" ".join(WORDS) + " what is the sum of plus and"] * 4, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<end>")
    if chat:
        fast.chat_template = CHAT
    return fast


def model(kind: str = "llama", seed: int = 0, **over: Any) -> Any:
    """A model of two layers of width 32."""
    from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

    config = (LlamaConfig if kind == "llama" else Qwen2Config)(
        vocab_size=len(tokenizer()),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.2,
        tie_word_embeddings=kind == "qwen2",
        pad_token_id=tokenizer().pad_token_id,
        eos_token_id=tokenizer().eos_token_id,
        bos_token_id=None,
        **over,
    )
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config)


def saved(folder: Path, kind: str = "llama", chat: bool = False) -> Path:
    """A directory that `from_pretrained` takes."""
    model(kind).save_pretrained(folder)
    tokenizer(chat).save_pretrained(folder)
    return folder


TINY: dict[str, Any] = {
    "model": "base",
    "train": "train.jsonl",
    "validation": "validation.jsonl",
    "batch_size": 4,
    "learning_rate": 1e-2,
    "lora_rank": 4,
    "lora_alpha": 8,
    "steps": 8,
    "log_every": 1,
    "eval_every": 4,
    "max_length": 64,
}


def study(folder: Path, kind: str = "llama", chat: bool = False, count: int = 30) -> Path:
    """A study's directory: a model, 30 rows to train on and 10 others."""
    saved(folder / "base", kind, chat)
    write(folder / "train.jsonl", rows(count))
    write(folder / "validation.jsonl", rows(10, 200))
    return folder


def attempt(folder: Path, settings: dict[str, Any] | None = None, **over: Any) -> RunDir:
    """The directory of an attempt."""
    return make(folder, "sft", {**TINY, **(settings or {})}, **{"objectives": ["eval_loss"], **over})


def train(run: RunDir, stop: Callable[[TrialContext], bool] = lambda trial: False) -> dict[str, float]:
    """Train in this process, asked to stop when `stop` says so."""
    held: list[TrialContext] = []
    trial, writer = context(run, lambda: bool(held) and stop(held[0]))
    held.append(trial)
    try:
        return dict(registry.load("sft")(json.loads(run.config.read_text())["settings"], trial))
    finally:
        writer.close()


def told(run: RunDir, kind: str) -> dict[str, Any]:
    """All that was recorded as `effective` or `facts`, the last word counting."""
    key = "settings" if kind == "effective" else kind
    return {name: value for event in events(run, kind) for name, value in event[key].items()}


def points(run: RunDir, name: str) -> dict[int, float]:
    """One metric over steps."""
    return {event["step"]: event["m"][name] for event in events(run, "metrics") if name in event["m"]}
