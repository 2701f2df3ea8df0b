"""
train_qlora.py

QLoRA fine-tuning for text-to-SQL: the base model in 4 bits (NF4), LoRA adapters, TRL's SFTTrainer.

Usage:
    python train_qlora.py --config config.yaml
"""
import argparse

import torch
import yaml
from datasets import load_from_disk
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from trl import SFTConfig, SFTTrainer


def load_config(path: str) -> dict:
    with open(path, "r") as f:
        return yaml.safe_load(f)


def build_model(cfg: dict):
    quant = cfg["quantization"]
    bnb = BitsAndBytesConfig(
        load_in_4bit=quant["load_in_4bit"],
        bnb_4bit_quant_type=quant["bnb_4bit_quant_type"],
        bnb_4bit_compute_dtype=getattr(torch, quant["bnb_4bit_compute_dtype"]),
        bnb_4bit_use_double_quant=quant["bnb_4bit_use_double_quant"],
    )
    name = cfg["model"]["base_model_id"]
    tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=cfg["model"]["trust_remote_code"])
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(name, quantization_config=bnb, device_map="auto")
    model.config.use_cache = False
    return prepare_model_for_kbit_training(model), tokenizer


def main(config_path: str):
    cfg = load_config(config_path)
    lora_cfg, train_cfg = cfg["lora"], cfg["training"]

    print("Loading the model in 4 bits ...")
    model, tokenizer = build_model(cfg)
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **lora_cfg))
    model.print_trainable_parameters()

    print("Loading the dataset ...")
    dataset = load_from_disk(cfg["dataset"]["path"])

    args = SFTConfig(
        output_dir=train_cfg["output_dir"],
        num_train_epochs=train_cfg["num_train_epochs"],
        per_device_train_batch_size=train_cfg["per_device_train_batch_size"],
        gradient_accumulation_steps=train_cfg["gradient_accumulation_steps"],
        learning_rate=train_cfg["learning_rate"],
        lr_scheduler_type=train_cfg["lr_scheduler_type"],
        warmup_ratio=train_cfg["warmup_ratio"],
        weight_decay=train_cfg["weight_decay"],
        logging_steps=train_cfg["logging_steps"],
        eval_strategy=train_cfg["eval_strategy"],
        save_strategy=train_cfg["save_strategy"],
        bf16=train_cfg["bf16"],
        gradient_checkpointing=train_cfg["gradient_checkpointing"],
        optim=train_cfg["optim"],
        seed=train_cfg["seed"],
        report_to=train_cfg["report_to"],
        max_length=cfg["dataset"]["max_length"],
        packing=False,
    )
    trainer = SFTTrainer(
        model=model,
        args=args,
        train_dataset=dataset["train"],
        eval_dataset=dataset["test"],
        processing_class=tokenizer,
    )

    print("Starting QLoRA fine-tuning ...")
    trainer.train()

    final_dir = f"{train_cfg['output_dir']}/final_adapter"
    trainer.model.save_pretrained(final_dir)
    tokenizer.save_pretrained(final_dir)
    print(f"Done. Adapter saved to {final_dir}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=str, default="config.yaml")
    main(parser.parse_args().config)
