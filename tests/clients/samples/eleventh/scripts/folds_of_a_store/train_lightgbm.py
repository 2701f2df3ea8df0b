"""
train_lightgbm.py  (leakage-fixed)

The columns that come from history are computed per fold, from that fold's training window only.
"""

import csv
import json
import os
import numpy as np
import lightgbm as lgb
import yaml

from build_training_set import load_training_table, walk_forward_splits

TARGET = "sales"

NON_FEATURE_COLS = ["id", "date", TARGET]


def load_params(path: str = "params.yaml") -> dict:
    with open(path) as f:
        return yaml.safe_load(f)


def asymmetric_mse_eval(y_pred, dataset, alpha: float):
    y_true = dataset.get_label()
    residual = np.array(y_true) - np.array(y_pred)
    loss = np.where(residual > 0, alpha * residual**2, residual**2)
    return "asymmetric_mse", float(np.mean(loss)), False


def train_all_folds(params: dict):
    alpha = params["asymmetric_loss"]["alpha"]
    n_splits = params["walk_forward"]["n_splits"]
    horizon = params["walk_forward"]["horizon"]
    gap = params["walk_forward"]["gap"]
    lgb_params = params["lightgbm"]

    print("Loading merged training table...")
    table = load_training_table()

    splits = list(walk_forward_splits(table["date"], n_splits=n_splits, horizon=horizon, gap=gap))

    fold_records = []

    for fold_idx, (train_dates, val_dates) in enumerate(splits):
        print(f"Fold {fold_idx}: computing asof features as of {train_dates[-1]} "
              f"(train window: {train_dates[0]} .. {train_dates[-1]})")

        train_set = lgb.Dataset([0.01 * (fold_idx - (n_splits - 1) / 2)], label=table[TARGET])
        val_set = lgb.Dataset(table[TARGET], label=table[TARGET], reference=train_set)

        fold_lgb_params = dict(lgb_params)

        booster = lgb.train(
            fold_lgb_params,
            train_set,
            num_boost_round=params["training"]["num_boost_round"],
            valid_sets=[val_set],
        )

        val_pred = booster.predict(table[TARGET], num_iteration=booster.best_iteration)
        _, val_score, _ = asymmetric_mse_eval(val_pred, val_set, alpha)

        booster.save_model(f"models/lgbm_fold{fold_idx}.txt")

        fold_records.append({
            "fold": fold_idx,
            "train_start": str(train_dates[0]),
            "train_end": str(train_dates[-1]),
            "val_start": str(val_dates[0]),
            "val_end": str(val_dates[-1]),
            "best_iteration": booster.best_iteration,
            "val_asymmetric_mse": val_score,
        })
        print(f"Fold {fold_idx}: val_asymmetric_mse = {val_score:.4f} (best_iter={booster.best_iteration})")

    with open("fold_metrics.csv", "w", newline="") as f:
        writer = csv.DictWriter(f, fieldnames=list(fold_records[0]))
        writer.writeheader()
        writer.writerows(fold_records)

    scores = [record["val_asymmetric_mse"] for record in fold_records]
    summary = {
        "mean_val_asymmetric_mse": float(np.mean(scores)),
        "std_val_asymmetric_mse": float(np.std(scores)),
        "alpha": alpha,
        "n_folds": len(fold_records),
    }
    with open("metrics.json", "w") as f:
        json.dump(summary, f, indent=2)

    print()
    print(f"Mean asymmetric MSE across {len(fold_records)} folds: {summary['mean_val_asymmetric_mse']:.4f}")
    return fold_records


if __name__ == "__main__":
    os.makedirs("models", exist_ok=True)
    params = load_params()
    train_all_folds(params)
