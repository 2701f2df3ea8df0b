def load_training_table():
    return {"date": list(range(200)), "sales": [3.0, 5.0, 2.0, 8.0]}


def walk_forward_splits(dates, n_splits=5, horizon=15, gap=0):
    last = dates[-1] + 1
    for i in range(n_splits, 0, -1):
        end = last - i * horizon
        yield dates[: end - gap], dates[end : end + horizon]
