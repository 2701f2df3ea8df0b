"""
This example trains a CrossEncoder that says whether two questions ask the same (label 1) or not (label 0).
It does NOT produce sentence embeddings; it takes a pair and gives a score between 0 and 1.

Usage:
python training_duplicates.py
"""
import csv
import logging
import math
import os
import sys
from datetime import datetime

from torch.utils.data import DataLoader

from sentence_transformers import InputExample, LoggingHandler
from sentence_transformers.cross_encoder import CrossEncoder
from sentence_transformers.cross_encoder.evaluation import CEBinaryClassificationEvaluator

#### Just some code to print debug information to stdout
logging.basicConfig(format="%(asctime)s - %(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.INFO,
                    handlers=[LoggingHandler(sys.stdout)])
logger = logging.getLogger(__name__)
#### /print debug information to stdout

dataset_path = "data/questions.csv"
if not os.path.exists(dataset_path):
    raise SystemExit("Put questions.csv with the columns question1, question2, is_duplicate into data/")

# Define our cross-encoder
model_name = "distilroberta-base"
train_batch_size = 16
num_epochs = 4
learning_rate = 2e-5
weight_decay = 0.01
max_length = 128
warmup_ratio = 0.1
model_save_path = "output/training_duplicates-" + datetime.now().strftime("%Y-%m-%d_%H-%M-%S")

model = CrossEncoder(model_name, num_labels=1, max_length=max_length)

# Read the questions; every tenth pair is kept for development
logger.info("Read train dataset")
train_samples, dev_samples = [], []
with open(dataset_path, encoding="utf8") as fIn:
    for n, row in enumerate(csv.DictReader(fIn)):
        if n % 10 == 0:
            dev_samples.append(InputExample(texts=[row["question1"], row["question2"]], label=int(row["is_duplicate"])))
        else:
            # both orders: a duplicate is a duplicate from either side
            train_samples.append(InputExample(texts=[row["question1"], row["question2"]], label=int(row["is_duplicate"])))
            train_samples.append(InputExample(texts=[row["question2"], row["question1"]], label=int(row["is_duplicate"])))

# We wrap train_samples (a list of InputExample) in a DataLoader
train_dataloader = DataLoader(train_samples, shuffle=True, batch_size=train_batch_size)

# We add an evaluator, which measures the performance during training
evaluator = CEBinaryClassificationEvaluator.from_input_examples(dev_samples, name="duplicates-dev", write_csv=False)

# Configure the training
warmup_steps = math.ceil(len(train_dataloader) * num_epochs * warmup_ratio)  # 10% of train data for warm-up
logger.info("Warmup-steps: {}".format(warmup_steps))

# Train the model
model.fit(
    train_dataloader=train_dataloader,
    evaluator=evaluator,
    epochs=num_epochs,
    evaluation_steps=5000,
    warmup_steps=warmup_steps,
    optimizer_params={"lr": learning_rate},
    weight_decay=weight_decay,
    output_path=model_save_path,
)
