import csv
import os


def output_csv(path, values):
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with open(path, 'w', newline='') as f:
        writer = csv.writer(f)
        writer.writerow(range(len(values)))
        writer.writerow(values)
