import tqdm
from config.load_logger import logger, console_logger
from utils.loss import CrossEntropyLoss
import numpy as np


def train(model, device, epochs=4, criterion=CrossEntropyLoss(), data_loader=None, lr=1e-5):
    console_logger.info(f"Training begins for {epochs} epochs")
    for epoch in range(epochs):
        console_logger.info(f'Epoch {epoch + 1}/{epochs}')
        running_loss = []

        for batch, (q, a) in enumerate(tqdm.tqdm(data_loader)):
            loss = criterion(model.step(lr, epoch))
            if np.isnan(loss):
                logger.error(ValueError("Nan values detected in similarity_scores."))
                raise ValueError("Nan values detected in similarity_scores.")
            running_loss.append(loss)
            if batch % 10 == 0:
                logger.info(f"Epoch {epoch+1}, loss = {np.mean(running_loss)}")
