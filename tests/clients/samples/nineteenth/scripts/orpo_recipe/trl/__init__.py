"""A small stand-in for trl."""
from dataclasses import dataclass
from typing import Optional

from transformers import Trainer, TrainingArguments


@dataclass
class ORPOConfig(TrainingArguments):
    learning_rate: float = 1e-6
    logging_steps: int = 10
    beta: float = 0.1
    max_length: Optional[int] = 1024
    max_prompt_length: Optional[int] = 512


class ORPOTrainer(Trainer):
    def __init__(self, model=None, args=None, peft_config=None, **kwargs):
        model.peft = peft_config
        super().__init__(model=model, args=args, **kwargs)

    def more(self):
        return {"rewards/chosen": -0.031, "rewards/rejected": -0.044, "rewards/accuracies": 0.6125, "log_odds_ratio": -0.55}
