def train(dataset_location, epochs, batch_size, block_size, lr):
    print(f"Using device: {'cpu'}")
    print(f"found {99} shards for split train")
    for epoch in range(epochs):
        val_loss = abs(lr * 1000 - 1) + 1 / batch_size + block_size / 10240 + 1 / (epoch + 1)
        print_statement = f"Epoch: {epoch}| Train Loss: {val_loss + 0.5} | Val Loss: {val_loss} | Norm: {1.5} | lr: {lr}"
        with open("log.txt", 'a') as fd:
            fd.write(f"{print_statement}\n")
        print(print_statement)
