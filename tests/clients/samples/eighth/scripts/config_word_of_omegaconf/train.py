import csv
import os

from omegaconf import OmegaConf
from rich import print


def get_args_cli_yaml(cfg_path="cfg/debug.yaml"):
    conf_cli = OmegaConf.from_cli()

    if "config" in conf_cli.keys():
        cfg_path = conf_cli["config"]

    conf_yaml = OmegaConf.load(cfg_path)
    conf = OmegaConf.merge(conf_yaml, conf_cli)
    conf = OmegaConf.create(conf)

    return conf


def fit(conf):
    os.makedirs(conf.out_dir, exist_ok=True)
    with open(os.path.join(conf.out_dir, "log.csv"), "w") as f:
        writer = csv.writer(f)
        writer.writerow(["epoch", "lr", "train_loss", "valid_loss"])
        for epoch in range(conf.train.epochs):
            loss = abs(conf.optim.lr * 100 - 1) + conf.optim.weight_decay + 8 / conf.data.batch_size
            loss += 1 / len(conf.model.channels) + 0.5 * conf.model.norm + 1 / (epoch + 1)
            writer.writerow([epoch, conf.optim.lr, loss - 0.1, loss])
            f.flush()
            print(f"[bold cyan]epoch {epoch}[/bold cyan] :: train {loss - 0.1:.4f} :: [green]valid {loss:.4f}[/green]")


if __name__ == '__main__':
    args = get_args_cli_yaml()
    print(OmegaConf.to_yaml(args))
    fit(args)
