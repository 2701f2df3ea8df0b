import numpy as np


class EWC:
    """Remember how much every weight mattered to the tasks before."""

    def __init__(self, net, num_tasks, permutator):
        self.net = net
        self.permutator = permutator
        self.fisher_matrices = [None] * num_tasks
        self.best_params = [None] * num_tasks

    def update_fisher(self, task_id):
        self.fisher_matrices[task_id] = {n: np.square(p) for n, p in self.net.items()}

    def save_params(self, task_id):
        self.best_params[task_id] = {n: p.copy() for n, p in self.net.items()}

    def penalty(self, task_id):
        return sum(float(np.sum(self.fisher_matrices[prev][n] * (p - self.best_params[prev][n]) ** 2))
                   for prev in range(task_id) for n, p in self.net.items())
