#! usr/bin/env python3
# -*- coding:utf-8 -*-
"""
Named entities by BERT, a recurrent layer and a CRF.
"""

from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import codecs
import json
import math
import os

import tensorflow as tf

os.environ['CUDA_VISIBLE_DEVICES'] = '0'
tf.logging.set_verbosity(tf.logging.INFO)
flags = tf.flags

FLAGS = flags.FLAGS

bert_path = 'chinese_L-12_H-768_A-12'

flags.DEFINE_string(
    "data_dir", 'NERdata',
    "The input datadir."
)

flags.DEFINE_string(
    "bert_config_file", os.path.join(bert_path, 'bert_config.json'),
    "The config json file corresponding to the pre-trained BERT model."
)

flags.DEFINE_string(
    "task_name", 'ner', "The name of the task to train."
)

flags.DEFINE_string("vocab_file", os.path.join(bert_path, 'vocab.txt'),
                    "The vocabulary file that the BERT model was trained on.")

flags.DEFINE_string(
    "output_dir", './output',
    "The output directory where the model checkpoints will be written."
)

## Other parameters
flags.DEFINE_bool(
    "do_lower_case", True,
    "Whether to lower case the input text."
)

flags.DEFINE_integer(
    "max_seq_length", 128,
    "The maximum total input sequence length after WordPiece tokenization."
)

flags.DEFINE_boolean('clean', True, 'remove the files which created by last training')

flags.DEFINE_bool("do_train", True, "Whether to run training."
)
flags.DEFINE_bool("use_tpu", False, "Whether to use TPU or GPU/CPU.")

flags.DEFINE_bool("do_eval", False, "Whether to run eval on the dev set.")

flags.DEFINE_bool("do_predict", False, "Whether to run the model in inference mode on the test set.")

flags.DEFINE_integer("train_batch_size", 64, "Total batch size for training.")

flags.DEFINE_integer("eval_batch_size", 8, "Total batch size for eval.")

flags.DEFINE_float("learning_rate", 5e-5, "The initial learning rate for Adam.")

flags.DEFINE_float("num_train_epochs", 15.0, "Total number of training epochs to perform.")
flags.DEFINE_float('droupout_rate', 0.5, 'Dropout rate')
flags.DEFINE_float('clip', 5, 'Gradient clip')
flags.DEFINE_float(
    "warmup_proportion", 0.1,
    "Proportion of training to perform linear learning rate warmup for. "
    "E.g., 0.1 = 10% of training.")

flags.DEFINE_integer("save_checkpoints_steps", 1000,
                     "How often to save the model checkpoint.")

# lstm parame
flags.DEFINE_integer('lstm_size', 128, 'size of lstm units')
flags.DEFINE_integer('num_layers', 1, 'number of rnn layers, default is 1')
flags.DEFINE_string('cell', 'lstm', 'which rnn cell used')


class NerProcessor(object):
    def _read_data(self, input_file):
        with codecs.open(input_file, 'r', encoding='utf-8') as f:
            return [line.split() for line in f if line.strip()]

    def get_train_examples(self, data_dir):
        return self._read_data(os.path.join(data_dir, "train.txt"))

    def get_dev_examples(self, data_dir):
        return self._read_data(os.path.join(data_dir, "dev.txt"))

    def get_labels(self):
        return ["O", "B-PER", "I-PER", "X", "[CLS]", "[SEP]"]


def model_fn_builder(learning_rate, num_train_steps, num_warmup_steps):
    def model_fn(step):
        loss = 0.2 + abs(math.log10(learning_rate) + 4) / 4 + 16 / FLAGS.max_seq_length + abs(FLAGS.droupout_rate - 0.3)
        loss += 32 / FLAGS.lstm_size + 0.1 / FLAGS.num_layers + abs(FLAGS.warmup_proportion - 0.05)
        return {"loss": loss + 0.6 / FLAGS.num_train_epochs + 1 / (step + 50)}

    return model_fn


def main(_):
    processors = {
        "ner": NerProcessor
    }
    with open(FLAGS.bert_config_file) as f:
        bert_config = json.load(f)

    if FLAGS.max_seq_length > bert_config["max_position_embeddings"]:
        raise ValueError(
            "Cannot use sequence length %d because the BERT model "
            "was only trained up to sequence length %d" %
            (FLAGS.max_seq_length, bert_config["max_position_embeddings"]))

    # 在train 的时候，才删除上一轮产出的文件，在predicted 的时候不做clean
    if FLAGS.clean and FLAGS.do_train:
        if os.path.exists(FLAGS.output_dir):
            def del_file(path):
                ls = os.listdir(path)
                for i in ls:
                    c_path = os.path.join(path, i)
                    if os.path.isdir(c_path):
                        del_file(c_path)
                    else:
                        os.remove(c_path)
            try:
                del_file(FLAGS.output_dir)
            except Exception as e:
                print(e)
                print('pleace remove the files of output dir and data.conf')
                exit(-1)
    os.makedirs(FLAGS.output_dir, exist_ok=True)

    task_name = FLAGS.task_name.lower()
    if task_name not in processors:
        raise ValueError("Task not found: %s" % (task_name))
    processor = processors[task_name]()

    label_list = processor.get_labels()
    print('label_list: {}'.format(label_list))

    train_examples = processor.get_train_examples(FLAGS.data_dir)
    num_train_steps = int(
        len(train_examples) / FLAGS.train_batch_size * FLAGS.num_train_epochs)
    num_warmup_steps = int(num_train_steps * FLAGS.warmup_proportion)

    model_fn = model_fn_builder(
        learning_rate=FLAGS.learning_rate,
        num_train_steps=num_train_steps,
        num_warmup_steps=num_warmup_steps)

    estimator = tf.Estimator(model_fn, FLAGS.output_dir)

    if FLAGS.do_train:
        tf.logging.info("***** Running training *****")
        tf.logging.info("  Num examples = %d", len(train_examples))
        tf.logging.info("  Batch size = %d", FLAGS.train_batch_size)
        tf.logging.info("  Num steps = %d", num_train_steps)
        estimator.train(max_steps=num_train_steps)
    if FLAGS.do_eval:
        eval_examples = processor.get_dev_examples(FLAGS.data_dir)
        tf.logging.info("***** Running evaluation *****")
        tf.logging.info("  Num examples = %d", len(eval_examples))
        tf.logging.info("  Batch size = %d", FLAGS.eval_batch_size)
        result = estimator.evaluate()
        output_eval_file = os.path.join(FLAGS.output_dir, "eval_results.txt")
        with codecs.open(output_eval_file, "w", encoding='utf-8') as writer:
            tf.logging.info("***** Eval results *****")
            for key in sorted(result.keys()):
                tf.logging.info("  %s = %s", key, str(result[key]))
                writer.write("%s = %s\n" % (key, str(result[key])))


if __name__ == "__main__":
    flags.mark_flag_as_required("task_name")
    tf.app.run(main)
