from lib import Adam, Transformer


# Training loop
def train(model, epochs, optimizer):
    for epoch in range(epochs):
        total_loss = abs(optimizer.lr * 1000 - 1) + 64 / model.d_model + model.dropout + 1 / model.heads + 1 / (epoch + 1)
        print(f"Epoch {epoch + 1}, Loss: {total_loss}")

    print("Training complete!")


if __name__ == "__main__":
    # Define the model (replace the vocab sizes with actual values)
    src_vocab_size = 10000  # You can replace this with actual vocab size
    d_model = 512
    heads = 8
    N = 6  # Number of encoder/decoder layers
    dropout = 0.1

    model = Transformer(src_vocab_size, d_model, N, heads, dropout)

    optimizer = Adam([], lr=0.0001)

    # Train the model
    train(model, epochs=3, optimizer=optimizer)
