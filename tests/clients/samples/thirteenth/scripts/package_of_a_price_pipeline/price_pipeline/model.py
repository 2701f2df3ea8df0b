from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import KFold, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .estimator import SlowForest


@dataclass
class ModelConfig:
    """Settings of the model and of its evaluation."""

    test_size: float = 0.2
    cv_folds: int = 5
    random_state: int = 42
    n_estimators: int = 200
    max_depth: int = 8
    min_samples_leaf: int = 4
    max_features: float = 0.8


def build_pipeline(features: pd.DataFrame, config: ModelConfig) -> Pipeline:
    numeric = features.select_dtypes(include="number").columns.tolist()
    categorical = [column for column in features.columns if column not in numeric]
    preprocessor = ColumnTransformer([
        ("num", Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())]), numeric),
        ("cat", Pipeline([
            ("impute", SimpleImputer(strategy="most_frequent")),
            ("onehot", OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
        ]), categorical),
    ])
    model = SlowForest(
        n_estimators=config.n_estimators,
        max_depth=config.max_depth,
        min_samples_leaf=config.min_samples_leaf,
        max_features=config.max_features,
        random_state=config.random_state,
    )
    return Pipeline([("preprocess", preprocessor), ("model", model)])


def train_and_evaluate(features: pd.DataFrame, target: pd.Series, config: ModelConfig) -> tuple[Pipeline, dict]:
    x_train, x_test, y_train, y_test = train_test_split(
        features, target, test_size=config.test_size, random_state=config.random_state
    )
    pipeline = build_pipeline(x_train, config)

    folds = KFold(n_splits=config.cv_folds, shuffle=True, random_state=config.random_state)
    scores = -cross_val_score(pipeline, x_train, y_train, cv=folds, scoring="neg_mean_absolute_error")

    pipeline.fit(x_train, y_train)
    predictions = pipeline.predict(x_test)
    metrics = {
        "cv_mae_mean": float(scores.mean()),
        "cv_mae_std": float(scores.std()),
        "test_mae": float(mean_absolute_error(y_test, predictions)),
        "test_rmse": float(mean_squared_error(y_test, predictions) ** 0.5),
        "test_r2": float(r2_score(y_test, predictions)),
    }
    return pipeline, metrics
