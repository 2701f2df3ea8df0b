"""A small stand-in for lightgbm: the error falls with the rounds, by a formula."""
import math


class Dataset:
    def __init__(self, data, label=None, reference=None, **kwargs):
        self.data, self.label = data, label


class Booster:
    def __init__(self, params, best_iteration, score):
        self.params, self.best_iteration, self.best_score, self.score = params, best_iteration, {}, score

    def predict(self, data, num_iteration=None):
        return [row[-1] + (self.score if i % 2 else -self.score) for i, row in enumerate(data)]

    def save_model(self, path):
        with open(path, "w") as f:
            f.write(f"tree\nbest_iteration={self.best_iteration}\n")


def early_stopping(stopping_rounds, verbose=True):
    return ("early_stopping", stopping_rounds)


def log_evaluation(period=1):
    return ("log_evaluation", period)


def train(params, train_set, num_boost_round=100, valid_sets=(), valid_names=None, callbacks=()):
    options = dict(callbacks)
    base = 0.09 + abs(math.log10(params["learning_rate"]) + 1.5) / 20 + abs(params["num_leaves"] - 48) / 2000
    base += abs(params["feature_fraction"] - 0.6) / 10 + abs(params["bagging_fraction"] - 0.7) / 10
    base += params["lambda_l1"] / 100 + abs(params["lambda_l2"] - 1) / 100 + abs(params["min_child_samples"] - 30) / 3000
    base += len(train_set.data) % 5 / 1000
    if options.get("early_stopping"):
        print(f"Training until validation scores don't improve for {options['early_stopping']} rounds")
    names = list(valid_names or ["training", "valid_1"])
    for i in range(1, num_boost_round + 1):
        score = base + 2 / (20 + i)
        if options.get("log_evaluation") and i % options["log_evaluation"] == 0:
            print(f"[{i}]\t{names[0]}'s rmse: {score * 0.8:.6g}\t{names[1]}'s rmse: {score:.6g}")
    if options.get("early_stopping"):
        print(f"Did not meet early stopping. Best iteration is:\n[{num_boost_round}]\t{names[0]}'s rmse: {score * 0.8:.6g}\t"
              f"{names[1]}'s rmse: {score:.6g}")
    return Booster(params, num_boost_round, score)
