"""
Finetunes a sentence embedding model on (anchor, positive, negative) triplets with MultipleNegativesRankingLoss.

Usage:
    python train_embeddings.py --model-name toy/MiniLM-L3 --epochs 1 --batch-size 32
"""
import argparse
import logging
from datetime import datetime

from datasets import load_dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.evaluation import TripletEvaluator
from sentence_transformers.losses import MultipleNegativesRankingLoss

logging.basicConfig(format="%(asctime)s - %(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.INFO)
logger = logging.getLogger(__name__)


def parse_args():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--model-name", default="toy/MiniLM-L3", help="the model to start from")
    parser.add_argument("--dataset", default="toy/all-nli", help="a data set of triplets")
    parser.add_argument("--output-dir", default=None, help="where to save the model (default: output/ and the time)")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=32, help="the larger, the more in-batch negatives")
    parser.add_argument("--lr", type=float, default=2e-5)
    parser.add_argument("--warmup-ratio", type=float, default=0.1)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--scale", type=float, default=20.0, help="inverse temperature of the loss")
    parser.add_argument("--max-seq-length", type=int, default=128)
    parser.add_argument("--fp16", action="store_true")
    parser.add_argument("--seed", type=int, default=42)
    return parser.parse_args()


def main():
    args = parse_args()
    output_dir = args.output_dir or f"output/{args.model_name.replace('/', '-')}-{datetime.now():%Y-%m-%d_%H-%M-%S}"

    model = SentenceTransformer(args.model_name)
    model.max_seq_length = args.max_seq_length

    train_dataset = load_dataset(args.dataset, "triplet", split="train")
    eval_dataset = load_dataset(args.dataset, "triplet", split="validation")
    test_dataset = load_dataset(args.dataset, "triplet", split="test")
    logger.info(f"{len(train_dataset)} triplets to train on, {len(eval_dataset)} to evaluate on")

    loss = MultipleNegativesRankingLoss(model, scale=args.scale)
    training_args = SentenceTransformerTrainingArguments(
        output_dir=output_dir,
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch_size,
        per_device_eval_batch_size=args.batch_size,
        learning_rate=args.lr,
        weight_decay=args.weight_decay,
        warmup_ratio=args.warmup_ratio,
        fp16=args.fp16,
        batch_sampler="no_duplicates",
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_steps=5,
        seed=args.seed,
    )

    dev_evaluator = TripletEvaluator(
        anchors=eval_dataset["question"], positives=eval_dataset["chosen"], negatives=eval_dataset["rejected"], name="all-nli-dev"
    )
    dev_evaluator(model)

    trainer = SentenceTransformerTrainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        loss=loss,
        evaluator=dev_evaluator,
    )
    trainer.train()

    test_evaluator = TripletEvaluator(
        anchors=test_dataset["question"], positives=test_dataset["chosen"], negatives=test_dataset["rejected"],
        name="all-nli-test", shift=0.01,
    )
    results = test_evaluator(model)
    print(results)

    model.save_pretrained(f"{output_dir}/final")


if __name__ == "__main__":
    main()
