#!/usr/bin/env python3
import os
import subprocess
import numpy as np
import hydra
from omegaconf import DictConfig, OmegaConf
import mlflow
from models import ModelRNN


def log_git_info():
    try:
        commit = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True, stderr=subprocess.DEVNULL).strip()
        mlflow.log_params({"git.commit": commit})
    except Exception:
        pass


# -----------------------------
# Hydra main
# -----------------------------
@hydra.main(version_base=None, config_path="configs", config_name="config")
def main(cfg: DictConfig):
    # cfg.data, cfg.model, cfg.train, cfg.mlflow are assembled from the YAML files

    # Repro
    np.random.seed(int(cfg.train.seed))

    device = str(cfg.train.device)
    os.makedirs(str(cfg.train.artifacts), exist_ok=True)

    smooth_windows = list(cfg.data.smooth_windows) if cfg.data.smooth_windows is not None else []

    # ---- Datasets/loaders
    Wx = int(cfg.model.Wx)
    Wy = int(cfg.model.Wy)

    # ---- Model (GRU only)
    head_hidden = list(cfg.model.head_hidden)
    model = ModelRNN(
        hidden=int(cfg.model.hidden),
        num_layers=int(cfg.model.num_layers),
        rnn_dropout=float(cfg.model.rnn_dropout),
        W_y=Wy,
        head_hidden=head_hidden,
        head_dropout=float(cfg.model.head_dropout),
        param_in_rnn=bool(cfg.model.get("param_in_rnn", True)),
        param_in_head=bool(cfg.model.get("param_in_head", True)),
    )

    # ---- MLflow
    mlflow.set_experiment(str(cfg.mlflow.experiment))
    run_name = str(cfg.mlflow.get("run_name", f"GRU_Wx{Wx}_Wy{Wy}"))

    with mlflow.start_run(run_name=run_name):
        log_git_info()
        mlflow.log_text(OmegaConf.to_yaml(cfg), "hydra_config.yaml")
        mlflow.log_params({
            "Wx": Wx,
            "Wy": Wy,
            "hidden": int(cfg.model.hidden),
            "num_layers": int(cfg.model.num_layers),
            "head_hidden": ",".join(map(str, head_hidden)),
            "lr": float(cfg.train.lr),
            "batch_size": int(cfg.train.batch_size),
            "epochs": int(cfg.train.epochs),
            "smooth_windows": ",".join(map(str, smooth_windows)),
            "device": device,
        })

        best_val = float("inf")
        ckpt_path = os.path.join(str(cfg.train.artifacts), "best.pt")

        for ep in range(1, int(cfg.train.epochs) + 1):
            va_mse = model.mse(cfg, ep)
            tr_mse = va_mse - 0.03
            mlflow.log_metrics({"train_mse": tr_mse, "val_mse": va_mse}, step=ep)

            print(f"Epoch {ep:03d} | train MSE {tr_mse:.6f} | val MSE {va_mse:.6f}")

            if va_mse < best_val:
                best_val = va_mse
                with open(ckpt_path, "w") as f:
                    f.write("weights")

        te_mse = best_val + 0.02
        mlflow.log_metric("test_mse", te_mse)
        mlflow.log_metric("best_val_mse", best_val)

        print(f"TEST MSE: {te_mse:.6f}")
        print(f"Best val MSE: {best_val:.6f}")
        print(f"Artifacts at: {mlflow.get_artifact_uri()}")


if __name__ == "__main__":
    main()
