"""LightningCLI."""
import torch
from pytorch_lightning import LightningDataModule, LightningModule
from pytorch_lightning.cli import LightningCLI


class Net(LightningModule):
    def __init__(self, lr: float = 0.02, width: int = 4, bias: bool = True):
        super().__init__()
        self.lr, self.width, self.bias = lr, width, bias
        self.layer = torch.nn.Linear(2, width, bias=bias)

    def training_step(self, batch, _):
        return self.layer(batch[0]).square().mean()

    def validation_step(self, batch, _):
        self.log("val_loss", abs(self.lr - 0.1) + 1 / self.width + 2 * self.bias, prog_bar=True)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


class Data(LightningDataModule):
    def __init__(self, batch_size: int = 2):
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self):
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), batch_size=self.batch_size)

    val_dataloader = train_dataloader


if __name__ == "__main__":
    LightningCLI(Net, Data, trainer_defaults={"max_epochs": 1, "accelerator": "cpu", "enable_checkpointing": False})
