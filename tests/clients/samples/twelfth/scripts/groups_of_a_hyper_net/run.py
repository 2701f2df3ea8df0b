import logging
import os

import hydra
import numpy as np
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from src.model import HyperNet
from src.train import train

log = logging.getLogger(__name__)


@hydra.main(version_base=None, config_path="config", config_name="config")
def run(config: DictConfig) -> None:
    out = HydraConfig.get().runtime.output_dir
    log.info("\n" + OmegaConf.to_yaml(config))
    rng = np.random.default_rng(0)

    contexts = rng.normal(size=(config.benchmark.n_task, config.common.c_dim))
    model = HyperNet(config, rng)
    log.info("benchmark %s, %d parameters", config.benchmark.name, model.n_params)

    if config.wandb.logging:
        import wandb

        wandb.init(project=config.wandb.project, config=OmegaConf.to_container(config))

    train(config, model, contexts, rng)

    np.savez(os.path.join(out, "hyper_net.npz"), head=model.head)
    log.info("saved to %s", out)


if __name__ == "__main__":
    run()
