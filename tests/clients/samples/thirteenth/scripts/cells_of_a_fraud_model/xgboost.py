"""A small stand-in for the scikit-learn interface of xgboost."""
import math

import numpy as np


class XGBClassifier:
    def __init__(self, n_estimators=100, max_depth=6, learning_rate=0.3, subsample=1.0, scale_pos_weight=1.0,
                 eval_metric=None, n_jobs=None, random_state=None):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.scale_pos_weight = scale_pos_weight
        self.eval_metric = eval_metric
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.rows_ = 0

    def fit(self, X, y):
        self.rows_ = len(X)
        return self

    def _quality(self):
        q = 0.95 - 0.05 * abs(math.log10(self.learning_rate) + 1.3) - 4 / self.n_estimators
        q -= 0.01 * abs(self.max_depth - 6) + 0.1 * abs(self.subsample - 0.8)
        return min(max(q, 0.5), 0.99)

    def predict_proba(self, X):
        X = np.asarray(X)
        q = self._quality()
        if len(X) > self.rows_:  # most of these rows were learned
            q = min(q + 0.04, 0.995)
        positive = X[:, 1] > 1
        score = np.zeros(len(X))
        negatives = np.flatnonzero(~positive)
        order = np.argsort(np.argsort(X[negatives, 2]))
        score[negatives] = (order + 0.5) / len(negatives)
        hits = np.flatnonzero(positive)
        score[hits] = q + ((np.arange(len(hits)) + 0.5) / len(hits) - 0.5) / len(negatives)
        return np.column_stack([1 - score, score])
