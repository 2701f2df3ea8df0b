import csv
import os


class CSVLogger:
    def __init__(self, save_dir, name="lightning_logs", version=None):
        n = 0
        while os.path.exists(os.path.join(save_dir, name, f"version_{n}")):
            n += 1
        self.log_dir, self.rows = os.path.join(save_dir, name, f"version_{n}"), []
        os.makedirs(self.log_dir)

    def write(self, values, epoch):
        self.rows.append({"epoch": epoch, **values})
        with open(os.path.join(self.log_dir, "metrics.csv"), "w", newline="") as f:
            table = csv.DictWriter(f, list(self.rows[0]))
            table.writeheader()
            table.writerows(self.rows)
