"""
Train a sentence embedding model on the STS benchmark.
Usage: python train_sbert.py --model_name microsoft/MiniLM-L12-H384-uncased --epochs 4
"""
import argparse
import gzip
import csv
import logging
import math
import os
from datetime import datetime

from sentence_transformers import EmbeddingSimilarityEvaluator, InputExample, SentenceTransformer, losses
from torch.utils.data import DataLoader

logging.basicConfig(format="%(asctime)s - %(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.INFO)

parser = argparse.ArgumentParser()
parser.add_argument("--model_name", default="microsoft/MiniLM-L12-H384-uncased")
parser.add_argument("--data_path", default="stsbenchmark.tsv.gz")
parser.add_argument("--train_batch_size", default=16, type=int)
parser.add_argument("--epochs", default=4, type=int)
parser.add_argument("--lr", default=2e-5, type=float)
parser.add_argument("--weight_decay", default=0.01, type=float)
parser.add_argument("--warmup_ratio", default=0.1, type=float)
parser.add_argument("--output_dir", default="output")
args = parser.parse_args()
print(args)

model_save_path = os.path.join(args.output_dir, "sts-" + args.model_name.replace("/", "-") + "-" + datetime.now().strftime("%Y-%m-%d_%H-%M-%S"))
model = SentenceTransformer(args.model_name)

logging.info("Read STSbenchmark dataset")
train_samples, dev_samples, test_samples = [], [], []
with gzip.open(args.data_path, "rt", encoding="utf8") as fIn:
    for row in csv.DictReader(fIn, delimiter="\t", quoting=csv.QUOTE_NONE):
        score = float(row["score"]) / 5.0
        example = InputExample(texts=[row["sentence1"], row["sentence2"]], label=score)
        if row["split"] == "dev":
            dev_samples.append(example)
        elif row["split"] == "test":
            test_samples.append(example)
        else:
            train_samples.append(example)

train_dataloader = DataLoader(train_samples, shuffle=True, batch_size=args.train_batch_size)
train_loss = losses.CosineSimilarityLoss(model=model)
dev_evaluator = EmbeddingSimilarityEvaluator.from_input_examples(dev_samples, name="sts-dev")

warmup_steps = math.ceil(len(train_dataloader) * args.epochs * args.warmup_ratio)
logging.info("Warmup-steps: {}".format(warmup_steps))

model.fit(
    train_objectives=[(train_dataloader, train_loss)],
    evaluator=dev_evaluator,
    epochs=args.epochs,
    warmup_steps=warmup_steps,
    optimizer_params={"lr": args.lr},
    weight_decay=args.weight_decay,
    output_path=model_save_path,
)

test_evaluator = EmbeddingSimilarityEvaluator.from_input_examples(test_samples, name="sts-test")
score = test_evaluator(model, output_path=model_save_path)
print(f"Test Spearman correlation: {score:.4f}")
