"""A small stand-in for the parts of trl that this script uses."""
from dataclasses import dataclass
from typing import Optional

from transformers import Trainer, TrainingArguments
from transformers._formula import skill


@dataclass
class GRPOConfig(TrainingArguments):
    learning_rate: float = 1e-6
    beta: float = 0.0
    epsilon: float = 0.2
    temperature: float = 1.0
    num_generations: int = 8
    max_prompt_length: Optional[int] = 512
    max_completion_length: Optional[int] = 256
    use_vllm: bool = False


class GRPOTrainer(Trainer):
    def __init__(self, reward_funcs, peft_config=None, **kwargs):
        super().__init__(**kwargs)
        self.reward_funcs = reward_funcs if isinstance(reward_funcs, list) else [reward_funcs]
        self.model.lora = peft_config
        self.model.solves = lambda i, n: i < round(skill(self.args, self.model, 1.0) * n)

    def more(self):
        s = skill(self.args, self.model, self.progress)
        out = {"num_tokens": 1024.0 * len(self.history), "completions/mean_length": 180.5, "completions/clipped_ratio": 0.0625}
        for f, v in zip(self.reward_funcs, (s * 2, 0.5 * self.progress)):
            out[f"rewards/{f.__name__}/mean"], out[f"rewards/{f.__name__}/std"] = round(v, 6), 0.41
        return {**out, "reward": round(2 * s + 0.5 * self.progress, 6), "reward_std": 0.52, "kl": round(0.001 * self.progress, 6)}
