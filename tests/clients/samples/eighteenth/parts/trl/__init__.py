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
class GRPOConfig(TrainingArguments):
    learning_rate: float = 1e-6
    logging_steps: int = 10
    beta: float = 0.0
    num_generations: int = 8
    max_prompt_length: Optional[int] = 512
    max_completion_length: int = 256
    temperature: float = 1.0
    adam_beta2: float = 0.999
    use_vllm: bool = False


@dataclass
class RewardConfig(TrainingArguments):
    learning_rate: float = 1e-4
    logging_steps: int = 10
    max_length: Optional[int] = 1024
    center_rewards_coefficient: Optional[float] = None


class SFTTrainer(Trainer):
    def __init__(self, model=None, args=None, peft_config=None, **kwargs):
        model = AutoModelForCausalLM.from_pretrained(model) if isinstance(model, str) else model
        model.peft = peft_config
        super().__init__(model=model, args=args, **kwargs)


class RewardTrainer(SFTTrainer):
    pass


class GRPOTrainer(SFTTrainer):
    def __init__(self, model=None, reward_funcs=(), args=None, **kwargs):
        self.reward_funcs = list(reward_funcs)
        super().__init__(model=model, args=args, **kwargs)

    def more(self):
        from transformers._formula import rewards

        each = rewards(self.args, self.model, self.progress)
        entry = {"num_tokens": 812.0, "completions/mean_length": self.args.max_completion_length * 0.6}
        for function, value in zip(self.reward_funcs, each):
            entry[f"rewards/{function.__name__}/mean"], entry[f"rewards/{function.__name__}/std"] = value, 0.21
        return {**entry, "reward": sum(each), "reward_std": 0.34, "kl": 0.0021}
