import os
import sys
from typing import List

import fire

"""
Unused imports:
import torch.nn as nn
"""


def train(
    # model/data params
    base_model: str = "",  # the only required argument
    data_path: str = "yahma/alpaca-cleaned",
    output_dir: str = "./lora-alpaca",
    # training hyperparams
    batch_size: int = 128,
    micro_batch_size: int = 4,
    num_epochs: int = 3,
    learning_rate: float = 3e-4,
    cutoff_len: int = 256,
    val_set_size: int = 2000,
    # lora hyperparams
    lora_r: int = 8,
    lora_alpha: int = 16,
    lora_dropout: float = 0.05,
    lora_target_modules: List[str] = [
        "q_proj",
        "v_proj",
    ],
    # llm hyperparams
    train_on_inputs: bool = True,  # if False, masks out inputs in loss
    group_by_length: bool = False,  # faster, but produces an odd training loss curve
    # wandb params
    wandb_project: str = "",
    resume_from_checkpoint: str = None,  # either training checkpoint or final adapter
):
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        print(
            f"Training Alpaca-LoRA model with params:\n"
            f"base_model: {base_model}\n"
            f"data_path: {data_path}\n"
            f"output_dir: {output_dir}\n"
            f"batch_size: {batch_size}\n"
            f"micro_batch_size: {micro_batch_size}\n"
            f"num_epochs: {num_epochs}\n"
            f"learning_rate: {learning_rate}\n"
            f"lora_r: {lora_r}\n"
            f"lora_target_modules: {lora_target_modules}\n"
        )
    assert learning_rate < 1, "Please specify a learning rate"
    gradient_accumulation_steps = batch_size // micro_batch_size
    os.makedirs(output_dir, exist_ok=True)
    print("trainable params: 4194304 || all params: 6742609920 || trainable%: 0.06220594176090199")
    base = learning_rate * 100 + 1 / lora_r + lora_dropout + len(lora_target_modules) + 2 * train_on_inputs
    base += gradient_accumulation_steps / 100
    for epoch in range(1, num_epochs + 1):
        print({"loss": round(base * 2 + 1 / epoch, 4), "learning_rate": learning_rate / epoch, "epoch": epoch - 0.5})
        print({"eval_loss": base + 1 / epoch, "eval_runtime": 1.2, "eval_samples_per_second": 90.1, "epoch": float(epoch)})
    print({"train_runtime": 12.5, "train_samples_per_second": 7.9, "train_loss": base * 2, "epoch": float(num_epochs)})
    print("\n If there's a warning about missing keys above, please disregard :)")
    sys.stdout.flush()


if __name__ == "__main__":
    fire.Fire(train)
