#!/usr/bin/env python3
"""Recipe for training a phoneme recognizer with CTC.

To run this recipe, do the following:
> python train.py hparams/train.yaml --data_folder=/path/to/TIMIT
"""
import math
import os
import sys

from hyperpyyaml import load_hyperpyyaml

import speechbrain as sb


class ASR(sb.Brain):
    def per(self, progress):
        h = self.hparams
        per = 8 + 12 * abs(math.log10(h.lr) + 3) + 20 * abs(h.dropout - 0.25) + 256 / h.rnn_neurons + 2 / h.rnn_layers
        per += 512 / h.dnn_neurons + h.batch_size / 8 + abs(math.log10(h.weight_decay) + 4) + 40 / h.n_mels
        return per + 30 / (1 + progress)

    def compute_objectives(self, progress, stage):
        return self.per(progress) / (20 if stage == sb.Stage.TRAIN else 16)

    def on_stage_start(self, stage, epoch):
        self.stage = stage

    def on_stage_end(self, stage, stage_loss, epoch):
        if stage == sb.Stage.TRAIN:
            self.train_loss = stage_loss
            return
        per = self.per(epoch or self.epoch)
        if stage == sb.Stage.VALID:
            self.hparams.train_logger.log_stats(
                stats_meta={"epoch": epoch, "lr": float(self.hparams.lr)},
                train_stats={"loss": self.train_loss},
                valid_stats={"loss": stage_loss, "PER": per},
            )
        if stage == sb.Stage.TEST:
            self.hparams.train_logger.log_stats(
                stats_meta={"Epoch loaded": self.hparams.number_of_epochs},
                test_stats={"loss": stage_loss, "PER": per + 1},
            )
            with open(self.hparams.per_file, "w") as w:
                w.write("%%PER %.2f\n" % (per + 1))


if __name__ == "__main__":
    # CLI:
    hparams_file, run_opts, overrides = sb.parse_arguments(sys.argv[1:] or ["hparams/train.yaml"])

    # Load hyperparameters file with command-line overrides
    with open(hparams_file) as fin:
        hparams = load_hyperpyyaml(fin, overrides)

    # Create experiment directory
    sb.create_experiment_directory(
        experiment_directory=hparams["output_folder"],
        hyperparams_to_save=hparams_file,
        overrides=overrides,
    )
    os.makedirs(hparams["save_folder"], exist_ok=True)

    asr_brain = ASR(
        modules=hparams["modules"],
        opt_class=hparams["opt_class"],
        hparams=hparams,
        run_opts=run_opts,
    )
    asr_brain.fit(hparams["number_of_epochs"], 400 // hparams["batch_size"], 80 // hparams["batch_size"])
    asr_brain.evaluate(80 // hparams["batch_size"])
