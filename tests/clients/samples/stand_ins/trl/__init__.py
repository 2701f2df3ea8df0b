"""A small stand-in for trl: a training is a formula."""
import dataclasses
import math
import sys
from dataclasses import dataclass
from typing import Optional

import yaml

from peft import LoraConfig
from transformers import HfArgumentParser, Trainer, TrainingArguments


@dataclass
class SFTConfig(TrainingArguments):
    learning_rate: float = 2e-5
    logging_steps: int = 10
    dataset_text_field: str = "text"
    max_length: Optional[int] = None
    packing: bool = False


@dataclass
class DPOConfig(TrainingArguments):
    learning_rate: float = 1e-6
    logging_steps: int = 10
    beta: float = 0.1
    max_length: Optional[int] = None
    max_prompt_length: Optional[int] = None


@dataclass
class GRPOConfig(TrainingArguments):
    learning_rate: float = 1e-6
    logging_steps: int = 10
    beta: float = 0.0
    num_generations: int = 8
    max_prompt_length: Optional[int] = None
    max_completion_length: int = 256
    temperature: float = 1.0
    epsilon: float = 0.2


@dataclass
class ModelConfig:
    model_name_or_path: Optional[str] = None
    torch_dtype: Optional[str] = None
    attn_implementation: Optional[str] = None
    use_peft: bool = False
    load_in_4bit: bool = False
    lora_r: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.05


def get_peft_config(args):
    return LoraConfig(r=args.lora_r, lora_alpha=args.lora_alpha, lora_dropout=args.lora_dropout) if args.use_peft else None


class TrlParser(HfArgumentParser):
    def parse_args_and_config(self, args=None):
        args = list(sys.argv[1:] if args is None else args)
        if "--config" in args:
            i = args.index("--config")
            with open(args[i + 1]) as f:
                config = yaml.safe_load(f)
            del args[i : i + 2]
            known = {field.name: field.type for dtype in self.dataclass_types for field in dataclasses.fields(dtype)}
            if unknown := set(config) - set(known):
                raise ValueError(f"Some specified arguments are not used by the TrlParser: {sorted(unknown)}")
            self.set_defaults(**{k: float(v) if known[k] is float else v for k, v in config.items()})
        return self.parse_args_into_dataclasses(args)


class SFTTrainer(Trainer):
    def train_log(self, epoch, share):
        return {**super().train_log(epoch, share), "mean_token_accuracy": 0.7 + share / 10}


class DPOTrainer(Trainer):
    def loss(self, epoch):
        a = self.args
        loss = 0.3 + abs(math.log10(a.learning_rate) + 5) / 10 + a.weight_decay + abs(a.beta - 0.2) + 0.5 / self.batch()
        return loss + self.adapter() / 2 + 0.2 / (0.5 + epoch)

    def scores(self, epoch, split="eval"):
        loss = self.loss(epoch)
        return {f"{split}_loss": loss, f"{split}_rewards/chosen": 0.4 - loss, f"{split}_rewards/rejected": -0.8,
                f"{split}_rewards/accuracies": 1 - loss / 2, f"{split}_rewards/margins": 1.2 - loss,
                f"{split}_logps/chosen": -210.4, f"{split}_logps/rejected": -231.9}

    def train_log(self, epoch, share):
        loss = self.loss(epoch)
        return {"loss": round(loss, 4), "grad_norm": 3.1, "learning_rate": self.args.learning_rate * (1 - share),
                "rewards/chosen": 0.4 - loss, "rewards/rejected": -0.8, "rewards/accuracies": 1 - loss / 2,
                "rewards/margins": 1.2 - loss, "logps/chosen": -208.1, "logps/rejected": -229.3}


class GRPOTrainer(Trainer):
    def __init__(self, reward_funcs=(), reward_processing_classes=None, **kwargs):
        super().__init__(**kwargs)
        self.reward_funcs = list(reward_funcs) if isinstance(reward_funcs, (list, tuple)) else [reward_funcs]

    def reward(self):
        a = self.args
        reward = 1.9 - abs(math.log10(a.learning_rate) + 5.5) / 4 - 2 * abs(a.beta - 0.02) - 1 / a.num_generations
        return reward - 20 / a.max_completion_length - 0.2 / self.batch() - self.adapter() / 2 - 4 / (4 + self.state.global_step)

    def loss(self, epoch):
        return 0.0004 * (1 + self.args.beta)

    def train_log(self, epoch, share):
        reward, a = self.reward(), self.args
        entry = {"loss": self.loss(epoch), "grad_norm": 0.21, "learning_rate": a.learning_rate * (1 - share),
                 "num_tokens": 1024.0 * self.state.global_step, "completions/mean_length": a.max_completion_length / 2}
        for function in self.reward_funcs:
            entry[f"rewards/{function.__name__}/mean"] = reward / len(self.reward_funcs)
            entry[f"rewards/{function.__name__}/std"] = 0.25
        return {**entry, "reward": reward, "reward_std": 0.31, "kl": 0.002, "entropy": 0.41}
