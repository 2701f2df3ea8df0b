"""A small stand-in for sentence_transformers: a training is a formula."""
import json
import logging
import math
import os
from dataclasses import dataclass

from tqdm.auto import tqdm

logger = logging.getLogger(__name__)


class SentenceTransformer:
    def __init__(self, name):
        self.name, self.max_seq_length, self.miss = name, 256, 0.45
        logger.info(f"Load pretrained SentenceTransformer: {name}")

    def save_pretrained(self, path):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "config_sentence_transformers.json"), "w") as f:
            json.dump({"name": self.name, "max_seq_length": self.max_seq_length}, f)


@dataclass
class SentenceTransformerTrainingArguments:
    output_dir: str
    num_train_epochs: float = 3
    per_device_train_batch_size: int = 8
    per_device_eval_batch_size: int = 8
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    warmup_ratio: float = 0.0
    fp16: bool = False
    bf16: bool = False
    batch_sampler: str = "batch_sampler"
    eval_strategy: str = "no"
    eval_steps: int = 100
    save_strategy: str = "steps"
    save_steps: int = 100
    save_total_limit: int = 2
    logging_steps: int = 100
    run_name: str = None
    seed: int = 42


class SentenceTransformerTrainer:
    def __init__(self, model, args, train_dataset, eval_dataset=None, loss=None, evaluator=None):
        self.model, self.args, self.loss, self.evaluator = model, args, loss, evaluator
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset

    def miss(self, epoch):
        a = self.args
        miss = 0.06 + abs(math.log10(a.learning_rate) + 4.5) / 10 + a.weight_decay / 4 + abs(a.warmup_ratio - 0.1) / 2
        miss += 0.6 / a.per_device_train_batch_size + abs(self.loss.scale - 30) / 500 + 4 / self.model.max_seq_length
        return miss + 0.1 / (1 + epoch)

    def train(self):
        a = self.args
        per_epoch = math.ceil(len(self.train_dataset) / a.per_device_train_batch_size)
        steps = math.ceil(per_epoch * a.num_train_epochs)
        for step in tqdm(range(1, steps + 1)):
            epoch = step / per_epoch
            self.model.miss = self.miss(epoch)
            if step % a.logging_steps == 0:
                tqdm.write(str({"loss": round(4 * self.model.miss, 4), "grad_norm": 2.1,
                                "learning_rate": a.learning_rate * (1 - step / steps), "epoch": round(epoch, 2)}))
            if a.eval_strategy == "steps" and step % a.eval_steps == 0 or a.eval_strategy == "epoch" and step % per_epoch == 0:
                metrics = {"eval_loss": 3 * self.model.miss}
                metrics.update({f"eval_{k}": v for k, v in self.evaluator(self.model).items()} if self.evaluator else {})
                tqdm.write(str({**metrics, "eval_runtime": 0.02, "eval_samples_per_second": 6400.0, "epoch": round(epoch, 2)}))
        tqdm.write(str({"train_runtime": 0.05, "train_loss": 4 * self.model.miss + 0.2, "epoch": float(a.num_train_epochs)}))
