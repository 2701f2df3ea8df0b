"""Predict house prices with gradient boosted trees."""
import argparse
import json
import os

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

FEATURES = ["rooms", "area", "age", "distance"]
TARGET = "price"


def parse_args():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", default="data/houses.csv", help="path of the CSV file")
    parser.add_argument("--test-size", type=float, default=0.2, help="share of rows for testing")
    parser.add_argument("--n-estimators", type=int, default=300, help="number of trees")
    parser.add_argument("--max-depth", type=int, default=6, help="depth of a tree")
    parser.add_argument("--learning-rate", type=float, default=0.1, help="shrinkage")
    parser.add_argument("--subsample", type=float, default=0.9, help="share of rows of a tree")
    parser.add_argument("--colsample-bytree", type=float, default=0.9, help="share of columns of a tree")
    parser.add_argument("--min-child-weight", type=int, default=1, help="least weight of a leaf")
    parser.add_argument("--reg-lambda", type=float, default=1.0, help="L2 regularization")
    parser.add_argument("--seed", type=int, default=42, help="random seed")
    parser.add_argument("--output-dir", default="artifacts", help="where model and metrics go")
    return parser.parse_args()


def main():
    args = parse_args()
    df = pd.read_csv(args.data)
    print(f"Loaded {len(df)} rows from {args.data}")
    X_train, X_test, y_train, y_test = train_test_split(df[FEATURES], df[TARGET], test_size=args.test_size, random_state=args.seed)

    model = xgb.XGBRegressor(
        n_estimators=args.n_estimators,
        max_depth=args.max_depth,
        learning_rate=args.learning_rate,
        subsample=args.subsample,
        colsample_bytree=args.colsample_bytree,
        min_child_weight=args.min_child_weight,
        reg_lambda=args.reg_lambda,
        random_state=args.seed,
        n_jobs=-1,
    )
    model.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=100)

    pred = model.predict(X_test)
    metrics = {
        "rmse": float(np.sqrt(mean_squared_error(y_test, pred))),
        "mae": float(mean_absolute_error(y_test, pred)),
        "r2": float(r2_score(y_test, pred)),
    }
    print("\nTest set")
    print(f"  RMSE: {metrics['rmse']:.4f}")
    print(f"  MAE:  {metrics['mae']:.4f}")
    print(f"  R2:   {metrics['r2']:.4f}")

    print("\nFeature importance")
    for name, importance in sorted(zip(FEATURES, model.feature_importances_), key=lambda t: -t[1]):
        print(f"  {name:<10} {importance:.3f}")

    os.makedirs(args.output_dir, exist_ok=True)
    model.save_model(os.path.join(args.output_dir, "model.json"))
    with open(os.path.join(args.output_dir, "metrics.json"), "w") as f:
        json.dump(metrics, f, indent=2)


if __name__ == "__main__":
    main()
