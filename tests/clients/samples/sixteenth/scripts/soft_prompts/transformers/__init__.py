"""A small stand-in for the parts of transformers that this script uses."""
from math import log10


class AutoTokenizer:
    pad_token_id, eos_token_id = None, 2

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls()

    def pad(self, examples, **kwargs):
        return {"labels": [e["label"] for e in examples]}

    def save_pretrained(self, folder):
        pass


class Output:
    def __init__(self, loss, logits):
        self.loss, self.logits = loss, logits


class AutoModelForSequenceClassification:
    def __init__(self):
        self.steps, self.lr, self.warmup, self.total, self.peft, self.size = 0, None, 0, 1, None, 8

    @classmethod
    def from_pretrained(cls, name, **kwargs):
        return cls()

    def parameters(self):
        return self

    def train(self):
        pass

    def eval(self):
        pass

    def error(self):
        c = self.peft
        e = 0.1 + abs(log10(self.lr) + 2) / 12 + 1 / c.num_virtual_tokens + self.size / 400 + abs(self.warmup - 20) / 2000
        e += {"p_tuning": 4 / max(1, c.encoder_hidden_size), "prefix_tuning": 0.02, "prompt_tuning": 0.06}[c.kind]
        return e + 3 * self.size / (self.steps * self.size + 100)

    def __call__(self, labels):
        return Output(self.error() * 2, [self.error()] * len(labels))

    def print_trainable_parameters(self):
        print("trainable params: 1,332,482 || all params: 356,694,148 || trainable%: 0.3736")

    def save_pretrained(self, folder, state_dict=None):
        import os
        os.makedirs(folder, exist_ok=True)
        open(os.path.join(folder, "adapter_config.json"), "w").write("{}")


def get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps):
    optimizer.owner.warmup, optimizer.owner.total = num_warmup_steps, num_training_steps
    return type("Scheduler", (), {"step": lambda self: None})()


def set_seed(seed):
    pass
