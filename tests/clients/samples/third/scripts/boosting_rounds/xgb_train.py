"""Gradient boosting, as the library prints it."""
import math

params = {
    "objective": "binary:logistic",
    "eta": 0.3,
    "max_depth": 6,
    "subsample": 1.0,
    "eval_metric": ["error", "logloss"],
}
num_boost_round = 5


def train(params, rounds):
    for i in range(rounds):
        loss = abs(math.log10(params["eta"]) + 1) + 1 / params["max_depth"] + 1 - params["subsample"] + 1 / (i + 1)
        print(f"[{i}]\ttrain-error:{0.1:.5f}\ttrain-logloss:{loss / 2:.5f}\teval-error:{0.2:.5f}\teval-logloss:{loss:.5f}")


bst = train(params, num_boost_round)
