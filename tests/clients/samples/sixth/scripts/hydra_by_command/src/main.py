import sys
import os

import hydra
from hydra.utils import get_original_cwd
import logging

log = logging.getLogger(__name__)


def train(C):
    cfg = C.train
    print("workdir in train: ", os.getcwd(), "\n")
    log.info("Training homemade CNN classifier...")
    for epoch in range(cfg.hyperparameters.epochs):
        loss = abs(cfg.hyperparameters.lr * 100 - 1) + 8 / cfg.hyperparameters.batch_size + 1 / (epoch + 1) + (cfg.criterion == "MSELoss")
        log.info("Epoch: {}, Loss: {}".format(epoch, loss))
    print("final loss: {}".format(loss))
    print("saved model at model/CNN_classifier.pt")


def evaluate(C):
    log.info('Accuracy of classifier: {}%'.format(0.5 * 100))


@hydra.main(version_base=None, config_path="config", config_name='config_CNN.yaml')
def main(cfg):
    """Launch what the field "command" of the config says."""
    try:
        globals()[cfg.command]
    except AttributeError:
        print('Unrecognized command \'{}\''.format(cfg.command))
        exit(1)
    globals()[cfg.command](cfg)


if __name__ == '__main__':
    main()
