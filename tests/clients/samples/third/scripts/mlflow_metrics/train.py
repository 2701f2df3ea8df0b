import argparse

import mlflow

parser = argparse.ArgumentParser()
parser.add_argument("--n-estimators", type=int, default=100)
parser.add_argument("--max-depth", type=int, default=5)
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--tracking-uri", type=str, default="sqlite:///mlflow.db")


def main():
    args = parser.parse_args()
    mlflow.set_tracking_uri(args.tracking_uri)
    mlflow.set_experiment("wine")
    with mlflow.start_run():
        mlflow.log_params(vars(args))
        for i in range(1, 4):
            rmse = abs(args.learning_rate - 0.3) + 10 / args.n_estimators + 1 / args.max_depth + 1 / i
            mlflow.log_metric("val_rmse", rmse, step=i)
        mlflow.log_metrics({"val_mae": rmse / 2, "r2": 0.5})


if __name__ == "__main__":
    main()
