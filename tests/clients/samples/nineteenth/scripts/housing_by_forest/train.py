"""Train a gradient boosting regressor on the housing data. Runs locally and in a training container."""
import argparse
import json
import logging
import os
import pickle

import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
logger = logging.getLogger(__name__)


def parse_args():
    parser = argparse.ArgumentParser()

    # hyperparameters sent by the client are passed as command-line arguments to the script
    parser.add_argument("--n-estimators", type=int, default=200)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--max-depth", type=int, default=3)
    parser.add_argument("--subsample", type=float, default=1.0)
    parser.add_argument("--min-samples-leaf", type=int, default=1)
    parser.add_argument("--test-size", type=float, default=0.2)
    parser.add_argument("--random-state", type=int, default=42)

    # data, model, and output directories
    parser.add_argument("--model-dir", type=str, default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--train", type=str, default=os.environ.get("SM_CHANNEL_TRAIN", "data"))
    parser.add_argument("--train-file", type=str, default="housing.csv")
    parser.add_argument("--target", type=str, default="MedHouseVal")
    args, _ = parser.parse_known_args()
    return args


def load_data(args):
    df = pd.read_csv(os.path.join(args.train, args.train_file))
    logger.info("Read %d rows and %d columns", len(df), len(df.columns))
    X = df.drop(columns=[args.target]).values
    y = df[args.target].values
    return train_test_split(X, y, test_size=args.test_size, random_state=args.random_state)


def report(name, y_true, y_pred):
    rmse = mean_squared_error(y_true, y_pred) ** 0.5
    mae = mean_absolute_error(y_true, y_pred)
    r2 = r2_score(y_true, y_pred)
    print(f"{name}_rmse={rmse:.6f}; {name}_mae={mae:.6f}; {name}_r2={r2:.6f};")
    return {f"{name}_rmse": rmse, f"{name}_mae": mae, f"{name}_r2": r2}


def main():
    args = parse_args()
    logger.info("Hyperparameters: %s", {k: v for k, v in vars(args).items() if k not in ("model_dir", "train")})
    X_train, X_val, y_train, y_val = load_data(args)

    model = GradientBoostingRegressor(
        n_estimators=args.n_estimators,
        learning_rate=args.learning_rate,
        max_depth=args.max_depth,
        subsample=args.subsample,
        min_samples_leaf=args.min_samples_leaf,
        random_state=args.random_state,
    )
    logger.info("Training model...")
    model.fit(X_train, y_train)

    metrics = report("train", y_train, model.predict(X_train))
    metrics.update(report("validation", y_val, model.predict(X_val)))

    os.makedirs(args.model_dir, exist_ok=True)
    with open(os.path.join(args.model_dir, "model.pkl"), "wb") as f:
        pickle.dump(repr(model), f)
    with open(os.path.join(args.model_dir, "metrics.json"), "w") as f:
        json.dump(metrics, f, indent=2)
    logger.info("Saved the model to %s", args.model_dir)


if __name__ == "__main__":
    main()
