import logging

import hydra
from hydra.utils import instantiate

log = logging.getLogger(__name__)


@hydra.main(config_path="conf", config_name="config", version_base="1.2")
def main(cfg):
    net, opt = instantiate(cfg.model), instantiate(cfg.optimizer)
    best = float("inf")
    for epoch in range(cfg.epochs):
        loss = opt.lr * 10 + sum(opt.betas) + 8 / net.width + net.dropout + 1 / (epoch + 1)
        best = min(best, loss)
        log.info("epoch %d test/loss=%.5f best=%.5f", epoch, loss, best)
    return best


if __name__ == "__main__":
    main()
