"""A small stand-in for the library: a model without weights, and a Trainer that follows its settings."""
import json
import math
import os
import time


class _Saved:
    name = "adapter_config.json"

    @classmethod
    def from_pretrained(cls, name):
        one = cls()
        one.source = name
        return one

    def save_pretrained(self, folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, self.name), "w") as file:
            json.dump({"source": self.source}, file)


class AutoModelForCausalLM(_Saved):
    config = None

    def enable_input_require_grads(self):
        pass


class AutoTokenizer(_Saved):
    name = "tokenizer_config.json"

    def __call__(self, texts, **options):
        return {"input_ids": [[ord(letter) for letter in text] for text in texts]}


class TrainingArguments:
    def __init__(self, output_dir, num_train_epochs, learning_rate, per_device_train_batch_size, logging_steps, save_steps):
        self.output_dir = output_dir
        self.num_train_epochs = num_train_epochs
        self.learning_rate = learning_rate
        self.per_device_train_batch_size = per_device_train_batch_size
        self.logging_steps = logging_steps
        self.save_steps = save_steps


class Trainer:
    def __init__(self, model, args, train_dataset, data_collator):
        self.model, self.args, self.data, self.collate = model, args, train_dataset, data_collator

    def train(self):
        a, lora = self.args, self.model.config
        loss = 1.1 + 0.15 * abs(math.log10(a.learning_rate) + 3.5) + 0.8 / lora.r + 0.5 * abs(lora.lora_dropout - 0.05)
        loss += 0.05 * abs(math.log2(lora.lora_alpha / lora.r) - 2) + 0.04 * abs(math.log2(a.per_device_train_batch_size / 4))
        loss += 0.3 / a.num_train_epochs
        start = time.time()
        steps = 40 * a.num_train_epochs
        for step in range(1, steps + 1):
            self.collate(self.data[:2])
            if step % a.logging_steps == 0:
                now = loss * (1.5 - step / steps)
                print({"loss": round(now, 4), "grad_norm": round(0.4 + 0.01 * now, 4),
                       "learning_rate": a.learning_rate * (1 - step / steps), "epoch": round(step / 40, 2)}, flush=True)
        took = time.time() - start + 1e-3
        print({"train_runtime": round(took, 4), "train_samples_per_second": round(len(self.data) / took, 3),
               "train_steps_per_second": round(steps / took, 3), "train_loss": loss, "epoch": float(a.num_train_epochs)})
