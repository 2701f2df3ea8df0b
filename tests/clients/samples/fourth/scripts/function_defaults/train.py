import random


def train(lr=0.01, hidden=32, epochs=3, nesterov=True, seed=0):
    random.seed(seed)
    for epoch in range(1, epochs + 1):
        val_loss = lr * 10 + 8 / hidden + 2 * nesterov + 1 / epoch
        print(f"epoch={epoch} train_loss={val_loss - 0.1:.4f} val_loss={val_loss:.4f}")
    return val_loss


if __name__ == "__main__":
    train()
