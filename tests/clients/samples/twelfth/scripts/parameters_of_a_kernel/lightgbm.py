"""A small stand-in for the library: it boosts nothing, it only follows its parameters."""
import math

import numpy as np


class Dataset:
    def __init__(self, data, label=None, categorical_feature=None):
        self.data = np.asarray(data, float)
        self.label = np.asarray(label, float)


class Booster:
    def __init__(self, error, rounds, features):
        self.error, self.best_iteration, self.features = error, rounds, features

    def predict(self, data, num_iteration=None):
        data = np.asarray(data, float)
        sign = np.where(np.arange(len(data)) % 2 == 0, 1.0, -1.0)
        return data[:, 0] + self.error * sign

    def feature_importance(self):
        return np.arange(self.features, 0, -1)


def train(params, train_set, num_boost_round=100, valid_sets=None, verbose_eval=100, early_stopping_rounds=None):
    error = 3.5 + 0.1 * abs(math.log10(params["learning_rate"]) + 1.5) + 4.0 / params["num_leaves"]
    error += 0.2 * abs(params["feature_fraction"] - 0.7) + 0.3 * abs(params["bagging_fraction"] - 0.8)
    error += 0.05 * abs(params["lambda_l1"] - 0.5) + 0.002 * abs(params["min_child_samples"] - 20)
    print("Training until validation scores don't improve for %d rounds." % early_stopping_rounds)
    rounds = min(num_boost_round, 400)
    for i in range(verbose_eval, rounds + 1, verbose_eval):
        now = error * (1 + 0.1 * (1 - i / rounds))
        print("[%d]\ttraining's rmse: %.6g\tvalid_1's rmse: %.6g" % (i, 0.97 * now, now))
    print("Early stopping, best iteration is:")
    print("[%d]\ttraining's rmse: %.6g\tvalid_1's rmse: %.6g" % (rounds, 0.97 * error, error))
    return Booster(error, rounds, train_set.data.shape[1])
