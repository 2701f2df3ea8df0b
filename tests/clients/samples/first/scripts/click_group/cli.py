"""click with subcommands, and metrics by logging."""
import logging

import click

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger(__name__)


@click.group()
@click.option("--verbose/--quiet", default=False)
def cli(verbose):
    """Language models."""


@cli.command()
@click.option("--corpus", default="wiki")
def prepare(corpus):
    click.echo(corpus)


@cli.command("train")
@click.option("--lr", default=0.01, show_default=True, help="Learning rate.")
@click.option("--hidden-size", type=click.IntRange(8, 512), default=64)
@click.option("--optimizer", type=click.Choice(["adam", "sgd"]), default="adam")
@click.option("--tie/--no-tie", default=True)
@click.option("--dropout", type=float, default=0.1)
@click.option("--epochs", default=2)
def train_command(lr, hidden_size, optimizer, tie, dropout, epochs):
    base = abs(lr - 0.02) * 100 + dropout + 8 / hidden_size + (optimizer == "sgd") + 2 * tie
    for epoch in range(1, epochs + 1):
        log.info("epoch %d train_ppl=%.3f valid_ppl=%.3f", epoch, base + 1 / epoch, base + 2 / epoch)


if __name__ == "__main__":
    cli()
