import os

import hydra
from omegaconf import DictConfig, OmegaConf

import trainers


@hydra.main(version_base=None, config_path="config", config_name="config")
def main(config: DictConfig):
    OmegaConf.resolve(config)
    if missing := OmegaConf.missing_keys(config):
        raise ValueError(f"these keys have no value: {missing}")
    if config.eval_every % config.batch_size:
        config.eval_every -= config.eval_every % config.batch_size
        print(f'WARNING: eval_every is no multiple of batch_size; it is now {config.eval_every}')

    print(OmegaConf.to_yaml(config))
    OmegaConf.save(config, os.path.join(config.local_run_dir, 'config.yaml'))

    print('=' * 80)
    print(f'Writing to {config.local_run_dir}')
    print('=' * 80)

    print('building policy')
    policy = {'name': config.model.name_or_path, 'dtype': config.model.policy_dtype}
    reference_model = None
    if config.loss.name == 'dpo':
        print('building reference model')
        reference_model = {'name': config.model.name_or_path, 'dtype': config.model.reference_dtype}

    trainer = getattr(trainers, config.trainer)(policy, config, config.local_run_dir, reference_model=reference_model)
    trainer.train()


if __name__ == '__main__':
    main()
