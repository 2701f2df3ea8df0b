import dataclasses

import fire

from configs import lora_config as LORA_CONFIG
from configs import train_config as TRAIN_CONFIG


def update_config(config, **kwargs):
    if isinstance(config, (tuple, list)):
        for c in config:
            update_config(c, **kwargs)
    else:
        for k, v in kwargs.items():
            if hasattr(config, k):
                setattr(config, k, v)
            elif "." in k:
                # allow --some_config.some_param=True
                config_name, param_name = k.split(".")
                if type(config).__name__ == config_name:
                    setattr(config, param_name, v)


def main(**kwargs):
    # Update the configuration for the training and sharding process
    train_config, lora = TRAIN_CONFIG(), LORA_CONFIG()
    update_config((train_config, lora), **kwargs)
    for epoch in range(train_config.num_epochs):
        eval_epoch_loss = (
            abs(train_config.lr * 1000 - 1)
            + 1 / lora.r
            + lora.lora_dropout
            + 2 * train_config.use_fp16
            + len(lora.target_modules) / 10
            + 1 / (epoch + 1)
        )
        print(f" eval_ppl={2**eval_epoch_loss} eval_epoch_loss={eval_epoch_loss}")
        print(f"best eval loss on epoch {epoch + 1} is {eval_epoch_loss}")
        print(f"Epoch {epoch + 1}: train_perplexity={1.0:.4f}, train_epoch_loss={0.1:.4f}, epoch time {0.1}s")
    for k, v in {"avg_eval_loss": eval_epoch_loss}.items():
        print(f"Key: {k}, Value: {v}")


if __name__ == "__main__":
    fire.Fire(main)
