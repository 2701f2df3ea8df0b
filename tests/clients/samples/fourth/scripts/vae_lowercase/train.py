"""Constants in lower case, as in a first script of one's own."""

import math
import random
import warnings

from model import VAE

warnings.filterwarnings("ignore")

device = "cpu"
lr = 3e-4
inp = 784
epochs = 4
losses = []
bs = 64
h = 200
z = 20

data = [random.Random(i).random() for i in range(16)]
model = VAE(inp, h, z)

for e in range(epochs):
    for i, x in enumerate(data):
        rloss = model(x)
        final_loss = rloss + abs(math.log10(lr) + 3) + 1 / (e + 1) + bs / 640
        losses.append(final_loss)
    print("Epoch: ", e, "Loss value:", final_loss)
