"""A small stand-in: a trainer that learns by arithmetic, with the logs of the original."""
import json
import math
import os


class AutoModelForCausalLM:
    lora, loss = None, 2.5

    @classmethod
    def from_pretrained(cls, path, device_map=None):
        model = cls()
        if os.path.isdir(path):
            with open(os.path.join(path, "model.json")) as f:
                model.loss = json.load(f)["loss"]
        return model

    def merge_and_unload(self):
        return self

    def save_pretrained(self, path, safe_serialization=True):
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "model.json"), "w") as f:
            json.dump({"loss": self.loss}, f)


class TrainingArguments:
    def __init__(self, output_dir, **settings):
        self.output_dir = output_dir
        self.__dict__.update(settings)


class Trainer:
    def __init__(self, model, args, train_dataset):
        self.model, self.args, self.train_dataset = model, args, train_dataset

    def train(self):
        args, lora = self.args, self.model.lora
        batch = args.per_device_train_batch_size * args.gradient_accumulation_steps
        steps = max(1, 32 * 40 * args.num_train_epochs // batch)
        for step in range(1, steps + 1):
            epoch = args.num_train_epochs * step / steps
            loss = 1.9 + abs(math.log10(args.learning_rate) + 4) / 10 + 1 / args.per_device_train_batch_size + 0.8 / lora.r
            loss += abs(lora.lora_dropout - 0.1) + lora.lora_alpha / 1000 + 64 / len(self.train_dataset[0]) + 0.5 / (epoch + 0.5)
            if step % args.logging_steps == 0:
                print({"loss": round(loss + 0.05, 4), "grad_norm": 0.7, "learning_rate": args.learning_rate * (1 - step / steps), "epoch": round(epoch, 2)})
        self.model.loss = loss
        print({"train_runtime": 1.0, "train_loss": round(loss + 0.3, 4), "epoch": float(args.num_train_epochs)})
