"""The estimator: gradient boosting on toy text features, as a formula."""
import math


class TextBooster:
    def __init__(self, n_estimators, max_depth, min_samples_split, learning_rate, subsample, max_features, ngrams):
        self.params = {k: v for k, v in locals().items() if k != "self"}

    def fit(self, X, y):
        p = self.params
        miss = 0.08 + 5 / p["n_estimators"] + abs(p["max_depth"] - 5) / 100 + p["min_samples_split"] / 400
        miss += abs(math.log10(p["learning_rate"]) + 1.5) / 10 + abs(p["subsample"] - 0.7) / 5
        self.miss_ = miss + 10 / p["max_features"] + 0.01 * abs(p["ngrams"] - 1)
        return self

    def report(self, X, y):
        f1 = 1 - self.miss_
        return {"accuracy": f1 + 0.015, "precision": f1 + 0.02, "recall": f1 - 0.02, "f1": f1}
