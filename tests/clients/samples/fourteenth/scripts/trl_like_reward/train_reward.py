"""
Train a reward model:

python train_reward.py \
    --model_name_or_path toy/instruct-0.1B \
    --output_dir toy-reward \
    --per_device_train_batch_size 8 \
    --num_train_epochs 1 \
    --learning_rate 1.0e-4 \
    --use_peft \
    --lora_r 32 \
    --lora_alpha 16
"""
import warnings
from dataclasses import dataclass, field
from typing import Optional

import torch
from transformers import HfArgumentParser
from trl import LoraConfig, RewardConfig, RewardTrainer


@dataclass
class ScriptArguments:
    dataset_name: str = field(default="toy/preferences", metadata={"help": "the dataset name"})
    dataset_train_split: str = field(default="train", metadata={"help": "the split to train on"})
    dataset_test_split: str = field(default="test", metadata={"help": "the split to evaluate on"})
    max_samples: Optional[int] = field(default=None, metadata={"help": "use only so many pairs"})


@dataclass
class ModelConfig:
    model_name_or_path: Optional[str] = field(default="toy/instruct-0.1B", metadata={"help": "Model checkpoint."})
    torch_dtype: Optional[str] = field(default=None, metadata={"help": "Override the default dtype."})
    use_peft: bool = field(default=True, metadata={"help": "Whether to use PEFT for training."})
    lora_r: int = field(default=16, metadata={"help": "LoRA R value."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA alpha."})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout."})


def load_pairs(name, split, limit):
    n = 320 if split == "train" else 80
    return [(f"{name} chosen {i}", f"{name} rejected {i}") for i in range(min(n, limit or n))]


def get_peft_config(model_args):
    if not model_args.use_peft:
        return None
    return LoraConfig(r=model_args.lora_r, lora_alpha=model_args.lora_alpha, lora_dropout=model_args.lora_dropout)


if __name__ == "__main__":
    parser = HfArgumentParser((ScriptArguments, RewardConfig, ModelConfig))
    script_args, training_args, model_args = parser.parse_args_into_dataclasses()

    ################
    # Model & Tokenizer
    ################
    torch.manual_seed(training_args.seed)
    model = {"name": model_args.model_name_or_path, "num_labels": 1}
    if model_args.use_peft and model_args.lora_alpha < model_args.lora_r:
        warnings.warn("lora_alpha is smaller than lora_r, the adapter will be scaled down.")

    ##############
    # Load dataset
    ##############
    train_dataset = load_pairs(script_args.dataset_name, script_args.dataset_train_split, script_args.max_samples)
    eval_dataset = load_pairs(script_args.dataset_name, script_args.dataset_test_split, script_args.max_samples)

    ##########
    # Training
    ##########
    trainer = RewardTrainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        peft_config=get_peft_config(model_args),
    )
    trainer.train()

    ############################
    # Save model and evaluate
    ############################
    trainer.save_model(training_args.output_dir)

    metrics = trainer.evaluate()
    trainer.log_metrics("eval", metrics)
    trainer.save_metrics("eval", metrics)
