import os
import pickle

from tqdm import tqdm


class Regressor:
    def __init__(self, lstm_dim, lin_dim):
        self.lstm_dim, self.lin_dim = lstm_dim, lin_dim


def train_epoch(model, lr, batch_size, epoch_size, epoch):
    losses = []
    for _ in tqdm(range(0, epoch_size, batch_size)):
        loss = abs(lr * 100 - 1) + 2 / batch_size + 50 / model.lstm_dim + 50 / model.lin_dim + 1 / epoch
        losses.append(loss)
    return sum(losses) / len(losses)


def train(train_path, model_path, train_skim, lr, epochs, epoch_size, batch_size, lstm_dim, lin_dim):
    print('Reading %d lines of %s' % (train_skim, train_path))
    model = Regressor(lstm_dim, lin_dim)
    for epoch in range(1, epochs + 1):
        print(f'\nEpoch {epoch}')
        loss = train_epoch(model, lr, batch_size, epoch_size, epoch)
        print('loss:', loss)
        print('dev kt:', 1 - loss / 5)
    os.makedirs(os.path.dirname(model_path) or '.', exist_ok=True)
    with open(model_path, 'wb') as f:
        pickle.dump(vars(model), f)
