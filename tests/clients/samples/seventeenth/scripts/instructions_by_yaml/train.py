"""Instruction tuning with LoRA and accelerate.

accelerate launch train.py --config configs/qwen_lora.yaml
"""
import argparse
import json
import math
import os

import torch
import yaml
from accelerate import Accelerator
from peft import LoraConfig, TaskType, get_peft_model
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, get_cosine_schedule_with_warmup, set_seed

PROMPT = "Below is an instruction.\n\n### Instruction:\n{instruction}\n\n### Response:\n"


class InstructionDataset(Dataset):
    def __init__(self, rows, tokenizer, max_length):
        self.rows, self.tokenizer, self.max_length = rows, tokenizer, max_length

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, idx):
        row = self.rows[idx]
        enc = self.tokenizer(PROMPT.format(**row) + row["response"], truncation=True, max_length=self.max_length, return_tensors="pt")
        return {"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"], "labels": enc["input_ids"]}


def load_rows(path, val_ratio):
    with open(path) as f:
        rows = [json.loads(line) for line in f]
    n_val = int(len(rows) * val_ratio)
    return rows[n_val:], rows[:n_val]


@torch.no_grad()
def evaluate(model, loader, accelerator):
    model.eval()
    losses = []
    for batch in loader:
        out = model(**batch)
        losses.append(accelerator.gather_for_metrics(out.loss).item())
    model.train()
    return sum(losses) / len(losses)


def main(cfg):
    tcfg = cfg["training"]
    accelerator = Accelerator(gradient_accumulation_steps=tcfg["gradient_accumulation_steps"])
    set_seed(tcfg["seed"])

    tokenizer = AutoTokenizer.from_pretrained(cfg["model"]["name"])
    model = AutoModelForCausalLM.from_pretrained(cfg["model"]["name"])
    lora = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=cfg["lora"]["r"],
        lora_alpha=cfg["lora"]["alpha"],
        lora_dropout=cfg["lora"]["dropout"],
        target_modules=cfg["lora"]["target_modules"],
    )
    model = get_peft_model(model, lora)
    if accelerator.is_main_process:
        model.print_trainable_parameters()

    train_rows, val_rows = load_rows(cfg["data"]["path"], cfg["data"]["val_ratio"])
    max_len = cfg["model"]["max_seq_length"]
    train_loader = DataLoader(InstructionDataset(train_rows, tokenizer, max_len), batch_size=tcfg["batch_size"], shuffle=True)
    val_loader = DataLoader(InstructionDataset(val_rows, tokenizer, max_len), batch_size=tcfg["batch_size"])

    optimizer = torch.optim.AdamW(model.parameters(), lr=float(tcfg["learning_rate"]), weight_decay=tcfg["weight_decay"])
    total_steps = tcfg["epochs"] * len(train_loader)
    scheduler = get_cosine_schedule_with_warmup(optimizer, tcfg["warmup_ratio"] * total_steps, total_steps)
    model, optimizer, train_loader, val_loader, scheduler = accelerator.prepare(model, optimizer, train_loader, val_loader, scheduler)

    global_step = 0
    progress = tqdm(total=total_steps, disable=not accelerator.is_local_main_process)
    for epoch in range(tcfg["epochs"]):
        model.train()
        for batch in train_loader:
            with accelerator.accumulate(model):
                loss = model(**batch).loss
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), tcfg["max_grad_norm"])
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
            global_step += 1
            progress.update(1)
            progress.set_postfix({"loss": f"{loss.item():.4f}", "lr": f"{scheduler.get_last_lr()[0]:.2e}"})
        val_loss = evaluate(model, val_loader, accelerator)
        accelerator.print(f"[epoch {epoch + 1}] step {global_step} val_loss {val_loss:.4f} ppl {math.exp(val_loss):.2f}")

    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        os.makedirs(tcfg["output_dir"], exist_ok=True)
        accelerator.unwrap_model(model).save_pretrained(tcfg["output_dir"])
        tokenizer.save_pretrained(tcfg["output_dir"])
        print(f"Adapter saved to {tcfg['output_dir']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=str, default="configs/qwen_lora.yaml")
    args = parser.parse_args()
    with open(args.config) as f:
        main(yaml.safe_load(f))
