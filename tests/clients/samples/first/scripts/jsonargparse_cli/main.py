"""jsonargparse's CLI on a function."""
from jsonargparse import CLI


def train(lr: float = 0.003, depth: int = 4, residual: bool = True, activation: str = "relu", epochs: int = 2):
    """Train.

    Args:
        lr: Step size.
        depth: Layers.
    """
    base = lr * 100 + 1 / depth + 2 * residual + len(activation)
    for epoch in range(1, epochs + 1):
        print(f"[{epoch}/{epochs}] loss={base:.4f} | test_loss={base + 1 / epoch:.4f}")


if __name__ == "__main__":
    CLI(train)
