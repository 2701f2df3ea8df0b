"""A small stand-in for the parts of transformers that train a Whisper model."""
import json
import math
import os
import time
from dataclasses import dataclass
from typing import Any, Optional


@dataclass
class Seq2SeqTrainingArguments:
    output_dir: str
    per_device_train_batch_size: int = 8
    per_device_eval_batch_size: int = 8
    gradient_accumulation_steps: int = 1
    learning_rate: float = 5e-5
    warmup_steps: int = 0
    max_steps: int = -1
    num_train_epochs: float = 3.0
    eval_strategy: str = "no"
    eval_steps: Optional[int] = None
    save_strategy: str = "steps"
    save_steps: int = 500
    logging_steps: int = 500
    predict_with_generate: bool = False
    generation_max_length: Optional[int] = None
    save_total_limit: Optional[int] = None
    metric_for_best_model: Optional[str] = None
    greater_is_better: Optional[bool] = None
    load_best_model_at_end: bool = False
    fp16: bool = False
    report_to: Any = None


class WhisperProcessor:
    def __init__(self, name, language, task):
        self.name, self.language, self.task = name, language, task

    @classmethod
    def from_pretrained(cls, name, language=None, task=None):
        return cls(name, language, task)

    def save_pretrained(self, path):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "preprocessor_config.json"), "w") as f:
            json.dump({"processor_class": "WhisperProcessor", "feature_size": 80}, f)


class WhisperForConditionalGeneration:
    def __init__(self, name):
        self.name = name
        self.config = type("WhisperConfig", (), {})()
        self.error = 1.0

    @classmethod
    def from_pretrained(cls, name):
        return cls(name)


class Seq2SeqTrainer:
    def __init__(self, model, args, train_dataset, eval_dataset, data_collator=None, compute_metrics=None,
                 processing_class=None):
        self.model, self.args = model, args
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.compute_metrics = compute_metrics
        a = args
        if a.max_steps <= 0:
            per_epoch = math.ceil(len(train_dataset) / a.per_device_train_batch_size)
            a.max_steps = int(per_epoch * a.num_train_epochs)
        self.floor = 0.12 + 0.06 * abs(math.log10(a.learning_rate) + 4.7) + 0.8 / a.per_device_train_batch_size
        self.floor += 0.05 * abs(a.warmup_steps - 400) / 1000
        self.step = 0

    def _rate(self):
        return min(self.floor + 80 / (self.step + 1), 0.99)

    def log(self, logs):
        print({**logs, "epoch": round(self.step * self.args.per_device_train_batch_size / len(self.train_dataset), 2)})

    def evaluate(self):
        rate = self._rate()
        start = time.time()
        metrics = {"eval_loss": round(rate * 1.7, 6)}
        metrics |= {f"eval_{k}": v for k, v in self.compute_metrics(self.eval_dataset, rate).items()}
        metrics["eval_runtime"] = round(time.time() - start, 4)
        self.log(metrics)
        return metrics

    def train(self):
        a = self.args
        start = time.time()
        for self.step in range(1, a.max_steps + 1):
            if self.step % a.logging_steps == 0:
                warm = min(1.0, self.step / max(1, a.warmup_steps))
                self.log({"loss": round(2.1 * self._rate() - 0.05, 4), "grad_norm": round(1 + self._rate(), 4),
                          "learning_rate": a.learning_rate * warm})
            if a.eval_strategy == "steps" and self.step % a.eval_steps == 0:
                self.evaluate()
        self.log({"train_runtime": round(time.time() - start, 3), "train_loss": round(2.1 * self._rate(), 5)})
