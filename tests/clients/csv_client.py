"""Writes a CSV log, and a progress bar with its numbers."""

import csv
import sys

from tqdm import tqdm

out, lr = sys.argv[1], float(sys.argv[2])
with open(out, "w", newline="") as file:
    log = csv.writer(file)
    log.writerow(["step", "val_loss", "note"])
    with tqdm(range(20), mininterval=0) as bar:
        for step in bar:
            bar.set_postfix(train_loss=1 / (step + 1))
            if step % 10 == 9:
                log.writerow([step + 1, lr / (step + 1), "fine"])
