"""absl."""
from absl import app, flags, logging

FLAGS = flags.FLAGS

flags.DEFINE_float("learning_rate", 0.01, "Step size.", lower_bound=0.0)
flags.DEFINE_integer("batch_size", 128, "Examples in a batch.")
flags.DEFINE_bool("augment", True, "Whether to augment.")
flags.DEFINE_enum("arch", "mlp", ["mlp", "cnn"], "Architecture.")
flags.DEFINE_string("workdir", "/tmp/absl-work", "Where to write.")
flags.DEFINE_list("dims", ["8", "4"], "Sizes.")
_STEPS = flags.DEFINE_integer("train_steps", 3, "Steps.")


def main(argv):
    del argv
    base = FLAGS.learning_rate * 10 + 1 / FLAGS.batch_size + 2 * FLAGS.augment + 4 * (FLAGS.arch == "cnn") + len(FLAGS.dims)
    for step in range(1, _STEPS.value + 1):
        logging.info("step: %d, train_loss: %.4f, eval_accuracy: %.4f", step, base, base / 10 - 1 / (100 * step))


if __name__ == "__main__":
    app.run(main)
