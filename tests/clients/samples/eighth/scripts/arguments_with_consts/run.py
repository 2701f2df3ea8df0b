import json
import logging
import os
import sys

from transformers import HfArgumentParser

from args import ModelArguments, ProjectTrainingArguments
from consts import CUSTOM, QA

logger = logging.getLogger(__name__)


def main():
    parser = HfArgumentParser((ModelArguments, ProjectTrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        model_args, training_args = parser.parse_json_file(json_file=os.path.abspath(sys.argv[1]))
    else:
        model_args, training_args = parser.parse_args_into_dataclasses()

    logging.basicConfig(
        format="%(asctime)s - %(levelname)s - %(name)s -   %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
        level=logging.INFO,
    )
    os.makedirs(training_args.output_dir, exist_ok=True)

    f1 = 0.9 - abs(training_args.learning_rate * 10000 - 1) / 10 - model_args.dropout / 10
    f1 -= 0.05 * model_args.freeze_embeddings + 0.1 * (training_args.model_type == QA)
    f1 -= 0.02 * (training_args.trainer_type == CUSTOM) + abs(training_args.label_weight - 0.7) / 10
    f1 -= 0.1 / training_args.num_train_epochs
    results = {"eval_f1": f1, "eval_loss": 1 - f1, "epoch": training_args.num_train_epochs}
    logger.info("***** Eval results *****")
    for key in sorted(results):
        logger.info("  %s = %s", key, str(results[key]))
    with open(os.path.join(training_args.output_dir, "eval_results.json"), "w") as f:
        json.dump(results, f, indent=4)


if __name__ == "__main__":
    main()
