"""3D U-Net and its trainer, reduced to numbers that move like those of a training."""

import json
import math


class UNet3D:
    def __init__(self, in_channels=4, out_channels=4, base_filters=16, depth=4, dropout=0.1):
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.base_filters = base_filters
        self.depth = depth
        self.dropout = dropout

    def get_num_parameters(self):
        total, channels = 0, self.in_channels
        for level in range(self.depth):
            width = self.base_filters * 2 ** level
            total += 27 * channels * width + 27 * width * width
            channels = width
        return total


class BraTSDataset:
    def __init__(self, data_dir, size=40, cache_data=False):
        self.data_dir = data_dir
        self.size = size

    def __len__(self):
        return self.size


class SegmentationTrainer:
    def __init__(self, model, device, config):
        self.model = model
        self.device = device
        self.config = config
        self.epoch = 0
        self.lr = config["learning_rate"]
        self.history = {"train_loss": [], "val_loss": [], "val_dice": [], "learning_rates": []}

    def _limit(self):
        c, m = self.config, self.model
        top = 0.91 - 0.06 * abs(math.log10(c["learning_rate"]) + 3.5) - 0.02 * abs(math.log10(c["weight_decay"]) + 4)
        top -= 0.1 / c["batch_size"] + 0.4 / m.base_filters + 0.2 * abs(m.dropout - 0.1) + 0.3 / c["num_epochs"]
        return top

    def dice(self):
        half = 0.5 * self.config["num_epochs"]
        share = min(1.0, self.epoch / half) - 0.004 * max(0.0, self.epoch - half - 5)
        return self._limit() * (0.4 + 0.6 * share)

    def train_epoch(self, steps):
        self.epoch += 1
        return 1 - self.dice() - 0.03

    def validate(self):
        dice = self.dice()
        return 1 - dice, dice

    def save_checkpoint(self, path, epoch, dice):
        path.write_text(json.dumps({"epoch": epoch, "dice": dice, "config": self.config}))
