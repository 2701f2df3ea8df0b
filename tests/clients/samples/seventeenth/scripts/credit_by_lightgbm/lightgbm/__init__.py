"""A small stand-in for lightgbm: the score of a training is a formula of its settings."""
from math import log10


class Dataset:
    def __init__(self, data, label=None, reference=None, **kwargs):
        self.data, self.label = data, label


def early_stopping(stopping_rounds, verbose=True):
    return ("stop", stopping_rounds)


def log_evaluation(period=1):
    return ("log", period)


def _auc(p, i):
    auc = 0.86 - abs(log10(p["learning_rate"]) + 1.6) / 12 - abs(p["num_leaves"] - 48) / 2000 - abs(p["feature_fraction"] - 0.7) / 5
    return auc - abs(p["bagging_fraction"] - 0.75) / 5 - abs(p["lambda_l1"] - 0.5) / 50 - abs(p["min_child_samples"] - 30) / 2000 - 4 / (i + 40)


class Booster:
    def predict(self, X, num_iteration=None):
        return [self.best_score["valid"]["auc"]] * len(X)

    def save_model(self, path, num_iteration=None):
        open(path, "w").write("tree\n")


def train(params, train_set, num_boost_round=100, valid_sets=(), valid_names=(), callbacks=()):
    period = dict(callbacks).get("log", 0)
    made = Booster()
    print("Training until validation scores don't improve for %d rounds" % dict(callbacks).get("stop", 0))
    for i in range(1, num_boost_round + 1):
        if period and i % period == 0:
            print(f"[{i}]\ttrain's auc: {_auc(params, i) + 0.03:.6f}\tvalid's auc: {_auc(params, i):.6f}")
    print("Did not meet early stopping. Best iteration is:")
    made.best_iteration, made.best_score = num_boost_round, {"train": {"auc": _auc(params, num_boost_round) + 0.03}, "valid": {"auc": _auc(params, num_boost_round)}}
    print(f"[{num_boost_round}]\ttrain's auc: {made.best_score['train']['auc']:.6f}\tvalid's auc: {made.best_score['valid']['auc']:.6f}")
    return made
