class EarlyStopping:
    def __init__(self, patience=7, delta=0):
        self.patience, self.delta = patience, delta
        self.counter, self.best_score, self.early_stop, self.val_loss_min = 0, None, False, float("inf")

    def __call__(self, val_loss):
        score = -val_loss
        if self.best_score is not None and score < self.best_score + self.delta:
            self.counter += 1
            print(f'EarlyStopping counter: {self.counter} out of {self.patience}')
            self.early_stop = self.counter >= self.patience
        else:
            print(f'Validation loss decreased ({self.val_loss_min:.6f} --> {val_loss:.6f}).  Saving model ...')
            self.best_score, self.val_loss_min, self.counter = score, val_loss, 0


def adjust_learning_rate(epoch, args):
    if args.lradj == 'type1':
        lr = args.learning_rate * (0.5 ** ((epoch - 1) // 1))
        print('Updating learning rate to {}'.format(lr))
