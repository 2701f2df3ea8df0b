"""
Commands for training models.
"""

import logging

import click
import yaml

logging.basicConfig(level=logging.INFO)


class IntListParamType(click.ParamType):
    """
    Custom parameter type for a list of integers using the click library.
    """
    name = "intlist"

    def convert(self, value, param, ctx):
        """
        Convert the value to a list of integers.
        """
        if isinstance(value, list):
            return value
        try:
            return [int(i) for i in value.split(',')]
        except ValueError:
            self.fail(f"{value} is not a valid list of integers", param, ctx)


INT_LIST = IntListParamType()


@click.command()
@click.option('-c', '--config', type=click.Path(exists=True), default=None, help='Path to the training configuration yml file.')
@click.option('-m', '--model-name', type=str, default='mlp', show_default=True)
@click.option('-l', '--layers', type=INT_LIST, default='64,32', help='Widths of the hidden layers.')
@click.option('-lr', '--learning-rate', type=float, default=0.01, show_default=True)
@click.option('-e', '--epochs', type=click.IntRange(1), default=3, show_default=True)
@click.option('-d', '--dropout', type=float, default=0.1, show_default=True)
@click.option('--scale/--no-scale', default=True, help='Scale the inputs.')
@click.option('--loss', type=click.Choice(['mae', 'mse']), default='mae')
def train(config, model_name, layers, learning_rate, epochs, dropout, scale, loss):
    """Train a model."""
    if config is not None:
        with open(config) as f:
            settings = yaml.safe_load(f)
        layers = settings.get('layers', layers)
        learning_rate = settings.get('learning_rate', learning_rate)
    logging.info("training %s with layers %s", model_name, layers)
    for epoch in range(1, epochs + 1):
        val = abs(learning_rate * 10 - 1) + dropout + 1 / len(layers) + 0.5 * scale + 0.1 * (loss == 'mse') + 1 / epoch
        logging.info("epoch=%d/%d train_%s=%.4f val_%s=%.4f", epoch, epochs, loss, val - 0.1, loss, val)


if __name__ == '__main__':
    train()
