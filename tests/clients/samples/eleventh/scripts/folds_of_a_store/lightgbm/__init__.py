"""A small stand-in: boosting by arithmetic."""
import json
import math


class Dataset:
    def __init__(self, data, label=None, reference=None):
        self.data, self.label = data, label

    def get_label(self):
        return self.label


class Booster:
    def __init__(self, params, rounds, shift):
        error = 0.4 + abs(math.log10(params["learning_rate"]) + 1.6) / 2 + abs(math.log2(params["num_leaves"]) - 5) / 8
        error += abs(params["feature_fraction"] - 0.6) + abs(params["bagging_fraction"] - 0.9) + abs(params["bagging_freq"] - 3) / 20
        self.error = error + 20 / rounds + shift
        self.best_iteration = rounds

    def predict(self, data, num_iteration=None):
        return [value - self.error for value in data]

    def save_model(self, path):
        with open(path, "w") as f:
            json.dump({"error": self.error}, f)


def train(params, train_set, num_boost_round, valid_sets=(), callbacks=()):
    print("Training until validation scores don't improve")
    return Booster(params, num_boost_round, train_set.data[-1])
