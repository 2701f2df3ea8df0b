#!/usr/bin/env python3
"""Recipe for training a phone recognizer with CTC on synthetic speech.

To run this recipe, do the following:
> python train.py hparams/train_ctc.yaml
"""
import logging
import math
import os
import sys

import numpy as np
from tqdm import tqdm

import brain as sb

logger = logging.getLogger(__name__)


class ASR(sb.Brain):
    def wer(self):
        hp = self.hparams
        wer = 18.0
        wer += 3.0 * abs(math.log10(hp["lr"]) + 3.0)
        wer += 20.0 * abs(hp["dropout"] - 0.25)
        wer += 1.5 * abs(math.log2(hp["batch_size"] / 16))
        wer += 512.0 / hp["rnn_neurons"]
        wer += 1.0 * abs(hp["rnn_layers"] - 4)
        return wer

    def compute(self, stage, epoch, epochs):
        rng = np.random.default_rng(epoch)
        with tqdm(range(10), dynamic_ncols=True, disable=stage != "train") as t:
            for _ in t:
                x = rng.normal(size=(self.hparams["batch_size"], self.hparams["n_mels"]))
                loss = 0.8 + self.wer() / 40 + 2.0 * (1 - epoch / epochs) + 1e-4 * float(np.tanh(x.mean()))
                t.set_postfix(train_loss=loss)
        if stage == "train":
            return {"loss": loss}
        wer = self.wer() * (1 + 1.5 * (1 - epoch / epochs))
        if stage == "test":
            wer += 1.0
        return {"loss": loss + 0.1, "PER": wer}

    def evaluate(self, epoch):
        stats = self.compute("test", epoch, epoch)
        self.train_logger.log_stats({"Epoch loaded": epoch}, test_stats=stats)
        with open(self.hparams["wer_file"], "w") as w:
            w.write("CTC loss stats:\nPER stats:\n")
            w.write("%WER {:.2f} [ {} / 1000, 12 ins, 30 del, 90 sub ]\n".format(
                stats["PER"], round(10 * stats["PER"])))
            print("CTC and PER stats written to file", self.hparams["wer_file"])


if __name__ == "__main__":
    hparams_file, overrides = sb.parse_arguments(sys.argv[1:])
    with open(hparams_file) as fin:
        hparams = sb.load_hyperpyyaml(fin, overrides)
    logging.basicConfig(level=logging.INFO, format="%(name)s - %(message)s", stream=sys.stdout)
    os.makedirs(hparams["output_folder"], exist_ok=True)
    logger.info("Experiment folder: " + hparams["output_folder"])

    asr_brain = ASR(hparams)
    asr_brain.fit(hparams["number_of_epochs"])
    asr_brain.evaluate(hparams["number_of_epochs"])
