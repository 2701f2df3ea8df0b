"""
Fine-tune a sentence encoder for semantic similarity on STS-B with a cosine loss.
The encoder with the best correlation on dev is measured on test in the end.
"""
import logging

from datasets import load_dataset
from sentence_transformers import (
    EmbeddingSimilarityEvaluator,
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
    losses,
)

logging.basicConfig(format="%(asctime)s - %(message)s", datefmt="%Y-%m-%d %H:%M:%S", level=logging.INFO)

model_name = "toy/MiniLM-L6"
train_batch_size = 16
num_epochs = 4
output_dir = "output/sts-" + model_name.replace("/", "-")

# 1. The encoder
model = SentenceTransformer(model_name)

# 2. The pairs
train_dataset = load_dataset("toy/stsb", split="train")
eval_dataset = load_dataset("toy/stsb", split="validation")
test_dataset = load_dataset("toy/stsb", split="test")
logging.info(f"{len(train_dataset)} pairs for training")

# 3. The loss
train_loss = losses.CosineSimilarityLoss(model=model)

# 4. The evaluator
dev_evaluator = EmbeddingSimilarityEvaluator(
    sentences1=eval_dataset["sentence1"],
    sentences2=eval_dataset["sentence2"],
    scores=eval_dataset["score"],
    main_similarity="cosine",
    name="sts-dev",
)

# 5. The arguments
args = SentenceTransformerTrainingArguments(
    output_dir=output_dir,
    num_train_epochs=num_epochs,
    per_device_train_batch_size=train_batch_size,
    per_device_eval_batch_size=train_batch_size,
    learning_rate=2e-5,
    weight_decay=0.0,
    warmup_ratio=0.1,
    fp16=True,
    eval_strategy="epoch",
    save_strategy="epoch",
    save_total_limit=2,
    logging_steps=20,
    run_name="sts",
)

# 6. Training
trainer = SentenceTransformerTrainer(
    model=model,
    args=args,
    train_dataset=train_dataset,
    eval_dataset=eval_dataset,
    loss=train_loss,
    evaluator=dev_evaluator,
)
trainer.train()

# 7. The score on test
test_evaluator = EmbeddingSimilarityEvaluator(
    sentences1=test_dataset["sentence1"],
    sentences2=test_dataset["sentence2"],
    scores=test_dataset["score"],
    main_similarity="cosine",
    name="sts-test",
)
test_evaluator(model)

# 8. Saving
model.save_pretrained(f"{output_dir}/final")
