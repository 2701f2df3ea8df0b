from pathlib import Path

import click


@click.command(context_settings={"show_default": True})
@click.argument("data", type=click.Path(path_type=Path), default="data")
@click.option("--out", "-o", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"))
@click.option("--lr", type=float, default=0.01, envvar="TRAIN_LR")
@click.option("--layer", "layers", type=int, multiple=True, default=(64, 32))
@click.option("--loss", "loss_name", type=click.Choice(["l1", "l2"], case_sensitive=False), default="l2")
@click.option("--mask/--no-mask", "use_mask", default=True)
@click.option("-v", "--verbose", count=True)
@click.option("--epochs", default=3)
@click.pass_context
def cli(ctx, data, out, lr, layers, loss_name, use_mask, verbose, epochs):
    """Train on DATA."""
    out.mkdir(parents=True, exist_ok=True)
    for epoch in range(1, epochs + 1):
        value = abs(lr - 0.02) * 10 + 8 / sum(layers) + (loss_name == "l1") + 2 * use_mask + 1 / epoch
        click.secho(f"[{epoch:>3}/{epochs}]", nl=False, fg="green")
        click.echo(f" train={value - 0.1:.4f} valid={value:.4f}")


if __name__ == "__main__":
    cli()
