"""argparse, with options that hptui uses for itself."""
import argparse


def get_args():
    parser = argparse.ArgumentParser(description="Train a small classifier")
    parser.add_argument("--config", type=str, default="small", help="name of a configuration")
    parser.add_argument("--style", choices=["plain", "fancy"], default="plain")
    parser.add_argument("--metrics", nargs="+", default=["acc", "f1"])
    parser.add_argument("--env", default="CartPole-v1")
    parser.add_argument("--artifacts", type=str, default="none")
    parser.add_argument("--names", type=int, default=3)
    parser.add_argument("--temperature", type=float, default=20.0)
    parser.add_argument("--lr", type=float, default=0.05, metavar="LR")
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--save-dir", default="checkpoints")
    return parser.parse_args()


def main():
    args = get_args()
    quality = abs(args.lr - 0.1) + args.temperature / 100 + len(args.config) + len(args.metrics) + args.names
    quality += 10 * (args.style == "fancy") + len(args.env) / 10 + 1 / args.hidden + len(args.artifacts)
    for epoch in range(1, args.epochs + 1):
        train_loss = quality / 2 + 1 / epoch
        print(f"Epoch {epoch}/{args.epochs} | train loss {train_loss:.4f} | val loss {quality + 1 / epoch:.4f} | val acc {80 + epoch:.1f}%")


if __name__ == "__main__":
    main()
