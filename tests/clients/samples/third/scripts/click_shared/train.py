import functools

import click


def common_options(func):
    @click.option("--seed", type=int, default=0, show_default=True)
    @click.option("--verbose/--quiet", default=False)
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        return func(*args, **kwargs)

    return wrapper


@click.command(context_settings={"show_default": True, "auto_envvar_prefix": "TRAIN"})
@click.argument("dataset", default="cora")
@click.option("-l", "--learning-rate", "lr", type=click.FloatRange(0, 1), default=0.05, help="Step size.")
@click.option("--heads", type=click.IntRange(1, 16), default=4)
@click.option("--agg", type=click.Choice(["mean", "max"], case_sensitive=False), default="mean")
@click.option("--hidden", type=int, multiple=True, default=[16, 8])
@click.option("--residual", is_flag=True)
@click.option("--epochs", envvar="EPOCHS", type=int, default=3)
@common_options
def main(dataset, lr, heads, agg, hidden, residual, epochs, seed, verbose):
    for epoch in range(epochs):
        loss = lr * 10 + 1 / heads + (agg == "max") + 8 / sum(hidden) + 2 * residual + len(dataset) / 10 + 1 / (epoch + 1)
        click.echo(f"Epoch: {epoch:03d}, Loss: {loss / 2:.4f}, Val loss: {loss:.4f}")


if __name__ == "__main__":
    main()
