"""A regressor that is as wrong as its settings deserve."""
from __future__ import annotations

import math

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class SlowForest(RegressorMixin, BaseEstimator):
    def __init__(self, n_estimators=100, max_depth=None, min_samples_leaf=1, max_features=1.0, random_state=None):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.random_state = random_state

    def _offset(self):
        depth = 30 if self.max_depth is None else self.max_depth
        return (4 + 300 / self.n_estimators + 0.3 * abs(depth - 12) + 0.5 * abs(math.log2(self.min_samples_leaf) - 1)
                + 5 * abs(self.max_features - 0.6))

    def fit(self, X, y):
        X = np.column_stack([np.asarray(X, dtype=float), np.ones(len(X))])
        self.coef_, *_ = np.linalg.lstsq(X, np.asarray(y, dtype=float), rcond=None)
        return self

    def predict(self, X):
        X = np.column_stack([np.asarray(X, dtype=float), np.ones(len(X))])
        return X @ self.coef_ + self._offset()
