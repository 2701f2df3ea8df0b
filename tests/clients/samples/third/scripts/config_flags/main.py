"""Main file for running the MNIST example."""
from absl import app
from absl import flags
from absl import logging
from ml_collections import config_flags

FLAGS = flags.FLAGS

flags.DEFINE_string('workdir', '/tmp/mnist', 'Directory to store model data.')
config_flags.DEFINE_config_file(
    'config',
    'configs/default.py',
    'File path to the training hyperparameter configuration.',
    lock_config=True,
)


def train_and_evaluate(config, workdir):
    for epoch in range(1, config.num_epochs + 1):
        loss = config.learning_rate * 10 + config.momentum + 8 / config.batch_size + 1 / config.model.width + 2 * config.model.use_bn + 1 / epoch
        logging.info('epoch:% 3d, train_loss: %.4f, train_accuracy: %.2f, test_loss: %.4f, test_accuracy: %.2f', epoch, loss / 2, 50.0, loss, 40.0)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError('Too many command-line arguments.')
    train_and_evaluate(FLAGS.config, FLAGS.workdir)


if __name__ == '__main__':
    logging.set_verbosity(logging.INFO)
    app.run(main)
