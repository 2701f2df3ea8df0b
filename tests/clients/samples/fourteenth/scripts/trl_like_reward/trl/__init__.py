"""A small stand-in for trl: a reward model is trained as a formula."""
import json
import math
import os
from dataclasses import dataclass, field

from transformers import TrainingArguments


@dataclass
class RewardConfig(TrainingArguments):
    learning_rate: float = field(default=1e-4, metadata={"help": "The initial learning rate for AdamW."})
    max_length: int = field(default=1024, metadata={"help": "Maximum length of the sequences."})
    center_rewards_coefficient: float = field(default=0.0, metadata={"help": "Pull rewards towards zero."})


@dataclass
class LoraConfig:
    r: int = 8
    lora_alpha: int = 8
    lora_dropout: float = 0.0


class RewardTrainer:
    def __init__(self, model, args, train_dataset, eval_dataset, peft_config=None):
        self.model, self.args, self.peft = model, args, peft_config
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset

    def _loss(self, epochs):
        a, p = self.args, self.peft
        batch = a.per_device_train_batch_size * a.gradient_accumulation_steps
        loss = 0.25 + abs(math.log10(a.learning_rate) + 4.5) / 5 + a.weight_decay + 0.5 / batch + abs(a.warmup_ratio - 0.1)
        loss += a.center_rewards_coefficient + 0.3 / (1 + epochs)
        return loss + (0.4 / p.r + p.lora_dropout / 2 + abs(p.lora_alpha / p.r - 2) / 20 if p else 0)

    def train(self):
        a = self.args
        batch = a.per_device_train_batch_size * a.gradient_accumulation_steps
        steps = max(1, int(a.num_train_epochs * len(self.train_dataset) / batch))
        for step in range(a.logging_steps, steps + 1, a.logging_steps):
            epoch = a.num_train_epochs * step / steps
            print({"loss": round(self._loss(epoch) - 0.02, 4), "grad_norm": 2.5,
                   "learning_rate": a.learning_rate * (1 - step / steps), "epoch": round(epoch, 2)})
        print({"train_runtime": 0.01, "train_samples_per_second": 1000.0, "train_loss": self._loss(a.num_train_epochs / 2),
               "epoch": a.num_train_epochs})

    def evaluate(self):
        loss = self._loss(self.args.num_train_epochs)
        metrics = {"eval_loss": loss, "eval_accuracy": 1 - loss / 2, "eval_runtime": 0.01, "epoch": self.args.num_train_epochs}
        print(metrics)
        return metrics

    def log_metrics(self, split, metrics):
        print(f"***** {split} metrics *****")
        width = max(len(key) for key in metrics)
        for key in sorted(metrics):
            print(f"  {key: <{width}} = {metrics[key]:>10.4f}")

    def save_metrics(self, split, metrics):
        os.makedirs(self.args.output_dir, exist_ok=True)
        for name in (f"{split}_results.json", "all_results.json"):
            with open(os.path.join(self.args.output_dir, name), "w") as f:
                json.dump(metrics, f, indent=4, sort_keys=True)

    def save_model(self, output_dir):
        os.makedirs(output_dir, exist_ok=True)
        with open(os.path.join(output_dir, "adapter_config.json"), "w") as f:
            json.dump(vars(self.peft) if self.peft else {}, f)
