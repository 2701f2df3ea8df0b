"""A small stand-in: trees that are right as often as their settings say."""
import math

import numpy as np

ENCODED = np.array([3, 0, 1, 2])  # SEKER, BARBUNYA, BOMBAY, CALI in the order of the alphabet


class XGBClassifier:
    def __init__(self, n_estimators=100, max_depth=6, learning_rate=0.3, eval_metric="logloss", random_state=0):
        self.n_estimators, self.max_depth, self.learning_rate = n_estimators, max_depth, learning_rate

    def fit(self, X, y):
        self.classes_ = np.unique(y)

    def predict(self, X):
        right = 0.97 - abs(math.log10(self.learning_rate) + 1.5) / 10 - 8 / (self.n_estimators + 8)
        right -= abs(self.max_depth - 8) / 50
        classes = ENCODED[X["Area"].to_numpy() % 4]
        wrong = round((1 - min(max(right, 0.0), 1.0)) * len(classes))
        classes[:wrong] = (classes[:wrong] + 1) % 4
        return classes

    def predict_proba(self, X):
        return np.eye(4)[self.predict(X)] * 0.7 + 0.075
