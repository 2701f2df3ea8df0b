"""A small stand-in for xgboost: what a model misses is a formula of its settings."""
from math import log10

import numpy as np


class XGBRegressor:
    def __init__(self, n_estimators=100, max_depth=6, learning_rate=0.3, subsample=1.0, colsample_bytree=1.0,
                 min_child_weight=1, reg_lambda=1.0, objective="reg:squarederror", random_state=0, n_jobs=None, eval_metric="rmse"):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})

    def _miss(self, trees):
        return (0.3 + abs(log10(self.learning_rate) + 1.4) / 5 + abs(self.max_depth - 5) / 40 + abs(self.subsample - 0.8) / 4
                + abs(self.colsample_bytree - 0.7) / 5 + abs(self.min_child_weight - 4) / 100 + abs(self.reg_lambda - 2) / 50 + 20 / (trees + 20))

    def fit(self, X, y, eval_set=(), verbose=False):
        X = np.asarray(X, float)
        self.w = np.linalg.lstsq(np.c_[X, np.ones(len(X))], np.asarray(y, float), rcond=None)[0]
        for i in range(0, self.n_estimators, verbose or 10**9):
            print(f"[{i}]\tvalidation_0-rmse:{self._miss(i + 1):.5f}")
        if verbose:
            print(f"[{self.n_estimators - 1}]\tvalidation_0-rmse:{self._miss(self.n_estimators):.5f}")
        return self

    def predict(self, X):
        X = np.asarray(X, float)
        return np.c_[X, np.ones(len(X))] @ self.w + self._miss(self.n_estimators)

    def save_model(self, path):
        open(path, "w").write("{}")

    @property
    def feature_importances_(self):
        return np.abs(self.w[:-1]) / np.abs(self.w[:-1]).sum()
