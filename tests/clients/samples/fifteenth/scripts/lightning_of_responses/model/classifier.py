import math

import pytorch_lightning as pl


class BertClassifierLightning(pl.LightningModule):
    def __init__(self, model_name, num_labels=3, lr=2e-5, weight_decay=0.01, dropout=0.1, max_length=128, batch_size=32):
        super().__init__()
        self.save_hyperparameters()
        self.lr, self.weight_decay, self.dropout = lr, weight_decay, dropout
        self.max_length, self.batch_size = max_length, batch_size

    def miss(self):
        miss = 0.05 + abs(math.log10(self.lr) + 4.5) / 10 + abs(self.weight_decay - 0.05) / 2 + abs(self.dropout - 0.2) / 4
        return miss + 4 / self.max_length + self.batch_size / 1000 + 0.1 / (1 + self.trainer.current_epoch)

    def training_step(self, batch, batch_idx):
        loss = 2 * self.miss()
        self.log('train/loss', loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log('val/loss', 2.5 * self.miss(), prog_bar=True)
        self.log('val/acc', 1 - self.miss(), prog_bar=True)
        self.log('val/f1', 0.98 - self.miss(), prog_bar=False)

    def test_step(self, batch, batch_idx):
        self.log('test/loss', 2.6 * self.miss())
        self.log('test/acc', 0.99 - self.miss())
