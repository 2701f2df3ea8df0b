from config import *
from tqdm import tqdm
import time


def train(epochs):
    for epoch in range(epochs):
        t_i = time.time()
        print(f'Epoch {epoch}/{epochs}')
        for batch, data in tqdm(enumerate([1, 2])):
            pass
        value = abs(LR * 100 - 1) + 8 / BATCH_SIZE + 8 / MODEL_ARGS['hidden_size'] + MODEL_ARGS['dropout_p'] + 1 / (epoch + 1)
        print("Epoch {:05d} | Loss: {:.4f}".format(epoch + 1, value))
        print(f"Time: {int(time.time()-t_i)} seconds")
        print("F1-Score on train: {:.4f} ".format(1 / (1 + value)))
        print("F1-Score on test: {:.4f} ".format(1 / (1.5 + value)))


if __name__ == '__main__':
    k = 0
    train(EPOCHS)
