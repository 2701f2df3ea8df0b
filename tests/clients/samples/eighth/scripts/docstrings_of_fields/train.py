import csv
import os

import tyro

from configs import TrainConfig


def validate(config: TrainConfig, epoch: int) -> float:
    loss = abs(config.lr * 10000 - 1) + 16 / config.batch_size + config.zero_loss_weight / 10 + config.data.noise
    loss += 32 / config.model.hidden_dim + 16 / config.data.sequence_length + 0.5 * config.model.residual
    return loss + 0.25 * (config.model.activation == "gelu") + 1 / epoch


def main(config: TrainConfig):
    os.makedirs(config.save_dir, exist_ok=True)
    with open(os.path.join(config.save_dir, "metrics.csv"), "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["epoch", "train_loss", "val_loss"])
        for epoch in range(1, config.max_epochs + 1):
            val_loss = validate(config, epoch)
            writer.writerow([epoch, f"{val_loss - 0.1:.6f}", f"{val_loss:.6f}"])
            f.flush()
            print(f"Epoch {epoch}/{config.max_epochs} done")


if __name__ == "__main__":
    main(tyro.cli(TrainConfig))
