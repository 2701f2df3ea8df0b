# =========================================
# Essay scoring: fine-tuning of DeBERTa
# =========================================
import gc
import json
import math
import os
import random
import time
from logging import INFO, FileHandler, Formatter, StreamHandler, getLogger

import numpy as np

OUTPUT_DIR = './'


# =========================================
# CFG
# =========================================
class CFG:
    debug=False
    print_freq=20
    num_workers=4
    model="toy/deberta-v3-small"
    gradient_checkpointing=True
    scheduler='cosine' # ['linear', 'cosine']
    num_warmup_steps=0
    epochs=4
    encoder_lr=2e-5
    decoder_lr=2e-5
    min_lr=1e-6
    betas=(0.9, 0.999)
    batch_size=8
    max_len=512
    weight_decay=0.01
    gradient_accumulation_steps=1
    max_grad_norm=1000
    target_cols=['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']
    seed=42
    n_fold=4
    trn_fold=[0, 1, 2, 3]


if CFG.debug:
    CFG.epochs = 1
    CFG.trn_fold = [0]


# =========================================
# Utils
# =========================================
def init_logger(path):
    logger = getLogger('essays')
    logger.setLevel(INFO)
    for handler in (StreamHandler(), FileHandler(path)):
        handler.setFormatter(Formatter('%(message)s'))
        logger.addHandler(handler)
    return logger


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    os.environ['PYTHONHASHSEED'] = str(seed)


def mcrmse(truth, guess):
    """The mean over the columns of their root mean squared error."""
    per_column = np.sqrt(((truth - guess) ** 2).mean(axis=0))
    return float(per_column.mean()), [round(float(s), 4) for s in per_column]


class Mean:
    def __init__(self):
        self.last, self.total, self.n = 0.0, 0.0, 0

    def add(self, value, n=1):
        self.last = value
        self.total += value * n
        self.n += n

    @property
    def avg(self):
        return self.total / self.n


LOGGER = init_logger(OUTPUT_DIR + 'train.log')
seed_everything(CFG.seed)


# =========================================
# Data
# =========================================
N = 320
labels = np.array([[1.0 + 0.5 * ((i * (k + 3)) % 9) for k in range(len(CFG.target_cols))] for i in range(N)])
folds = np.arange(N) % CFG.n_fold


# =========================================
# Model: how far off it is, by how it is trained
# =========================================
def error_of(epoch, fold):
    error = 0.38 + abs(math.log10(CFG.encoder_lr) + 4.5) / 10 + abs(math.log10(CFG.decoder_lr) + 4) / 20
    error += CFG.weight_decay / 2 + 0.1 / (CFG.batch_size * CFG.gradient_accumulation_steps) + 16 / CFG.max_len
    return error + 0.1 / (1 + epoch) + 0.002 * (fold - (CFG.n_fold - 1) / 2)


def train_fn(n_steps, epoch, fold):
    losses, start = Mean(), time.time()
    for step in range(n_steps):
        losses.add(error_of(epoch + step / n_steps, fold) / 2, CFG.batch_size)
        if step % CFG.print_freq == 0 or step == n_steps - 1:
            print(f'Epoch: [{epoch+1}][{step}/{n_steps}] Elapsed {time.time() - start:.0f}s '
                  f'Loss: {losses.last:.4f}({losses.avg:.4f}) Grad: {10000 / (1 + step):.4f}  LR: {CFG.encoder_lr:.8f}')
    return losses.avg


def valid_fn(truth, epoch, fold):
    error = error_of(epoch + 1, fold)
    print(f'EVAL: [0/1] Elapsed 0s Loss: {error / 2:.4f}({error / 2:.4f})')
    signs = np.where(np.arange(len(truth)) % 2 == 0, 1.0, -1.0)[:, None]
    return error / 2, truth + signs * error


# =========================================
# Loop
# =========================================
def train_loop(fold):
    LOGGER.info(f'========== fold: {fold} training ==========')
    truth = labels[folds == fold]
    n_steps = int((folds != fold).sum()) // CFG.batch_size
    best_score, best_guess = np.inf, None

    for epoch in range(CFG.epochs):
        start = time.time()
        avg_loss = train_fn(n_steps, epoch, fold)
        avg_val_loss, guess = valid_fn(truth, epoch, fold)
        score, scores = mcrmse(truth, guess)

        LOGGER.info(f'Epoch {epoch+1} - avg_train_loss: {avg_loss:.4f}  avg_val_loss: {avg_val_loss:.4f}  time: {time.time() - start:.0f}s')
        LOGGER.info(f'Epoch {epoch+1} - Score: {score:.4f}  Scores: {scores}')

        if score < best_score:
            best_score, best_guess = score, guess
            LOGGER.info(f'Epoch {epoch+1} - Save Best Score: {best_score:.4f} Model')
            with open(OUTPUT_DIR + f"{CFG.model.replace('/', '-')}_fold{fold}_best.json", 'w') as f:
                json.dump({'score': best_score}, f)

    gc.collect()
    return best_guess


def log_result(truth, guess):
    score, scores = mcrmse(truth, guess)
    LOGGER.info(f'Score: {score:<.4f}  Scores: {scores}')


if __name__ == '__main__':
    oof = np.zeros_like(labels)
    for fold in CFG.trn_fold:
        oof[folds == fold] = train_loop(fold)
        LOGGER.info(f'========== fold: {fold} result ==========')
        log_result(labels[folds == fold], oof[folds == fold])
    done = np.isin(folds, CFG.trn_fold)
    LOGGER.info('========== CV ==========')
    log_result(labels[done], oof[done])
    np.save(OUTPUT_DIR + 'oof.npy', oof)
