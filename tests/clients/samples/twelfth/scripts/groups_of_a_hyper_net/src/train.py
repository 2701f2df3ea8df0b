import logging
import math

import numpy as np
from tqdm import tqdm

log = logging.getLogger(__name__)


def neg_log_likelihood(cfg):
    t, c = cfg.training, cfg.common
    nll = 1.2
    nll += 0.3 * abs(math.log10(t.learning_rate) + 3)
    nll += 0.05 * abs(math.log2(t.batch_size / 32))
    nll += 8.0 / c.h_dim
    nll += 0.1 * abs(c.num_layers - 4)
    nll += 0.02 * abs(cfg.dvi_process.num_steps - 16)
    nll += 0.2 * abs(t.max_clip_norm - 0.5)
    nll += 0.0 if cfg.control_and_hyper_net.use_hyper_net else 0.4
    return nll


def train(cfg, model, contexts, rng):
    epochs = cfg.training.num_epochs
    best = math.inf
    loop = tqdm(range(epochs))
    for epoch in loop:
        progress = (epoch + 1) / epochs
        losses = []
        for start in range(0, len(contexts), cfg.training.batch_size):
            z = model(contexts[start:start + cfg.training.batch_size])
            losses.append(neg_log_likelihood(cfg) * (2.2 - progress) + 0.001 * float(np.tanh(z.mean())))
        loop.set_postfix(epoch=epoch, loss=float(np.mean(losses)))
        log.info("epoch %d: train loss %.4f", epoch, float(np.mean(losses)))
        if (epoch + 1) % cfg.training.val_every == 0 or epoch + 1 == epochs:
            val = neg_log_likelihood(cfg) * (2.0 - progress)
            best = min(best, val)
            log.info("epoch %d: val nll %.4f (best %.4f)", epoch, val, best)
    return best
