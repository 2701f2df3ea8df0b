from typing import List, Literal

from tap import Tap


class Args(Tap):
    """Training arguments."""

    save_dir: str = "out"  # Path to directory containing output files
    num_layers: int = 10  # Number of RealNVP layers
    num_epochs: int = 3  # Number of training epochs
    lr: float = 1e-4  # Learning rate
    conditional: bool = False  # Whether or not to run a conditional normalizing flow
    betas: List[float] = [0.9, 0.95]
    embedding: Literal["sum", "mean"] = "sum"

    def configure(self) -> None:
        self.add_argument("-l", "--lr")


def main(args: Args) -> None:
    for epoch in range(args.num_epochs):
        nll = args.lr * 1000 + 1 / args.num_layers + 2 * args.conditional + sum(args.betas) + (args.embedding == "mean") + 1 / (epoch + 1)
        print(f"Epoch {epoch}: train nll = {nll / 2:.5f}, test nll = {nll:.5f}")


if __name__ == "__main__":
    main(Args().parse_args())
