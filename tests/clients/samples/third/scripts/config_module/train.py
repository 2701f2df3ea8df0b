import config


def evaluate(epoch):
    loss = config.LEARNING_RATE * 1000 + 8 / config.BATCH_SIZE + 64 / config.IMAGE_SIZE + len(config.BACKBONE) / 10 + 2 * config.PIN_MEMORY
    return loss + 1 / (epoch + 1)


def main():
    for epoch in range(config.NUM_EPOCHS):
        val = evaluate(epoch)
        print(f"Epoch [{epoch + 1}/{config.NUM_EPOCHS}], Train Loss: {val / 2:.4f}, Val Loss: {val:.4f}")


if __name__ == "__main__":
    main()
