"""One LoRA training as a plain script on transformers and peft: what the rivals of the benchmark run for each trial.

    python tests/benchmarks/lora_script.py FOLDER LEARNING_RATE SEED

`FOLDER` has model, train.jsonl and validation.jsonl. The last line of the output is the loss on the validation rows.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

BATCH, EVAL_BATCH, STEPS, LENGTH, RANK, ALPHA = 4, 16, 40, 32, 8, 16


def encoded(folder: Path, name: str, tokenizer: Any) -> list[list[int]]:
    """The rows of a file as tokens, all of one length."""
    texts = [json.loads(line)["text"] for line in (folder / f"{name}.jsonl").open()]
    return [ids[:LENGTH] for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]]


def train_adapter(folder: Path, learning_rate: float, seed: int) -> float:
    """Train an adapter; return the loss on the validation rows."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    config = LoraConfig(task_type="CAUSAL_LM", r=RANK, lora_alpha=ALPHA, target_modules="all-linear")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32), config)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=learning_rate, weight_decay=0)
    rows = encoded(folder, "train", tokenizer)
    order = torch.randperm(len(rows)).tolist()
    model.train()
    for step in range(STEPS):
        ids = torch.tensor([rows[order[(step * BATCH + n) % len(rows)]] for n in range(BATCH)])
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    held_out, total = encoded(folder, "validation", tokenizer), 0.0
    model.eval()
    with torch.no_grad():
        for begin in range(0, len(held_out), EVAL_BATCH):
            ids = torch.tensor(held_out[begin : begin + EVAL_BATCH])
            total += float(model(input_ids=ids, labels=ids).loss) * len(ids)
    return total / len(held_out)


if __name__ == "__main__":
    print(train_adapter(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
