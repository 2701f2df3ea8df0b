"""A small stand-in for the parts of catboost that this script uses, with its messages."""
from math import exp, log10


class Pool:
    def __init__(self, data, label=None, cat_features=None):
        self.data, self.label = data, label


class CatBoostClassifier:
    def __init__(self, iterations=1000, learning_rate=0.03, depth=6, l2_leaf_reg=3.0, random_strength=1.0, bagging_temperature=1.0,
                 border_count=254, eval_metric="Logloss", loss_function="Logloss", auto_class_weights=None, random_seed=0,
                 early_stopping_rounds=None, verbose=1, **kwargs):
        self.p = dict(iterations=iterations, learning_rate=learning_rate, depth=depth, l2=l2_leaf_reg, rs=random_strength, bt=bagging_temperature)
        self.verbose, self.kwargs = verbose, kwargs

    def _auc(self, i):
        p = self.p
        top = 0.92 - abs(p["depth"] - 5) / 60 - abs(log10(p["l2"]) - 0.8) / 20 - abs(p["rs"] - 0.5) / 50 - abs(p["bt"] - 0.4) / 40
        return top - abs(log10(p["learning_rate"]) + 1.4) / 20 - 0.2 * exp(-i * p["learning_rate"] / 2)

    def fit(self, X, y=None, eval_set=None, use_best_model=None, **kwargs):
        n = self.p["iterations"]
        for i in range(n):
            if i % self.verbose == 0 or i == n - 1:
                auc, ms = self._auc(i + 1), 3.1 * (i + 1)
                print(f"{i}:\ttest: {auc:.7f}\tbest: {auc:.7f} ({i})\ttotal: {ms:.3g}ms\tremaining: {3.1 * (n - i - 1):.3g}ms")
        self.best_iteration_ = n - 1
        print(f"\nbestTest = {self._auc(n):.10f}\nbestIteration = {n - 1}\n")
        return self

    def score_of(self, X):
        return self._auc(self.p["iterations"])

    def get_feature_importance(self):
        return [41.2, 30.9, 18.8, 9.1]

    def save_model(self, path):
        open(path, "w").write("{}")
