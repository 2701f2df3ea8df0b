import argparse
import json
import os

import pandas as pd
from catboost import CatBoostClassifier, Pool

TARGET = "churn"
CATEGORICAL = ["plan", "contract"]


def load(path, valid_share, seed):
    frame = pd.read_csv(path).drop(columns=["customer"])
    frame = frame.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    cut = int(len(frame) * (1 - valid_share))
    return frame.iloc[:cut], frame.iloc[cut:]


def make_pool(frame):
    x = frame.drop(columns=[TARGET])
    return Pool(x, label=frame[TARGET], cat_features=[x.columns.get_loc(name) for name in CATEGORICAL])


def main(args):
    train_df, valid_df = load(args.data, args.valid_share, args.seed)
    print(f"Train shape: {train_df.shape}, valid shape: {valid_df.shape}, churn rate: {train_df[TARGET].mean():.3f}")
    train_pool, valid_pool = make_pool(train_df), make_pool(valid_df)

    model = CatBoostClassifier(
        iterations=args.iterations,
        learning_rate=args.learning_rate,
        depth=args.depth,
        l2_leaf_reg=args.l2_leaf_reg,
        random_strength=args.random_strength,
        bagging_temperature=args.bagging_temperature,
        loss_function="Logloss",
        eval_metric="AUC",
        random_seed=args.seed,
        verbose=args.verbose,
        train_dir=os.path.join(args.model_dir, "catboost_info"),
    )
    model.fit(train_pool, eval_set=valid_pool, use_best_model=True, early_stopping_rounds=args.early_stopping_rounds)

    scores = model.get_best_score()["validation"]
    print("Best iteration:", model.get_best_iteration())
    print("Validation AUC: {:.5f}".format(scores["AUC"]))
    print("Validation Logloss: {:.5f}".format(scores["Logloss"]))

    names = [name for name in train_df.columns if name != TARGET]
    importance = pd.Series(model.get_feature_importance(), index=names).sort_values(ascending=False)
    print("\nFeature importance:")
    print(importance.to_string())

    os.makedirs(args.model_dir, exist_ok=True)
    model.save_model(os.path.join(args.model_dir, "model.cbm"))
    with open(os.path.join(args.model_dir, "metrics.json"), "w") as f:
        json.dump({"auc": scores["AUC"], "logloss": scores["Logloss"], "best_iteration": model.get_best_iteration()}, f, indent=2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train CatBoost on the churn data")
    parser.add_argument("--data", default="data/churn.csv")
    parser.add_argument("--model_dir", default="models")
    parser.add_argument("--valid_share", type=float, default=0.2)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--learning_rate", type=float, default=0.03)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--l2_leaf_reg", type=float, default=3.0)
    parser.add_argument("--random_strength", type=float, default=1.0)
    parser.add_argument("--bagging_temperature", type=float, default=1.0)
    parser.add_argument("--early_stopping_rounds", type=int, default=100)
    parser.add_argument("--verbose", type=int, default=100)
    parser.add_argument("--seed", type=int, default=42)
    main(parser.parse_args())
