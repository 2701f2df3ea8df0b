"""A small stand-in: models whose weights are a few numbers, and the tables of GLUE."""
import json
import math
import os

WEIGHTS_NAME = "pytorch_model.json"


class BertForSequenceClassification:
    def __init__(self, error=1.0):
        self.error, self.settings = error, {}

    @classmethod
    def from_pretrained(cls, path, **_):
        file = os.path.join(path, WEIGHTS_NAME)
        if not os.path.exists(file):
            return cls()
        with open(file) as f:
            return cls(json.load(f)["error"])

    def save_pretrained(self, path):
        with open(os.path.join(path, WEIGHTS_NAME), "w") as f:
            json.dump({"error": self.error}, f)

    def step(self, progress, s):
        self.error = 0.06 + abs(math.log10(s.learning_rate) + 4.5) / 20 + abs(s.weight_decay - 0.01)
        self.error += 4 / s.max_seq_length + 0.2 / (s.train_batch_size * s.gradient_accumulation_steps)
        self.error += abs(s.warmup_steps - 20) / 2000 + abs(s.max_grad_norm - 1) / 50
        self.error += 0.12 / (s.num_train_epochs * progress + 0.01)
        return 4 * self.error


class Sst2Processor:
    def get_labels(self):
        return ["0", "1"]

    def _read(self, path):
        with open(path) as f:
            return [line.split("\t") for line in f.read().splitlines()[1:]]

    def get_train_examples(self, data_dir):
        return self._read(os.path.join(data_dir, "train.tsv"))

    def get_dev_examples(self, data_dir):
        return self._read(os.path.join(data_dir, "dev.tsv"))


glue_processors = {"sst-2": Sst2Processor, "cola": Sst2Processor, "qnli": Sst2Processor}
glue_output_modes = {"sst-2": "classification", "cola": "classification", "qnli": "classification"}


def glue_compute_metrics(task_name, error):
    return {"mcc": 1 - 2 * error} if task_name == "cola" else {"acc": 1 - error}
