from math import log10


class RewardModel:
    def __init__(self, args):
        self.args, self.epochs = args, 0.0

    def accuracy(self):
        a = self.args
        acc = 0.76 - abs(log10(a.learning_rate) + 5) / 20 - abs(a.weight_decay - 0.05) / 3 - abs(a.dropout - 0.05) / 2
        acc -= 0.3 / (a.per_device_train_batch_size * a.gradient_accumulation_steps) + 6 / a.max_seq_len + a.num_warmup_steps / 5000
        if a.lora_dim > 0:
            acc -= 0.16 / a.lora_dim - 0.01
        return acc - 0.1 / (1 + self.epochs)

    def __call__(self):
        return {"loss": 2 * (1 - self.accuracy()), "chosen": 3.1 * self.accuracy(), "rejected": 1.2 - self.accuracy()}
