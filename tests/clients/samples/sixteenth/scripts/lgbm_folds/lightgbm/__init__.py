"""A small stand-in for the parts of lightgbm that this script uses, with its messages."""
from math import exp, log10


class Dataset:
    def __init__(self, data, label=None):
        self.data, self.label = data, label


def early_stopping(stopping_rounds, verbose=True):
    return ("early", stopping_rounds)


def log_evaluation(period=1):
    return ("log", period)


class Booster:
    def __init__(self, best_iteration, best_score):
        self.best_iteration, self.best_score = best_iteration, best_score

    def predict(self, data, num_iteration=None):
        return [self.best_score["valid_1"]["auc"]] * len(data)


def train(params, train_set, num_boost_round=100, valid_sets=None, callbacks=None):
    options = dict(callbacks or [])
    p = params
    top = 0.93 - abs(log10(p["learning_rate"]) + 1.8) / 40 - abs(log10(p["num_leaves"]) - 1.7) / 20 - abs(p["feature_fraction"] - 0.6) / 10
    top -= abs(p["bagging_fraction"] - 0.8) / 10 + abs(log10(p["min_data_in_leaf"]) - 1.8) / 40 + abs(p["lambda_l1"] - 0.5) / 50 + abs(p["lambda_l2"] - 1) / 100
    shift = (sum(train_set.label) % 5 - 2) / 1000
    stop = int(6 / p["learning_rate"])
    n = min(num_boost_round, stop)

    def auc(i):
        return top + shift - 0.25 * exp(-i * p["learning_rate"])

    print("[LightGBM] [Info] Number of positive: 2012, number of negative: 17988")
    print("[LightGBM] [Info] Total Bins 51000")
    if "early" in options:
        print(f"Training until validation scores don't improve for {options['early']} rounds")
    for i in range(options.get("log", 10**9), n + 1, options.get("log", 10**9)):
        print(f"[{i}]\ttraining's auc: {auc(i) + 0.02:g}\tvalid_1's auc: {auc(i):g}")
    print(f"Early stopping, best iteration is:\n[{n}]\ttraining's auc: {auc(n) + 0.02:g}\tvalid_1's auc: {auc(n):g}" if n < num_boost_round else f"Did not meet early stopping. Best iteration is:\n[{n}]\ttraining's auc: {auc(n) + 0.02:g}\tvalid_1's auc: {auc(n):g}")
    return Booster(n, {"training": {"auc": auc(n) + 0.02}, "valid_1": {"auc": auc(n)}})
