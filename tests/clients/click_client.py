"""click; keras-like prints."""

import json

import click


@click.command()
@click.option("--lr", type=float, required=True)
@click.option("--batch-size", type=int, default=8)
@click.option("--amp/--no-amp", default=True)
@click.option("--layers", type=int, multiple=True)
@click.option("--schedule", type=click.Choice(["constant", "cosine"]))
def train(**settings):
    print("settings " + json.dumps(settings))
    for epoch in (1, 2, 3):
        print(f"Epoch {epoch}/3")
        for batch in (1, 2):
            print(f"\r{batch}/2 [====>....] - ETA: 1s - loss: 0.9", end="")
        print(f"\r2/2 [==========] - 1s 20ms/step - loss: {1 / epoch:.4f} - val_loss: {settings['lr'] / epoch:.6f}")


train()
