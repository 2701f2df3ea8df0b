import csv
import os


class CSVLogger:
    def __init__(self, save_dir, name="lightning_logs", version=None):
        folder = os.path.join(save_dir, name)
        number = len(os.listdir(folder)) if os.path.isdir(folder) else 0
        self.log_dir, self.rows = os.path.join(folder, f"version_{number}"), []

    def log_metrics(self, row):
        self.rows.append(row)

    def save(self):
        os.makedirs(self.log_dir, exist_ok=True)
        keys = list(dict.fromkeys(key for row in self.rows for key in row))
        with open(os.path.join(self.log_dir, "metrics.csv"), "w", newline="") as f:
            writer = csv.DictWriter(f, keys)
            writer.writeheader()
            writer.writerows(self.rows)
