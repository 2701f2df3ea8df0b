import json
import time

from absl import app, flags, logging

flags.DEFINE_multi_float('lr_rates', [0.01, 0.001],
                         'lr rates')
flags.DEFINE_multi_integer('lr_boundaries', [2],
                           'learning rate boundaries')
flags.DEFINE_float('l2_strength', 1e-4,
                   'weight decay')
flags.DEFINE_integer('conv_width', 64,
                     'conv width')
flags.DEFINE_integer('train_batch_size', 128, 'batch size')
flags.DEFINE_float('value_cost_weight', 1.0,
                   'value cost weight')
flags.DEFINE_bool('use_SE', False, 'squeeze and excitation')
flags.DEFINE_integer('iterations', 4, 'training iterations')
flags.DEFINE_string('work_dir', None, 'where to save')

FLAGS = flags.FLAGS


def mllog(key, value, **metadata):
    print(':::MLLOG ' + json.dumps({
        "namespace": "", "time_ms": int(time.time() * 1000), "event_type": "POINT_IN_TIME",
        "key": key, "value": value, "metadata": {"file": "train.py", "lineno": 30, **metadata}}), flush=True)


def main(unused_argv):
    mllog("global_batch_size", FLAGS.train_batch_size)
    mllog("opt_weight_decay", FLAGS.l2_strength)
    for step in range(1, FLAGS.iterations + 1):
        passed = sum(step > boundary for boundary in FLAGS.lr_boundaries)
        lr = FLAGS.lr_rates[min(passed, len(FLAGS.lr_rates) - 1)]
        logging.info('step %d: learning rate %g', step, lr)
        accuracy = 0.9 - abs(FLAGS.lr_rates[0] * 50 - 1) / 10 - FLAGS.l2_strength * 10 - 4 / FLAGS.conv_width
        accuracy -= 4 / FLAGS.train_batch_size + 0.05 * FLAGS.use_SE + abs(FLAGS.value_cost_weight - 0.5) / 10 + 0.1 / step
        mllog("eval_accuracy", round(accuracy, 6), epoch_num=step)
    mllog("run_stop", None, status="success")


if __name__ == '__main__':
    app.run(main)
