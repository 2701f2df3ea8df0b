import random
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

import vae
from vae import vae_loss

# to ensure reproducible training/validation split
random.seed(42)

# directorys with data and to store training checkpoints and logs
DATA_DIR = Path.cwd() / "TrainingData"
CHECKPOINTS_DIR = Path.cwd() / "vae_model_weights"
CHECKPOINTS_DIR.mkdir(parents=True, exist_ok=True)
TENSORBOARD_LOGDIR = "vae_runs"

timestr = time.strftime("%Y%m%d_%H%M%S")
# training settings and hyperparameters
NO_VALIDATION_PATIENTS = 2
IMAGE_SIZE = [64, 64]
BATCH_SIZE = 32
N_EPOCHS = 4
DECAY_LR_AFTER = 2
LEARNING_RATE = 1e-3
DISPLAY_FREQ = 10

# dimension of VAE latent space
Z_DIM = 256


def lr_lambda(the_epoch):
    """Function for scheduling learning rate"""
    return (
        1.0
        if the_epoch < DECAY_LR_AFTER
        else 1 - float(the_epoch - DECAY_LR_AFTER) / (N_EPOCHS - DECAY_LR_AFTER)
    )


patients = [f"p{number:03d}" for number in range(10)]
random.shuffle(patients)

# split in training/validation after shuffling
partition = {
    "train": patients[:-NO_VALIDATION_PATIENTS],
    "validation": patients[-NO_VALIDATION_PATIENTS:],
}
dataloader = [range(BATCH_SIZE)] * 5
valid_dataloader = [range(BATCH_SIZE)]

# initialise model, optimiser
vae_model = vae.VAE(Z_DIM)
optimizer = vae.Adam(vae_model, lr=0.0001)

# training loop
writer = SummaryWriter(log_dir=TENSORBOARD_LOGDIR)  # tensorboard summary
for epoch in range(N_EPOCHS):
    current_train_loss = 0.0
    current_valid_loss = 0.0

    with tqdm(dataloader, unit="batch") as tepoch:
        tepoch.set_description(f"Epoch: {epoch+1}/{N_EPOCHS}")
        for img in tepoch:
            loss = vae_loss(vae_model, img, epoch, lr_lambda(epoch))
            current_train_loss += loss

    # evaluate validation loss
    for img in valid_dataloader:
        loss = vae_loss(vae_model, img, epoch, lr_lambda(epoch))
        current_valid_loss += loss

    print(f"Train: {current_train_loss:.4f} | Validation: {current_valid_loss:.4f}")
    # write to tensorboard log
    writer.add_scalar("Loss/train", current_train_loss / len(dataloader), epoch)
    writer.add_scalar(
        "Loss/validation", current_valid_loss / len(valid_dataloader), epoch
    )

writer.close()
(CHECKPOINTS_DIR / "vae_model.pth").write_text("weights")
