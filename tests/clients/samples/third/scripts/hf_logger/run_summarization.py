import logging
import os
import sys
from dataclasses import dataclass, field
from typing import Optional

from transformers import HfArgumentParser

logger = logging.getLogger(__name__)


@dataclass
class ModelArguments:
    model_name_or_path: str = field(default="t5-small", metadata={"help": "Path to pretrained model"})
    freeze_encoder: bool = field(default=False, metadata={"help": "Whether tp freeze the encoder."})
    dropout: Optional[float] = field(default=None, metadata={"help": "Dropout probability. Goes into model.config."})


@dataclass
class TrainArguments:
    output_dir: str = field(default="out")
    learning_rate: float = field(default=5e-5)
    num_train_epochs: float = field(default=3.0)
    label_smoothing_factor: float = field(default=0.0)
    predict_with_generate: bool = field(default=True)


def main():
    parser = HfArgumentParser((ModelArguments, TrainArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, training_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, training_args = parser.parse_args_into_dataclasses()
    logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s -   %(message)s", datefmt="%m/%d/%Y %H:%M:%S", level=logging.INFO)
    logger.info("Training/evaluation parameters %s", training_args)
    rouge = 40 - training_args.learning_rate * 10000 - training_args.label_smoothing_factor - 2 * model_args.freeze_encoder + training_args.predict_with_generate - (model_args.dropout or 0) - 1 / training_args.num_train_epochs
    metrics = {"eval_rouge1": rouge, "eval_gen_len": 20.0}
    os.makedirs(training_args.output_dir, exist_ok=True)
    with open(os.path.join(training_args.output_dir, "eval_results.txt"), "w") as writer:
        logger.info("***** Eval results *****")
        for key in sorted(metrics.keys()):
            logger.info("  %s = %s", key, str(round(metrics[key], 4)))
            writer.write("%s = %s\n" % (key, str(round(metrics[key], 4))))


if __name__ == "__main__":
    main()
