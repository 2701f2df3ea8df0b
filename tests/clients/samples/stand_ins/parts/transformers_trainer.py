"""A Trainer that goes through the steps and writes what the library's writes."""
import json
import math
import os
import time

from tqdm import tqdm

from ._formula import evaluation, training_loss


def SHOWN(logs):
    return {k: v for k, v in logs.items() if k != "total_flos"}


class TrainOutput(tuple):
    def __new__(cls, step, loss, metrics):
        made = super().__new__(cls, (step, loss, metrics))
        made.global_step, made.training_loss, made.metrics = step, loss, metrics
        return made

    def __repr__(self):
        return f"TrainOutput(global_step={self[0]}, training_loss={self[1]}, metrics={self[2]})"


class Trainer:
    def __init__(self, model=None, args=None, data_collator=None, train_dataset=None, eval_dataset=None,
                 tokenizer=None, processing_class=None, compute_metrics=None, callbacks=None, **kwargs):
        self.model, self.args = model, args
        self.train_dataset, self.eval_dataset = train_dataset, eval_dataset
        self.compute_metrics = compute_metrics
        self.progress, self.epoch, self.history = 0.0, 0.0, []

    def log(self, logs):
        logs = {**logs, "epoch": round(self.epoch, 2)}
        self.history.append(logs)
        tqdm.write(str(SHOWN(logs)))

    def train(self, resume_from_checkpoint=None):
        args = self.args
        each = args.per_device_train_batch_size * args.gradient_accumulation_steps
        per_epoch = max(1, math.ceil(len(self.train_dataset) / each))
        total = args.max_steps if args.max_steps > 0 else max(1, int(args.num_train_epochs * per_epoch))
        start, losses = time.time(), []
        warm = args.warmup_steps or int(args.warmup_ratio * total)
        with tqdm(total=total, mininterval=0.2) as bar:
            for step in range(1, total + 1):
                self.progress, self.epoch = step / total, step / per_epoch
                losses.append(training_loss(args, self.model, self.progress))
                bar.update(1)
                if step % args.logging_steps == 0:
                    lr = args.learning_rate * (step / warm if step < warm else (total - step) / max(1, total - warm))
                    self.log({"loss": round(losses[-1], 4), "grad_norm": round(1.9 / (1 + 0.1 * step), 6), "learning_rate": lr, **self.more()})
                if (args.eval_strategy == "epoch" and step % per_epoch == 0) or (args.eval_strategy == "steps" and step % (args.eval_steps or args.logging_steps) == 0):
                    self.evaluate()
            loss = sum(losses) / len(losses)
            took = time.time() - start + 1.25
            metrics = {"train_runtime": round(took, 4), "train_samples_per_second": round(total * each / took, 3), "train_steps_per_second": round(total / took, 3), "total_flos": 1.0e12 * total, "train_loss": loss}
            self.log(metrics)
        return TrainOutput(total, loss, {**metrics, "epoch": round(self.epoch, 2)})

    def more(self):
        return {}

    def evaluate(self, eval_dataset=None, metric_key_prefix="eval", **kwargs):
        scores = {f"{metric_key_prefix}_{k}": v for k, v in evaluation(self.args, self.model, self.progress).items()}
        n = len(eval_dataset if eval_dataset is not None else self.eval_dataset)
        metrics = {**scores, f"{metric_key_prefix}_runtime": 0.5123, f"{metric_key_prefix}_samples_per_second": round(n / 0.5123, 3), f"{metric_key_prefix}_steps_per_second": round(n / 0.5123 / self.args.per_device_eval_batch_size, 3)}
        self.log(metrics)
        return {**metrics, "epoch": round(self.epoch, 2)}

    def log_metrics(self, split, metrics):
        print(f"***** {split} metrics *****")
        shown = {}
        for key, value in metrics.items():
            if key.endswith("_runtime"):
                value = f"0:00:{value:05.2f}"
            elif key == "total_flos":
                value = f"{int(value) >> 30}GF"
            elif isinstance(value, float):
                value = round(value, 4)
            shown[key] = value
        k_width, v_width = max(len(k) for k in shown), max(len(str(v)) for v in shown.values())
        for key in sorted(shown):
            print(f"  {key: <{k_width}} = {shown[key]:>{v_width}}")

    def save_metrics(self, split, metrics, combined=True):
        os.makedirs(self.args.output_dir, exist_ok=True)
        with open(os.path.join(self.args.output_dir, f"{split}_results.json"), "w") as f:
            json.dump(metrics, f, indent=4, sort_keys=True)
        if combined:
            path = os.path.join(self.args.output_dir, "all_results.json")
            known = json.load(open(path)) if os.path.exists(path) else {}
            with open(path, "w") as f:
                json.dump({**known, **metrics}, f, indent=4, sort_keys=True)

    def save_state(self):
        os.makedirs(self.args.output_dir, exist_ok=True)
        with open(os.path.join(self.args.output_dir, "trainer_state.json"), "w") as f:
            json.dump({"global_step": len(self.history), "log_history": self.history}, f, indent=2)

    def save_model(self, output_dir=None):
        folder = output_dir or self.args.output_dir
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "adapter_config.json"), "w") as f:
            json.dump({"base_model_name_or_path": getattr(self.model, "name", None)}, f)
