"""A small stand-in for catboost: a training is a formula."""
import json
import math


class Pool:
    def __init__(self, data, label=None, cat_features=None):
        self.data, self.label, self.cat_features = data, label, cat_features


class CatBoostClassifier:
    def __init__(self, iterations=1000, learning_rate=0.03, depth=6, l2_leaf_reg=3.0, random_strength=1.0, bagging_temperature=1.0,
                 subsample=None, border_count=254, loss_function="Logloss", eval_metric="Logloss", od_type=None, od_wait=None,
                 random_seed=0, verbose=100, task_type="CPU", train_dir="catboost_info", allow_writing_files=True):
        self.params = dict(iterations=iterations, learning_rate=learning_rate, depth=depth, l2_leaf_reg=l2_leaf_reg)
        self.verbose, self.metric = verbose, eval_metric
        self.far = abs(math.log10(learning_rate) + 1.4) / 10 + abs(depth - 8) / 80 + abs(l2_leaf_reg - 5) / 100 + abs(random_strength - 0.5) / 20
        self.far += abs(bagging_temperature - 0.4) / 20

    def auc(self, i):
        return 0.9 - self.far - 6 / (i + 61)

    def fit(self, pool, eval_set=None, use_best_model=None, early_stopping_rounds=None):
        n = self.params["iterations"]
        for i in range(n):
            if self.verbose and (i % self.verbose == 0 or i == n - 1):
                print(f"{i}:\ttest: {self.auc(i):.7f}\tbest: {self.auc(i):.7f} ({i})\ttotal: {3 * i}ms\tremaining: {3 * (n - i - 1)}ms")
        print(f"\nbestTest = {self.auc(n - 1):.10g}\nbestIteration = {n - 1}\n")
        return self

    def get_best_iteration(self):
        return self.params["iterations"] - 1

    def get_best_score(self):
        best = self.auc(self.params["iterations"] - 1)
        return {"learn": {"Logloss": 0.41 - best / 5}, "validation": {"Logloss": 0.9 - best / 2, "AUC": best}}

    def get_feature_importance(self):
        return [31.2, 24.7, 18.9, 15.0, 10.2]

    def save_model(self, path):
        with open(path, "w") as f:
            json.dump(self.params, f)
