"""A small stand-in for the parts of trl that this script uses."""
from dataclasses import dataclass, field
from typing import Optional

from transformers import Trainer, TrainingArguments


@dataclass
class KTOConfig(TrainingArguments):
    learning_rate: float = field(default=1e-6, metadata={"help": "The initial learning rate for AdamW."})
    logging_steps: int = field(default=10, metadata={"help": "Log every X updates steps."})
    max_length: Optional[int] = field(default=1024, metadata={"help": "Maximum length of the sequences."})
    max_prompt_length: Optional[int] = field(default=512, metadata={"help": "Maximum length of the prompt."})
    beta: float = field(default=0.1, metadata={"help": "Controls the deviation from the reference model."})
    desirable_weight: float = field(default=1.0, metadata={"help": "Desirable losses are weighed by this factor."})
    undesirable_weight: float = field(default=1.0, metadata={"help": "Undesirable losses are weighed by this factor."})


@dataclass
class ModelConfig:
    model_name_or_path: Optional[str] = field(default="trl-toy/qwen-sft", metadata={"help": "Model checkpoint."})
    trust_remote_code: bool = field(default=False, metadata={"help": "Trust remote code when loading a model."})
    use_peft: bool = field(default=False, metadata={"help": "Whether to use PEFT for training."})
    lora_r: int = field(default=16, metadata={"help": "LoRA R value."})
    lora_alpha: int = field(default=32, metadata={"help": "LoRA alpha."})
    lora_dropout: float = field(default=0.05, metadata={"help": "LoRA dropout."})


class LoraConfig:
    def __init__(self, r, lora_alpha, lora_dropout):
        self.r, self.lora_alpha, self.lora_dropout = r, lora_alpha, lora_dropout


def get_peft_config(model_args):
    if model_args.use_peft is False:
        return None
    return LoraConfig(model_args.lora_r, model_args.lora_alpha, model_args.lora_dropout)


class KTOTrainer(Trainer):
    def __init__(self, model, ref_model=None, peft_config=None, **kwargs):
        super().__init__(model=model, **kwargs)
        model.lora = peft_config

    def more(self):
        return {"rewards/chosen": 0.41, "rewards/rejected": -0.2, "rewards/margins": 0.61, "kl": 0.31}
