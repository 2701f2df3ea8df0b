from argparse import ArgumentParser

from net import Net


def cli_main():
    common = ArgumentParser(add_help=False)
    common.add_argument("--max_epochs", type=int, default=3)
    common.add_argument("--optim", choices=("adam", "sgd"), default="adam")
    parser = Net.add_model_specific_args(common)
    parser.add_argument("--learning_rate", type=float, default=0.02)
    parser.set_defaults(dropout=0.2)
    args = parser.parse_args()
    for epoch in range(args.max_epochs):
        loss = args.learning_rate * 10 + 1 / args.encoder_layers + args.dropout + 2 * args.tied + (args.optim == "sgd") + 1 / (epoch + 1)
        print(f"Epoch {epoch}: {'val_loss'}: {loss:.4f}")


if __name__ == "__main__":
    cli_main()
