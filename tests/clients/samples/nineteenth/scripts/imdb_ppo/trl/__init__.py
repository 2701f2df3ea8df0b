"""A small stand-in for trl's PPO of the older versions."""
from dataclasses import dataclass

from torch._state import STATE, Tensor, measure
from transformers import AutoModelForCausalLM


@dataclass
class PPOConfig:
    model_name: str = "gpt2"
    learning_rate: float = 1e-5
    batch_size: int = 128
    mini_batch_size: int = 128
    ppo_epochs: int = 4
    init_kl_coef: float = 0.2
    adap_kl_ctrl: bool = True
    cliprange: float = 0.2
    log_with: str = None
    seed: int = 0
    steps: int = 20000


class AutoModelForCausalLMWithValueHead(AutoModelForCausalLM):
    pass


def create_reference_model(model):
    return model


class PPOTrainer:
    def __init__(self, config, model, ref_model, tokenizer, dataset=None, data_collator=None):
        STATE.config, self.config, self.dataset = config, config, dataset
        self.dataloader = [[Tensor(0.0, config.batch_size)] * config.batch_size for _ in range(max(1, len(dataset) // config.batch_size))]

    def generate(self, queries, **kwargs):
        STATE.generation = kwargs
        return queries

    def step(self, queries, responses, rewards):
        STATE.steps += 1
        return {"objective/kl": 1.2 + 0.05 * STATE.steps, "ppo/loss/total": measure("loss") / 10, "ppo/mean_scores": sum(rewards) / len(rewards)}

    def save_pretrained(self, folder):
        import os

        os.makedirs(folder, exist_ok=True)


class SentimentPipeline:
    def __call__(self, texts, **kwargs):
        value = measure("reward")
        return [value + (0.3 if i % 2 else -0.3) for i in range(2 * (len(texts) // 2))] or [value]
