from __future__ import annotations

from pathlib import Path

import pandas as pd


def load_dataset(path: str | Path) -> pd.DataFrame:
    """Read a CSV file; rows without any value are dropped."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"Dataset not found: {path}")
    return pd.read_csv(path).dropna(how="all")


def split_features_target(dataset: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    if target not in dataset.columns:
        raise ValueError(f"Column '{target}' is not in the dataset")
    return dataset.drop(columns=[target]), dataset[target]
