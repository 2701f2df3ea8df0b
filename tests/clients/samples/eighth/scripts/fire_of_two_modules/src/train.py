import os


def train(
    data_dir="data",
    checkpoint_dir="checkpoints",
    lr=5e-4,
    epochs=3,
    batch_size=16,
    hidden_dims=[64, 32],
    use_amp=False,
    optimizer="adam",
):
    """Train the tagger."""
    os.makedirs(checkpoint_dir, exist_ok=True)
    for epoch in range(1, epochs + 1):
        val_loss = abs(lr * 1000 - 1) + 4 / batch_size + 16 / sum(hidden_dims) + 0.5 * use_amp
        val_loss += 0.25 * (optimizer == "sgd") + 1 / epoch
        print(f"[{epoch}/{epochs}] train_loss={val_loss - 0.1:.4f} val_loss={val_loss:.4f} val_f1={1 - val_loss / 5:.4f}")
    with open(os.path.join(checkpoint_dir, "last.ckpt"), "w") as f:
        f.write("weights")
