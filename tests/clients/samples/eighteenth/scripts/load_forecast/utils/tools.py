import torch


class EarlyStopping:
    def __init__(self, patience=7, delta=0):
        self.patience, self.delta, self.counter = patience, delta, 0
        self.best_score, self.early_stop, self.val_loss_min = None, False, float("inf")

    def __call__(self, val_loss, model, path):
        score = -val_loss
        if self.best_score is None or score >= self.best_score + self.delta:
            self.best_score, self.counter = score, 0
            print(f"Validation loss decreased ({self.val_loss_min:.6f} --> {val_loss:.6f}).  Saving model ...")
            torch.save(model.state_dict(), path + "/checkpoint.pth")
            self.val_loss_min = val_loss
        else:
            self.counter += 1
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            self.early_stop = self.counter >= self.patience
