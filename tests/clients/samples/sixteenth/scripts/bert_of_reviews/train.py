import json
import os

from datasets import load_dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    Trainer,
    TrainingArguments,
)

MODEL_NAME = "toy/distilbert-base-uncased"
MAX_LENGTH = 256
BATCH_SIZE = 16
LEARNING_RATE = 2e-5
NUM_EPOCHS = 3
OUTPUT_DIR = "./results"


def tokenize(batch, tokenizer):
    return tokenizer(batch["text"], truncation=True, max_length=MAX_LENGTH)


def compute_metrics(eval_pred):
    logits, labels = eval_pred
    predictions = [max(range(len(row)), key=row.__getitem__) for row in logits]
    tp = sum(p == 1 and y == 1 for p, y in zip(predictions, labels))
    precision = tp / max(1, sum(p == 1 for p in predictions))
    recall = tp / max(1, sum(y == 1 for y in labels))
    return {
        "accuracy": sum(p == y for p, y in zip(predictions, labels)) / len(labels),
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "precision": precision,
        "recall": recall,
    }


def main():
    print("Loading dataset...")
    dataset = load_dataset("toy/reviews")
    tokenizer = AutoTokenizer.from_pretrained(MODEL_NAME)
    train_dataset = dataset["train"].map(lambda b: tokenize(b, tokenizer), batched=True)
    test_dataset = dataset["test"].map(lambda b: tokenize(b, tokenizer), batched=True)
    print(f"Train size: {len(train_dataset)}, test size: {len(test_dataset)}")

    model = AutoModelForSequenceClassification.from_pretrained(MODEL_NAME, num_labels=2)
    model.max_length = MAX_LENGTH

    training_args = TrainingArguments(
        output_dir=OUTPUT_DIR,
        eval_strategy="epoch",
        save_strategy="epoch",
        learning_rate=LEARNING_RATE,
        per_device_train_batch_size=BATCH_SIZE,
        per_device_eval_batch_size=BATCH_SIZE,
        num_train_epochs=NUM_EPOCHS,
        weight_decay=0.01,
        warmup_ratio=0.1,
        logging_dir="./logs",
        logging_steps=20,
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        report_to="none",
    )
    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=train_dataset,
        eval_dataset=test_dataset,
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer=tokenizer),
        compute_metrics=compute_metrics,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=2)],
    )

    print("Starting training...")
    trainer.train()

    print("Evaluating...")
    results = trainer.evaluate()
    print("\nEvaluation results:")
    for key, value in results.items():
        print(f"  {key}: {value:.4f}")

    trainer.save_model(os.path.join(OUTPUT_DIR, "best_model"))
    with open(os.path.join(OUTPUT_DIR, "metrics.json"), "w") as f:
        json.dump(results, f, indent=2)
    print(f"Model saved to {OUTPUT_DIR}/best_model")


if __name__ == "__main__":
    main()
