"""Reads nothing but `wandb.config`, and logs nowhere but to W&B."""

import json

import wandb

run = wandb.init(project="clients", config={"lr": 0.5, "batch_size": 8})
print("settings " + json.dumps(dict(wandb.config)))
for step in range(3):
    wandb.log({"train/loss": 1 / (step + 1), "val": {"loss": wandb.config.lr / (step + 1)}})
run.finish()
