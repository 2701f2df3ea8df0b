import gc
import time
import warnings

import lightgbm as lgb
import pandas as pd
from sklearn.model_selection import train_test_split

warnings.filterwarnings("ignore")

SEED = 2023
TEST_SIZE = 0.2
NUM_BOOST_ROUND = 300
EARLY_STOPPING_ROUNDS = 50

params = {
    "objective": "binary",
    "metric": "auc",
    "boosting_type": "gbdt",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "max_depth": -1,
    "min_child_samples": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l1": 0.1,
    "verbosity": -1,
    "seed": SEED,
}


def load_data():
    train = pd.read_csv("input/train.csv")
    # simple ratio feature
    train["income_per_loan"] = train["income"] / (train["loans"] + 1)
    return train


def run():
    start = time.time()
    df = load_data()
    features = [c for c in df.columns if c not in ("id", "target")]
    X_tr, X_val, y_tr, y_val = train_test_split(
        df[features], df["target"], test_size=TEST_SIZE, random_state=SEED, stratify=df["target"]
    )
    print("train shape:", X_tr.shape, "valid shape:", X_val.shape)

    lgb_train = lgb.Dataset(X_tr, y_tr)
    lgb_valid = lgb.Dataset(X_val, y_val, reference=lgb_train)
    del df
    gc.collect()

    model = lgb.train(
        params,
        lgb_train,
        num_boost_round=NUM_BOOST_ROUND,
        valid_sets=[lgb_train, lgb_valid],
        valid_names=["train", "valid"],
        callbacks=[lgb.early_stopping(EARLY_STOPPING_ROUNDS), lgb.log_evaluation(50)],
    )
    score = model.best_score["valid"]["auc"]
    print("best iteration:", model.best_iteration)
    print("Valid AUC: {:.6f}".format(score))
    print("took {:.1f}s".format(time.time() - start))
    model.save_model("lgb_model.txt", num_iteration=model.best_iteration)


if __name__ == "__main__":
    run()
