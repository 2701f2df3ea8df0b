import os


class ConvNet:
    def fit(self, batch_size, epochs, lr, device, val_every, patience, out_path):
        os.makedirs(os.path.dirname(out_path), exist_ok=True)
        for epoch in range(epochs):
            loss = abs(lr * 100 - 1) + 8 / batch_size + 1 / (epoch + 1)
            print(f"Epoch [{epoch + 1}/{epochs}] Train Loss: {loss:.4f}")
            if (epoch + 1) % val_every == 0:
                print(f"    Val Loss: {loss + 0.1:.4f} | Val Acc: {90 - loss:.2f}%")
        open(out_path, "w").close()
