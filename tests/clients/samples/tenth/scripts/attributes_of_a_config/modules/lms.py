import math


class RewardLM():

    def __init__(self, config):
        self.config = config
        self.epochs = 0

    def __call__(self, data):
        config = self.config
        loss = 2 + abs(math.log10(config.lr) + 5) / 2 + 100 * config.weight_decay + 2 / config.train_batch_size
        return {'loss': loss + 256 / config.max_len + 1 / max(self.epochs, 1)}
