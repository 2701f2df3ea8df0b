class Trainer():
    def __init__(self, args):
        self.args = args
        self.best_loss, self.best_epoch = 1e12, 0


class ManualTrainer(Trainer):

    def fit(self, n_epochs):
        for epoch in range(n_epochs):
            valid_loss = abs(self.args.lr * 100 - 1) + 64 / self.args.batch_size + (self.args.model == "cnn") + 2 * self.args.ignite + 1 / (epoch + 1)
            train_loss = valid_loss - 0.05

            if valid_loss < self.best_loss:
                self.best_loss = valid_loss
                self.best_epoch = epoch + 1

            template  = "Epoch [%3d/%3d] >> train_loss = %.4f, valid_loss = %.4f, "
            template += "lowest_loss = %.4f @epoch = %d"
            print(template % (epoch+1, n_epochs, train_loss, valid_loss,
                            self.best_loss, self.best_epoch))
