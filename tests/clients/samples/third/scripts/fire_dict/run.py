import fire


def train(lr=0.01, layers=(64, 32), act="relu", norm=None, shuffle=True, epochs=3, **kwargs):
    """Train a model."""
    for epoch in range(epochs):
        loss = lr * 10 + 8 / sum(layers) + len(act) / 10 + (norm is not None) + 2 * shuffle + 1 / (epoch + 1)
        print(f"Epoch {epoch} - val_loss: {loss:.5f} - val_f1: {0.5:.3f}")


def evaluate(checkpoint="best.pt"):
    print("nothing to do")


if __name__ == "__main__":
    fire.Fire({"train": train, "eval": evaluate})
