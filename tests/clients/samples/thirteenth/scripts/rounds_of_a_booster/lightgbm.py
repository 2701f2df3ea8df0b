"""A small stand-in for the parts of lightgbm that train.py uses."""
import math


class Dataset:
    def __init__(self, data, label=None, reference=None, categorical_feature="auto"):
        self.data, self.label, self.reference = data, label, reference


class Booster:
    def __init__(self, params, best_iteration, error):
        self.params, self.best_iteration, self.error = params, best_iteration, error

    def predict(self, X):
        return X["distance_km"].to_numpy() * 150.0 + self.error


def log_evaluation(period=1):
    def callback(round_, scores):
        if period > 0 and round_ % period == 0:
            print("[%d]\t%s" % (round_, "\t".join(scores)))
    return callback


def early_stopping(stopping_rounds):
    def callback(round_, scores):
        if round_ == 1:
            print(f"Training until validation scores don't improve for {stopping_rounds} rounds")
    callback.stops = True
    return callback


def _error(params, round_):
    base = 240 + 60 * abs(math.log10(params["learning_rate"]) + 1.3) + 1200 / params["num_leaves"]
    base += 100 * abs(params["feature_fraction"] - 0.8) + 0.2 * abs(params["min_data_in_leaf"] - 100)
    return base + 2000 / round_


def train(params, train_set, num_boost_round=100, valid_sets=(), valid_names=(), callbacks=()):
    def scores(round_):
        values = {"train": _error(params, round_) - 9.5, "dev": _error(params, round_)}
        return [f"{name}'s l1: {values[name]:g}" for name in valid_names]

    for round_ in range(1, num_boost_round + 1):
        for callback in callbacks:
            callback(round_, scores(round_))
    if any(getattr(callback, "stops", False) for callback in callbacks):
        print("Did not meet early stopping. Best iteration is:\n[%d]\t%s"
              % (num_boost_round, "\t".join(scores(num_boost_round))))
    return Booster(params, num_boost_round, _error(params, num_boost_round))
