"""A small stand-in of the trainer of a library, with its lines of logs."""
import json
import math
import os


class TrainingArguments:
    def __init__(self, output_dir, **settings):
        self.output_dir = output_dir
        self.__dict__.update(settings)


class Trainer:
    def __init__(self, model, args, train_dataset, eval_dataset=None):
        self.model, self.args, self.train_dataset, self.eval_dataset = model, args, train_dataset, eval_dataset

    def train(self):
        args = self.args
        batch = args.per_device_train_batch_size * args.gradient_accumulation_steps
        per_epoch = math.ceil(len(self.train_dataset) / batch)
        steps = per_epoch * args.num_train_epochs
        for step in range(1, steps + 1):
            epoch = round(step / per_epoch, 2)
            loss = self.model.loss(args, step / per_epoch)
            if step % args.logging_steps == 0:
                print({"loss": round(loss + 0.1, 4), "grad_norm": 1.5, "learning_rate": args.learning_rate * (1 - step / steps), "epoch": epoch})
            if args.eval_strategy == "steps" and step % args.eval_steps == 0:
                print({"eval_loss": round(loss, 6), "eval_runtime": 0.01, "eval_samples_per_second": 800.0, "epoch": epoch})
        print({"train_runtime": 0.5, "train_samples_per_second": 384.0, "train_loss": round(loss + 0.3, 4), "epoch": float(args.num_train_epochs)})

    def save_model(self, path):
        with open(os.path.join(path, "adapter_config.json"), "w") as f:
            json.dump({"r": self.model.lora["r"]}, f)
