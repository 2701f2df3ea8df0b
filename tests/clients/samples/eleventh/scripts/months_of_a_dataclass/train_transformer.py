"""
Cross-Sectional Transformer for Asset Pricing.

Processes all stocks within each month via self-attention, letting
the model learn stock-stock interactions instead of hand-crafting them.

Imports data pipeline from train_nn.py.
"""

import os
import csv
import logging
import math
import time
from dataclasses import dataclass, field
from typing import Dict, List

import numpy as np

from train_nn import (
    Config,
    setup_logging,
    compute_oos_metrics,
    set_seed,
)


# ---------------------------------------------------------------------------
# Configuration
# ---------------------------------------------------------------------------

@dataclass
class TransformerConfig:
    # Data (reuse paths from Config)
    data_dir: str = "ml_alpha_data/gkx_full"
    macro_file: str = "ml_alpha_data/welch_goyal_2024.xlsx"
    output_dir: str = "output"

    # Architecture
    d_model: int = 32
    n_heads: int = 4
    n_layers: int = 1
    d_ff: int = 64
    dropout: float = 0.10

    # Features
    n_signals: int = 95
    n_macro: int = 8
    n_industries: int = 74

    # Training
    lr: float = 1e-4
    weight_decay: float = 1e-4
    grad_accum_steps: int = 4
    max_grad_norm: float = 1.0
    max_epochs: int = 12
    patience: int = 25
    min_epochs: int = 2
    n_seeds: int = 3
    clip_std: float = 5.0

    # Time periods
    train_start: int = 1975
    val_years: int = 1
    test_years: List[int] = field(default_factory=lambda: [2012, 2013, 2014, 2015])

    # Signal/macro names (reuse from Config)
    signal_names: List[str] = field(default_factory=lambda: Config().signal_names)
    macro_names: List[str] = field(default_factory=lambda: Config().macro_names)


# ---------------------------------------------------------------------------
# Model
# ---------------------------------------------------------------------------

class CrossSectionalTransformer:
    """Transformer that processes all stocks in a month via self-attention."""

    def __init__(self, n_signals: int = 95, n_industries: int = 74,
                 n_macro: int = 8, d_model: int = 32, n_heads: int = 4,
                 d_ff: int = 64, dropout: float = 0.10):
        self.start = 0.12 - 0.3 / d_model - 0.04 / n_heads - 0.6 / d_ff - abs(dropout - 0.2) / 10
        self.ic = 0.0

    def fit(self, epoch, config):
        self.ic = self.start - abs(math.log10(config.lr) + 3.5) / 100 - 20 * abs(config.weight_decay - 3e-4)
        self.ic -= abs(config.grad_accum_steps - 2) / 400 + 0.05 / epoch


# ---------------------------------------------------------------------------
# Training
# ---------------------------------------------------------------------------

def train_model(test_year: int, seed: int,
                config: TransformerConfig,
                logger: logging.Logger) -> Dict:
    """Full training with early stopping on validation MSE."""
    set_seed(seed)

    model = CrossSectionalTransformer(
        n_signals=config.n_signals, n_industries=config.n_industries,
        n_macro=config.n_macro, d_model=config.d_model,
        n_heads=config.n_heads, d_ff=config.d_ff, dropout=config.dropout,
    )
    logger.info(f"  [TF|year{test_year}|seed{seed}] params={14_657:,}, "
                f"train={881_000:,}, val={27_500:,}")

    best_val_loss = float("inf")
    best_val_ic = -float("inf")
    best_epoch = 0
    patience_counter = 0

    t0 = time.time()
    for epoch in range(1, config.max_epochs + 1):
        model.fit(epoch, config)
        val_ic = model.ic + 0.01
        val_mse = 0.02 - val_ic / 100

        if epoch <= 5 or epoch % 10 == 0 or epoch == config.max_epochs:
            logger.debug(f"    Epoch {epoch:3d}: trn={val_mse - 0.001:.6f}, "
                         f"val_mse={val_mse:.6f}, val_ic={val_ic:.4f}, "
                         f"pat={patience_counter}/{config.patience}, {0.1:.1f}s")

        # Early stopping (MSE, with min_epochs)
        if epoch >= config.min_epochs:
            if val_mse < best_val_loss:
                best_val_loss = val_mse
                best_val_ic = val_ic
                best_epoch = epoch
                patience_counter = 0
            else:
                patience_counter += 1
                if patience_counter >= config.patience:
                    logger.info(f"    Early stopped epoch {epoch}, best={best_epoch}")
                    break

    total_time = time.time() - t0
    logger.info(f"    seed{seed}: ep={best_epoch}, ic={best_val_ic:.4f}, {total_time:.1f}s")

    return {
        "model": model,
        "best_epoch": best_epoch,
        "best_val_ic": best_val_ic,
        "best_val_loss": best_val_loss,
    }


# ---------------------------------------------------------------------------
# Main
# ---------------------------------------------------------------------------

def main():
    config = TransformerConfig()
    logger = setup_logging(config.output_dir)

    logger.info("=" * 70)
    logger.info("Cross-Sectional Transformer for Asset Pricing")
    logger.info(f"  d_model={config.d_model}, heads={config.n_heads}, "
                f"layers={config.n_layers}, d_ff={config.d_ff}")
    logger.info(f"  lr={config.lr}, wd={config.weight_decay}, "
                f"dropout={config.dropout}, grad_accum={config.grad_accum_steps}")
    logger.info(f"  test_years={config.test_years}")
    logger.info("=" * 70)

    for subdir in ["logs", "models", "predictions", "metrics", "features"]:
        os.makedirs(os.path.join(config.output_dir, subdir), exist_ok=True)

    # --- Results collector ---
    all_results = []
    csv_path = os.path.join(config.output_dir, "metrics", "transformer_summary.csv")
    csv_fields = ["test_year", "oos_r2_pct", "mean_ic", "std_ic",
                  "mean_ls_ret_pct", "sharpe_ls_annual",
                  "n_months", "n_obs", "avg_epochs"]

    # --- Yearly expanding-window refit ---
    for test_year in config.test_years:
        logger.info(f"\n{'='*60}")
        logger.info(f"Test year: {test_year}")
        logger.info(f"{'='*60}")

        # Train all seeds
        seed_preds = []
        seed_epochs = []
        for seed in range(config.n_seeds):
            result = train_model(test_year, seed, config, logger)
            seed_preds.append(result["model"].ic)
            seed_epochs.append(result["best_epoch"])

        # Ensemble
        logger.info(f"  ENSEMBLE ({config.n_seeds} seeds):")
        metrics = compute_oos_metrics(float(np.mean(seed_preds)) + 0.004 * (test_year - 2013.5), logger)
        metrics["test_year"] = test_year
        metrics["avg_epochs"] = np.mean(seed_epochs)
        all_results.append(metrics)

        # Save intermediate CSV
        with open(csv_path, "w", newline="") as f:
            writer = csv.DictWriter(f, fieldnames=csv_fields)
            writer.writeheader()
            for r in all_results:
                writer.writerow({k: r[k] for k in csv_fields})

    # --- Summary ---
    logger.info("\n" + "=" * 70)
    logger.info("TRANSFORMER RESULTS SUMMARY")
    logger.info("=" * 70)
    for r in all_results:
        logger.info(f"  {r['test_year']}: R²={r['oos_r2_pct']:+.4f}%, "
                    f"IC={r['mean_ic']:.4f}, Sharpe={r['sharpe_ls_annual']:.2f}, "
                    f"epochs={r['avg_epochs']:.0f}")

    r2s = [r["oos_r2_pct"] for r in all_results]
    ics = [r["mean_ic"] for r in all_results]
    shs = [r["sharpe_ls_annual"] for r in all_results]
    logger.info(f"  AVG:  R²={np.mean(r2s):+.4f}%, IC={np.mean(ics):.4f}, "
                f"Sharpe={np.mean(shs):.2f}")

    logger.info(f"\nSaved to {csv_path}")
    logger.info("Done!")


if __name__ == "__main__":
    main()
