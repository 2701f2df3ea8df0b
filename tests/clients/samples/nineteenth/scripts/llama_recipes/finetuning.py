"""Fine-tune a Llama model on one GPU:

    python finetuning.py --use_peft --peft_method lora --lr 1e-4 --batch_size_training 4 --output_dir out/peft
"""
import os
import time

import fire
import torch
from configs import lora_config, train_config
from peft import LoraConfig, get_peft_model
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer


class SummaryDataset(Dataset):
    def __init__(self, name, tokenizer, split):
        self.size = {"train": 480, "validation": 40}[split]

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return {"input_ids": i, "attention_mask": 1, "labels": i}


def update_config(config, **kwargs):
    if isinstance(config, (tuple, list)):
        for c in config:
            update_config(c, **kwargs)
        return
    for k, v in kwargs.items():
        if hasattr(config, k):
            setattr(config, k, v)
        elif "." in k:
            # allow --some_config.some_param=True
            config_name, param_name = k.split(".")
            if type(config).__name__ == config_name:
                if hasattr(config, param_name):
                    setattr(config, param_name, v)
                else:
                    print(f"Warning: {config_name} does not accept parameter: {k}")


def evaluation(model, config, eval_dataloader):
    model.eval()
    eval_loss = 0.0
    for batch in tqdm(eval_dataloader, desc="evaluating Epoch"):
        with torch.no_grad():
            eval_loss += model(**batch).loss.float().item()
    eval_epoch_loss = eval_loss / len(eval_dataloader)
    eval_ppl = torch.exp(eval_epoch_loss)
    print(f" eval_ppl={eval_ppl} eval_epoch_loss={eval_epoch_loss}")
    return eval_ppl, eval_epoch_loss


def train(model, train_dataloader, eval_dataloader, tokenizer, optimizer, lr_scheduler, config):
    train_prep, train_loss, val_prep, val_loss, epoch_times = [], [], [], [], []
    best_val_loss = float("inf")
    for epoch in range(config.num_epochs):
        start = time.perf_counter()
        model.train()
        total_loss = 0.0
        total_length = len(train_dataloader) // config.gradient_accumulation_steps
        pbar = tqdm(colour="blue", desc=f"Training Epoch: {epoch + 1}", total=total_length)
        for step, batch in enumerate(train_dataloader):
            loss = model(**batch).loss / config.gradient_accumulation_steps
            total_loss += loss.item() * config.gradient_accumulation_steps
            loss.backward()
            if (step + 1) % config.gradient_accumulation_steps == 0 or step == len(train_dataloader) - 1:
                optimizer.step()
                optimizer.zero_grad()
                pbar.update(1)
            pbar.set_description(f"Training Epoch: {epoch + 1}/{config.num_epochs}, step {step}/{len(train_dataloader)} completed (loss: {loss.item()})")
        pbar.close()
        epoch_times.append(time.perf_counter() - start)
        train_epoch_loss = total_loss / len(train_dataloader)
        train_perplexity = torch.exp(train_epoch_loss)
        train_prep.append(train_perplexity)
        train_loss.append(train_epoch_loss)
        lr_scheduler.step()
        if config.run_validation:
            eval_ppl, eval_epoch_loss = evaluation(model, config, eval_dataloader)
            if config.save_model and eval_epoch_loss < best_val_loss:
                print("we are about to save the PEFT modules")
                model.save_pretrained(config.output_dir)
                print(f"PEFT modules are saved in {config.output_dir} directory")
            if eval_epoch_loss < best_val_loss:
                best_val_loss = eval_epoch_loss
                print(f"best eval loss on epoch {epoch + 1} is {best_val_loss}")
            val_loss.append(eval_epoch_loss)
            val_prep.append(eval_ppl)
        print(f"Epoch {epoch + 1}: train_perplexity={train_perplexity:.4f}, train_epoch_loss={train_epoch_loss:.4f}, epoch time {epoch_times[-1]}s")
    results = {
        "avg_train_prep": sum(train_prep) / len(train_prep),
        "avg_train_loss": sum(train_loss) / len(train_loss),
        "avg_epoch_time": sum(epoch_times) / len(epoch_times),
    }
    if config.run_validation:
        results["avg_eval_prep"] = sum(val_prep) / len(val_prep)
        results["avg_eval_loss"] = sum(val_loss) / len(val_loss)
    return results


def main(**kwargs):
    # Update the configuration for the training process
    lora = lora_config()
    config = train_config()
    update_config((config, lora), **kwargs)
    torch.manual_seed(config.seed)

    tokenizer = AutoTokenizer.from_pretrained(config.model_name)
    model = AutoModelForCausalLM.from_pretrained(config.model_name)
    if config.use_peft:
        model = get_peft_model(model, LoraConfig(r=lora.r, lora_alpha=lora.lora_alpha, lora_dropout=lora.lora_dropout))

    dataset_train = SummaryDataset(config.dataset, tokenizer, "train")
    dataset_val = SummaryDataset(config.dataset, tokenizer, "validation")
    print(f"--> Training Set Length = {len(dataset_train)}")
    print(f"--> Validation Set Length = {len(dataset_val)}")
    train_dataloader = DataLoader(dataset_train, batch_size=config.batch_size_training, shuffle=True)
    eval_dataloader = DataLoader(dataset_val, batch_size=config.val_batch_size)

    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=config.gamma)
    results = train(model, train_dataloader, eval_dataloader, tokenizer, optimizer, scheduler, config)
    [print(f"Key: {k}, Value: {v}") for k, v in results.items()]


if __name__ == "__main__":
    fire.Fire(main)
