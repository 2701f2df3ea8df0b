class EarlyStopping:
    def __init__(self, patience=7, verbose=False, delta=0):
        self.patience = patience
        self.verbose = verbose
        self.counter = 0
        self.best = None
        self.early_stop = False
        self.delta = delta

    def __call__(self, val_loss):
        if self.best is not None and val_loss > self.best - self.delta:
            self.counter += 1
            print(f'EarlyStopping counter: {self.counter} out of {self.patience}')
            self.early_stop = self.counter >= self.patience
            return
        if self.verbose:
            print(f'Validation loss decreased ({self.best or float("inf"):.6f} --> {val_loss:.6f}).  Saving model ...')
        self.best, self.counter = val_loss, 0
