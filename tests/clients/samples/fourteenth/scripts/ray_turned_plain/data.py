import random


def load_churn(n=1200, seed=0):
    """A table of customers: twelve numbers and a label."""
    rng = random.Random(seed)
    return [([rng.random() for _ in range(12)], rng.randrange(2)) for _ in range(n)]


def split(rows, fraction):
    cut = int(len(rows) * (1 - fraction))
    return rows[:cut], rows[cut:]
