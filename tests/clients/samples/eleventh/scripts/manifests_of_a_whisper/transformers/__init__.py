"""A small stand-in: a trainer that learns by arithmetic, with the logs of the original."""
import json
import math
import os


class WhisperForConditionalGeneration:
    @classmethod
    def from_pretrained(cls, name):
        model = cls()
        model.size = 0.0 if name.endswith("tiny") else -4.0
        return model


class Seq2SeqTrainingArguments:
    def __init__(self, output_dir, eval_strategy="no", eval_steps=None, load_best_model_at_end=False, **settings):
        self.output_dir, self.eval_strategy, self.eval_steps = output_dir, eval_strategy, eval_steps
        self.load_best_model_at_end = load_best_model_at_end
        self.__dict__.update(settings)


class Seq2SeqTrainer:
    def __init__(self, args, model, train_dataset, eval_dataset=None, compute_metrics=None):
        self.args, self.model, self.compute_metrics = args, model, compute_metrics
        self.eval_dataset, self.step, self.best = eval_dataset, 0, None

    def error(self, step):
        a = self.args
        batch = a.per_device_train_batch_size * a.gradient_accumulation_steps
        error = 20 + self.model.size + 5 * abs(math.log10(a.learning_rate) + 4.5) + 40 / batch
        return error + abs(a.warmup_steps - 10) / 10 + 100 / (step + 1)

    def evaluate(self):
        error = self.error(self.best if self.best is not None else self.step)
        logs = {"eval_loss": round(error / 40, 4), "eval_" + self.compute_metrics[0]: self.compute_metrics[1](error),
                "eval_runtime": 0.9, "eval_samples_per_second": 4.4, "epoch": round(self.step / 10, 2)}
        print(logs)
        return logs

    def train(self):
        a = self.args
        os.makedirs(a.output_dir, exist_ok=True)
        best = None
        for self.step in range(1, a.max_steps + 1):
            if self.step % a.logging_steps == 0:
                print({"loss": round(self.error(self.step) / 40 - 0.05, 4), "grad_norm": 8.1,
                       "learning_rate": a.learning_rate * (1 - self.step / a.max_steps), "epoch": round(self.step / 10, 2)})
            if a.eval_strategy == "steps" and self.step % a.eval_steps == 0:
                self.evaluate()
                best = self.step
        self.best = best
        print({"train_runtime": 1.1, "train_samples_per_second": 20.0, "train_loss": round(self.error(self.step) / 40, 4), "epoch": round(self.step / 10, 2)})

    def save_model(self, path):
        with open(os.path.join(path, "model.json"), "w") as f:
            json.dump({"step": self.best or self.step}, f)
