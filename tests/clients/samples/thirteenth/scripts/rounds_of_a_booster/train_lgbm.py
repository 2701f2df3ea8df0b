#!/usr/bin/env python
"""
Phase 4: LightGBM for the duration of taxi rides

Optimizes the MAE directly. Coordinates of the zones are merged into the rides first.
"""

import pickle
import time
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

DATA_DIR = Path(__file__).parent / "data"
MODEL_PATH = Path(__file__).parent / "lgbm_model.pkl"

CATEGORICAL_FEATURES = ["pickup_zone", "dropoff_zone", "hour", "dow", "month", "is_weekend"]
NUMERIC_FEATURES = ["passenger_count", "distance_km"]
FEATURES = CATEGORICAL_FEATURES + NUMERIC_FEATURES

EARTH_RADIUS_KM = 6371.0


def zone_coordinates(n_zones: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.DataFrame({
        "LocationID": np.arange(n_zones),
        "lat": 40.7 + rng.uniform(-0.1, 0.1, n_zones),
        "lon": -73.9 + rng.uniform(-0.1, 0.1, n_zones),
    })


def haversine(lat1, lon1, lat2, lon2):
    """Distance in kilometers between points given in degrees."""
    lat1, lon1, lat2, lon2 = map(np.radians, (lat1, lon1, lat2, lon2))
    a = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return EARTH_RADIUS_KM * 2 * np.arcsin(np.sqrt(a))


def engineer_features(n_rides: int, seed: int) -> pd.DataFrame:
    zones = zone_coordinates()
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({
        "pickup_zone": rng.integers(0, len(zones), n_rides),
        "dropoff_zone": rng.integers(0, len(zones), n_rides),
        "requested_at": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 31_000_000, n_rides), unit="s"),
        "passenger_count": rng.integers(1, 5, n_rides),
    })
    df = df.merge(zones.add_prefix("pickup_"), left_on="pickup_zone", right_on="pickup_LocationID", how="left")
    df = df.merge(zones.add_prefix("dropoff_"), left_on="dropoff_zone", right_on="dropoff_LocationID", how="left")
    df["hour"] = df["requested_at"].dt.hour
    df["dow"] = df["requested_at"].dt.weekday
    df["month"] = df["requested_at"].dt.month
    df["is_weekend"] = df["dow"].isin([5, 6]).astype(int)
    df["distance_km"] = haversine(df["pickup_lat"], df["pickup_lon"], df["dropoff_lat"], df["dropoff_lon"])
    df["duration_seconds"] = df["distance_km"] * 150 + rng.normal(0, 60, n_rides)
    return df[FEATURES + ["duration_seconds"]]


def main() -> None:
    print("Engineering training data...")
    train = engineer_features(3000, seed=1)
    X_train = train[FEATURES]
    y_train = train["duration_seconds"].to_numpy()

    print("Engineering dev data...")
    dev = engineer_features(600, seed=2)
    X_dev = dev[FEATURES]
    y_dev = dev["duration_seconds"].to_numpy()

    train_data = lgb.Dataset(X_train, label=y_train, categorical_feature=CATEGORICAL_FEATURES)
    dev_data = lgb.Dataset(X_dev, label=y_dev, reference=train_data, categorical_feature=CATEGORICAL_FEATURES)

    print("\nTraining LightGBM directly on MAE (L1 Loss)...")
    params = {
        "objective": "mae",
        "metric": "mae",
        "learning_rate": 0.1,
        "num_leaves": 63,
        "max_depth": -1,
        "feature_fraction": 0.9,
        "min_data_in_leaf": 50,
        "n_jobs": -1,
        "random_state": 42,
        "verbose": -1,
    }

    t0 = time.time()
    model = lgb.train(
        params,
        train_data,
        num_boost_round=500,
        valid_sets=[train_data, dev_data],
        valid_names=["train", "dev"],
        callbacks=[lgb.early_stopping(stopping_rounds=20), lgb.log_evaluation(50)],
    )
    print(f"  Trained in {time.time() - t0:.0f}s")

    with open(MODEL_PATH, "wb") as f:
        pickle.dump(model, f)
    print(f"\nSaved LightGBM model to {MODEL_PATH}")


if __name__ == "__main__":
    main()
