from dataclasses import dataclass


@dataclass
class TrainingArguments:
    output_dir: str
    per_device_train_batch_size: int = 8
    num_train_epochs: int = 3
    learning_rate: float = 5e-5
    evaluation_strategy: str = "no"
    seed: int = 42
    logging_steps: int = 500


class Trainer:
    def __init__(self, args):
        self.args, self.callbacks = args, []

    def add_callback(self, callback):
        self.callbacks.append(callback)

    def train(self):
        for epoch in range(1, self.args.num_train_epochs + 1):
            loss = abs(self.args.learning_rate * 10000 - 1) + 1 / epoch
            for callback in self.callbacks:
                callback.on_log(epoch * 10, {"loss": loss + 0.5})
                callback.on_log(epoch * 10, {"eval_loss": loss})
