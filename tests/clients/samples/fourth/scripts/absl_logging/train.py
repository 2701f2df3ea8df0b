from absl import app
from absl import flags
from absl import logging

FLAGS = flags.FLAGS

flags.DEFINE_string("workdir", None, "Directory to store model data.")
flags.DEFINE_float("learning_rate", 0.1, "The learning rate for the optimizer.", lower_bound=0)
flags.DEFINE_integer("batch_size", 128, "Batch size for training.")
flags.DEFINE_integer("num_epochs", 3, "Number of training epochs.")
flags.DEFINE_enum("optimizer", "sgd", ["sgd", "adam", "lamb"], "Which optimizer to use.")
flags.DEFINE_bool("use_bn", True, "Use batch normalization.")
flags.DEFINE_list("widths", ["32", "64"], "Widths of the layers.")
flags.DEFINE_multi_integer("milestones", [1, 2], "When to decay.")


def train_and_evaluate():
    for epoch in range(1, FLAGS.num_epochs + 1):
        test_loss = (
            FLAGS.learning_rate * 10
            + 8 / FLAGS.batch_size
            + 2 * FLAGS.use_bn
            + len(FLAGS.optimizer) / 10
            + sum(map(int, FLAGS.widths)) / 100
            + sum(FLAGS.milestones) / 10
            + 1 / epoch
        )
        logging.info(
            "epoch:% 3d, train_loss: %.4f, train_accuracy: %.2f, test_loss: %.4f, test_accuracy: %.2f",
            epoch,
            test_loss - 0.1,
            90.0,
            test_loss,
            88.0,
        )


def main(argv):
    if len(argv) > 1:
        raise app.UsageError("Too many command-line arguments.")
    logging.info("JAX local devices: %r", ["CpuDevice(id=0)"])
    train_and_evaluate()


if __name__ == "__main__":
    flags.mark_flags_as_required(["workdir"])
    app.run(main)
