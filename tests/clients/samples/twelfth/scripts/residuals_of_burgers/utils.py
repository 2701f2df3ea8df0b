import csv
import os


class MLP2:
    """The size of a network of two hidden layers"""

    def __init__(self, num_inputs=2, num_layers=4, hidden_dim=40, num_outputs=1):
        self.num_layers = num_layers
        self.hidden_dim = hidden_dim
        self.num_params = num_inputs * hidden_dim + num_layers * hidden_dim ** 2 + hidden_dim * num_outputs


def write_csv(path, name, rows):
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "w", newline="") as f:
        writer = csv.DictWriter(f, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
