import argparse
import os
import sys

sys.path.append(os.path.join(os.path.dirname("__file__"), ".."))


def train(args: argparse, epoch: int) -> None:
    print(f"Starting epoch {epoch}...")
    for i in range(0, 40, args.print_interval):
        print(f"Training Loss (progress: {i / 40:.2f}): {1.0 / (i + 1)}")


def main(args: argparse):
    if args.log:
        sys.stdout = open("log.csv", "w")
    min_val_loss = 10e30
    for epoch in range(args.num_epochs):
        print(f"Epoch {epoch}")
        train(args, epoch)
        print("Evaluation on validation dataset:")
        val_loss = (
            abs(args.lr * 1000 - 1)
            + args.base_resolution[1] / 100
            + 2 * args.parameter_ablation
            + len(args.model) / 10
            + 1 / (epoch + 1)
        )
        print(f"Unrolled forward losses {val_loss:.4f}")
        if val_loss < min_val_loss:
            print("Saved model at models/GNN.pt\n")
            min_val_loss = val_loss
    print(f"Test loss: {min_val_loss}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train an PDE solver")

    # PDE
    parser.add_argument("--device", type=str, default="cpu", help="Used device")
    parser.add_argument("--model", type=str, default="GNN", help="Model used as PDE solver: [GNN, BaseCNN]")
    parser.add_argument("--num_epochs", type=int, default=3, help="Number of training epochs")
    parser.add_argument("--lr", type=float, default=1e-4, help="Learning rate")
    parser.add_argument(
        "--parameter_ablation",
        type=eval,
        default=False,
        help="Flag for ablating MP-PDE solver without equation specific parameters",
    )
    parser.add_argument(
        "--base_resolution",
        type=lambda s: [int(item) for item in s.split(",")],
        default=[250, 100],
        help="PDE base resolution on which network is applied",
    )
    parser.add_argument("--print_interval", type=int, default=20, help="Interval between print statements")
    parser.add_argument("--log", type=eval, default=False, help="pip the output to log file")

    args = parser.parse_args()
    main(args)
