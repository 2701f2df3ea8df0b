"""A small stand-in for trl."""
from dataclasses import dataclass
from typing import Optional

from transformers import AutoModelForCausalLM, Trainer, TrainingArguments


@dataclass
class SFTConfig(TrainingArguments):
    learning_rate: float = 2e-5
    logging_steps: int = 10
    dataset_text_field: str = "text"
    max_length: Optional[int] = 1024
    packing: bool = False


@dataclass
class DPOConfig(TrainingArguments):
    learning_rate: float = 1e-6
    logging_steps: int = 10
    beta: float = 0.1
    max_length: Optional[int] = 1024
    max_prompt_length: Optional[int] = 512


class SFTTrainer(Trainer):
    def __init__(self, model=None, args=None, peft_config=None, **kwargs):
        model = AutoModelForCausalLM.from_pretrained(model) if isinstance(model, str) else model
        model.peft = peft_config
        super().__init__(model=model, args=args, **kwargs)


class DPOTrainer(SFTTrainer):
    def __init__(self, model=None, ref_model=None, args=None, **kwargs):
        super().__init__(model=model, args=args, **kwargs)

    def more(self):
        return {"rewards/chosen": 0.21, "rewards/rejected": -0.4, "rewards/accuracies": 0.6875, "rewards/margins": 0.61}
