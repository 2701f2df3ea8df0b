#!/usr/bin/env python
"""Preference tuning with ORPO.

    python run_orpo.py recipes/zephyr-orpo/config.yaml
    python run_orpo.py recipes/zephyr-orpo/config.yaml --learning_rate=1e-5 --num_train_epochs=1
"""
import logging
import os
import sys
from dataclasses import dataclass, field
from typing import Optional

import yaml
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, HfArgumentParser, set_seed
from trl import ORPOConfig, ORPOTrainer

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    model_name_or_path: str = field(default="mistralai/Mistral-7B-v0.1", metadata={"help": "The base model."})
    torch_dtype: str = field(default="bfloat16", metadata={"help": "Load the model in this dtype."})
    attn_implementation: Optional[str] = field(default=None, metadata={"help": "Which attention to use."})
    lora_r: int = field(default=16, metadata={"help": "LoRA R value."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA alpha."})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout."})
    lora_target_modules: str = field(default="q_proj,v_proj", metadata={"help": "LoRA target modules."})


@dataclass
class DataArguments:
    dataset_name: str = field(default="argilla/dpo-mix-7k", metadata={"help": "The dataset with chosen and rejected."})
    preprocessing_num_workers: int = field(default=4, metadata={"help": "Workers of the preprocessing."})


class H4ArgumentParser(HfArgumentParser):
    """Reads a YAML file, of which arguments of the command line override keys."""

    def parse_yaml_and_args(self, path, other):
        with open(path, encoding="utf-8") as f:
            values = yaml.safe_load(f)
        words = [f"--{key}={value}" for key, value in values.items()]
        return self.parse_args_into_dataclasses(args=[*words, *other])

    def parse(self):
        if len(sys.argv) >= 2 and sys.argv[1].endswith(".yaml"):
            return self.parse_yaml_and_args(os.path.abspath(sys.argv[1]), sys.argv[2:])
        return self.parse_args_into_dataclasses()


def main():
    parser = H4ArgumentParser((ModelArguments, DataArguments, ORPOConfig))
    model_args, data_args, training_args = parser.parse()

    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s - %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        handlers=[logging.StreamHandler(sys.stdout)],
        level=logging.INFO,
    )
    logger.info(f"Model parameters {model_args}")
    logger.info(f"Data parameters {data_args}")
    set_seed(training_args.seed)

    raw_datasets = load_dataset(data_args.dataset_name)
    logger.info(f"Training on {len(raw_datasets['train'])} pairs")
    tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(model_args.model_name_or_path, torch_dtype=model_args.torch_dtype)

    trainer = ORPOTrainer(
        model,
        args=training_args,
        train_dataset=raw_datasets["train"],
        eval_dataset=raw_datasets["test"],
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=model_args.lora_r,
            lora_alpha=model_args.lora_alpha,
            lora_dropout=model_args.lora_dropout,
            target_modules=model_args.lora_target_modules.split(","),
            task_type="CAUSAL_LM",
        ),
    )

    train_result = trainer.train()
    metrics = train_result.metrics
    metrics["train_samples"] = len(raw_datasets["train"])
    trainer.log_metrics("train", metrics)
    trainer.save_metrics("train", metrics)
    trainer.save_state()
    logger.info("*** Training complete ***")
    trainer.save_model(training_args.output_dir)

    if training_args.do_eval:
        logger.info("*** Evaluate ***")
        metrics = trainer.evaluate()
        metrics["eval_samples"] = len(raw_datasets["test"])
        trainer.log_metrics("eval", metrics)
        trainer.save_metrics("eval", metrics)


if __name__ == "__main__":
    main()
