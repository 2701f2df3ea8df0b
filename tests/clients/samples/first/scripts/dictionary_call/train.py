"""Parameters in dict(…), inside main."""

config = dict(
    lr=1e-3,
    batch_size=64,
    optimizer="adamw",
    model=dict(hidden=128, dropout=0.1),
    amp=False,
)


def main():
    for epoch in range(3):
        loss = config["lr"] * 100 + 8 / config["batch_size"] + config["model"]["dropout"] + 16 / config["model"]["hidden"]
        loss += len(config["optimizer"]) + 2 * config["amp"]
        print(f"Epoch: {epoch}  Train Loss: {loss / 2:.4f}  Val Loss: {loss + 1 / (epoch + 1):.4f}")


if __name__ == "__main__":
    main()
