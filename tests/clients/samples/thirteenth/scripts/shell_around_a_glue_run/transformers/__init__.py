"""A small stand-in for the parts of transformers that run_glue.py uses."""
import argparse
import dataclasses
import json
import os
import time
import typing
from dataclasses import dataclass, field
from typing import Optional


def _bool(text):
    return str(text).lower() in ("true", "yes", "1", "t", "y")


class HfArgumentParser(argparse.ArgumentParser):
    def __init__(self, types):
        super().__init__(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        self.types = types if isinstance(types, (list, tuple)) else [types]
        for cls in self.types:
            hints = typing.get_type_hints(cls)
            for one in dataclasses.fields(cls):
                kind = hints[one.name]
                args = [a for a in typing.get_args(kind) if a is not type(None)]
                kind = args[0] if args else kind
                missing = one.default is dataclasses.MISSING
                options = {"help": one.metadata.get("help", one.name), "required": missing}
                if kind is bool:
                    options |= {"type": _bool, "nargs": "?", "const": True}
                else:
                    options["type"] = kind
                if not missing:
                    options["default"] = one.default
                self.add_argument(f"--{one.name}", **options)

    def parse_args_into_dataclasses(self):
        namespace = self.parse_args()
        return tuple(cls(**{one.name: getattr(namespace, one.name) for one in dataclasses.fields(cls)})
                     for cls in self.types)


@dataclass
class TrainingArguments:
    output_dir: str = field(metadata={"help": "The output directory of predictions and checkpoints."})
    overwrite_output_dir: bool = field(default=False)
    do_train: bool = field(default=False)
    do_eval: bool = field(default=False)
    do_predict: bool = field(default=False)
    eval_strategy: str = field(default="no")
    per_device_train_batch_size: int = field(default=8)
    per_device_eval_batch_size: int = field(default=8)
    gradient_accumulation_steps: int = field(default=1)
    learning_rate: float = field(default=5e-5)
    weight_decay: float = field(default=0.0)
    adam_beta2: float = field(default=0.999)
    max_grad_norm: float = field(default=1.0)
    num_train_epochs: float = field(default=3.0)
    lr_scheduler_type: str = field(default="linear")
    warmup_ratio: float = field(default=0.0)
    logging_steps: int = field(default=500)
    save_strategy: str = field(default="steps")
    seed: int = field(default=42)
    fp16: bool = field(default=False)
    report_to: Optional[str] = field(default=None)


def set_seed(seed):
    import random

    random.seed(seed)


class TrainOutput:
    def __init__(self, metrics):
        self.metrics = metrics


class Trainer:
    """Calls `quality(share)` of the model, which says how good it is after a share of the training."""

    def __init__(self, model, args, train_dataset=None, eval_dataset=None, compute_metrics=None):
        self.model, self.args = model, args
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.compute_metrics = compute_metrics
        self.epoch = 0.0
        self.history = []

    def log(self, logs):
        logs = {**logs, "epoch": round(self.epoch, 2)}
        self.history.append(logs)
        print(logs, flush=True)

    def train(self, resume_from_checkpoint=None):
        a, start = self.args, time.time()
        per_epoch = max(1, len(self.train_dataset) // (a.per_device_train_batch_size * a.gradient_accumulation_steps))
        total = max(1, int(per_epoch * a.num_train_epochs))
        for step in range(1, total + 1):
            self.epoch = step / per_epoch
            self.model.share = step / total
            if step % a.logging_steps == 0:
                self.log({"loss": round(1.05 - self.model.quality(a), 4),
                          "learning_rate": a.learning_rate * (1 - step / total)})
            if a.eval_strategy == "epoch" and step % per_epoch == 0 and step != total:
                self.evaluate()
        if a.eval_strategy == "epoch":
            self.evaluate()
        seconds = time.time() - start
        self.log({"train_runtime": round(seconds, 4), "train_loss": round(1.1 - self.model.quality(a), 6)})
        return TrainOutput({"epoch": self.epoch, "train_loss": 1.1 - self.model.quality(a), "train_runtime": seconds})

    def evaluate(self, eval_dataset=None):
        start = time.time()
        quality = self.model.quality(self.args)
        metrics = {"eval_loss": 1.2 - quality}
        metrics |= {f"eval_{key}": value for key, value in self.compute_metrics(quality).items()}
        metrics["eval_runtime"] = round(time.time() - start, 4)
        self.log(metrics)
        return {**metrics, "epoch": self.epoch}

    def log_metrics(self, split, metrics):
        print(f"***** {split} metrics *****")
        width = max(len(key) for key in metrics)
        for key in sorted(metrics):
            value = metrics[key]
            print(f"  {key: <{width}} = {value:>10.4f}" if isinstance(value, float) else f"  {key: <{width}} = {value:>10}")

    def save_metrics(self, split, metrics):
        for name in (split, "all"):
            path = os.path.join(self.args.output_dir, f"{name}_results.json")
            old = {}
            if name == "all" and os.path.exists(path):
                with open(path) as f:
                    old = json.load(f)
            with open(path, "w") as f:
                json.dump({**old, **metrics}, f, indent=4, sort_keys=True)

    def save_state(self):
        with open(os.path.join(self.args.output_dir, "trainer_state.json"), "w") as f:
            json.dump({"epoch": self.epoch, "log_history": self.history}, f, indent=2)

    def save_model(self):
        os.makedirs(self.args.output_dir, exist_ok=True)
        with open(os.path.join(self.args.output_dir, "config.json"), "w") as f:
            json.dump({"model_type": "bert"}, f)
