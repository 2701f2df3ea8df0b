import csv
import os


def create_data_loaders(filename, batch_size, max_len=128):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), filename)
    with open(path) as f:
        rows = [(label, text[:max_len]) for label, text in csv.reader(f)]
    parts = rows[:24], rows[24:32], rows[32:]
    return tuple([part[i:i + batch_size] for i in range(0, len(part), batch_size)] for part in parts)
