import random


def make_rows(n):
    rng = random.Random(5)
    return [rng.random() < 0.25 for _ in range(n)]


def batches(rows, size):
    for start in range(0, len(rows) - size + 1, size):
        yield rows[start:start + size]
