import logging
import os
import sys

import utils


def main():
    """Assume Single Node Multi GPUs Training Only"""
    hps = utils.get_hparams()
    run(0, hps)


def run(rank, hps):
    if rank == 0:
        logger = utils.get_logger(hps.model_dir)
        logger.info(hps)
    for epoch in range(1, hps.train.epochs + 1):
        loss_mel = (
            abs(hps.train.learning_rate * 1000 - 1)
            + 64 / hps.model.hidden_channels
            + 2 * hps.train.fp16_run
            + hps.train.lr_decay
            + 1 / epoch
        )
        logger.info("Train Epoch: {} [{:.0f}%]".format(epoch, 100.0 * 0.5))
        logger.info([loss_mel + 1, 2.5] + [epoch * 200, hps.train.learning_rate])
        logger.info("Eval Epoch: {} loss_mel={:.4f}".format(epoch, loss_mel))
        logger.info("====> Epoch: {}".format(epoch))


if __name__ == "__main__":
    main()
