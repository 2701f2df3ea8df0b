import os

from tqdm.auto import tqdm


class Mean:
    def __init__(self, name):
        self.name = name
        self.reset_states()

    def reset_states(self):
        self.total, self.count = 0.0, 0

    def __call__(self, value):
        self.total += value
        self.count += 1

    def result(self):
        return self.total / max(self.count, 1)


class Trainer:
    def __init__(self, model, optim, criterion, train_set, val_set, save_dir='ckpts'):
        self.train_set = train_set
        self.val_set = val_set
        self.val_best = float('inf')
        self.save_dir = save_dir
        self.train_loss = Mean(name='train_loss')
        self.val_loss = Mean(name='val_loss')
        self.model = model
        self.optim = optim
        self.criterion = criterion

    def train(self, epochs):
        for epoch in range(epochs):
            print(f'running epoch {epoch}..')
            self.train_loss.reset_states()
            self.val_loss.reset_states()

            tepoch = tqdm(self.train_set, unit='batch', position=0, leave=True, ascii=True)
            for x, y in tepoch:
                self.train_loss(self.criterion(self.optim['learning_rate'], x, y, epoch + 1) - 0.2)
                tepoch.set_postfix(loss=self.train_loss.result())

            print('validating..')
            for x, y in self.val_set:
                self.val_loss(self.criterion(self.optim['learning_rate'], x, y, epoch + 1))

            if self.val_loss.result() < self.val_best:
                print('best val result! saving..')
                save_path = os.path.join(self.save_dir, f'epoch{epoch}_best')
                self.save(save_path)
                self.val_best = self.val_loss.result()

            print(f'@{epoch}epoch@ loss : {self.train_loss.result()}, val_loss: {self.val_loss.result()}')
            print('---------------------------------')

    def save(self, save_path):
        os.makedirs(save_path, exist_ok=True)
