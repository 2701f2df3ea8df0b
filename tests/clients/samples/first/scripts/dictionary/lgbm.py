"""Parameters in a dictionary at the top."""
import math

params = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "feature_fraction": 0.9,
    "verbose": -1,
}
NUM_ROUNDS = 4


def train(params, rounds):
    for i in range(1, rounds + 1):
        loss = abs(math.log10(params["learning_rate"]) + 1) + 1 / params["num_leaves"] + 1 - params["feature_fraction"]
        print(f"[{i}]\ttraining's auc: {0.9:.4f}\tvalid_1's binary_logloss: {loss + 1 / i:.5f}")
    return loss


print("best valid_logloss:", round(train(params, NUM_ROUNDS), 5))
