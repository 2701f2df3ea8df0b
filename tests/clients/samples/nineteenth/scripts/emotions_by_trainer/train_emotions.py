"""Fine-tune a DistilBERT for emotion detection.

Usage: python train_emotions.py --learning_rate 3e-5 --epochs 4
"""
import argparse
import json
from pathlib import Path

from datasets import load_dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

ID2LABEL = {0: "sadness", 1: "joy", 2: "love", 3: "anger", 4: "fear", 5: "surprise"}


def parse_args():
    p = argparse.ArgumentParser(description="Emotion classification", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    data = p.add_argument_group("data")
    data.add_argument("--dataset", default="dair-ai/emotion", help="dataset on the hub")
    data.add_argument("--max_length", type=int, default=128, help="maximum number of tokens")
    model = p.add_argument_group("model")
    model.add_argument("--model_name", default="distilbert-base-uncased", help="pretrained checkpoint")
    train = p.add_argument_group("training")
    train.add_argument("--epochs", type=int, default=3, help="number of epochs")
    train.add_argument("--batch_size", type=int, default=32, help="batch size")
    train.add_argument("--learning_rate", "--lr", type=float, default=2e-5, help="peak learning rate")
    train.add_argument("--weight_decay", type=float, default=0.01, help="weight decay of AdamW")
    train.add_argument("--warmup_ratio", type=float, default=0.1, help="share of warmup steps")
    train.add_argument("--label_smoothing", type=float, default=0.0, help="label smoothing")
    train.add_argument("--patience", type=int, default=2, help="patience of early stopping")
    train.add_argument("--seed", type=int, default=42)
    train.add_argument("--fp16", action="store_true", help="mixed precision")
    p.add_argument("--output_dir", type=Path, default=Path("results"), help="where to save")
    return p.parse_args()


def compute_metrics(pred):
    from sklearn.metrics import accuracy_score, f1_score

    preds = pred.predictions.argmax(-1)
    return {
        "accuracy": accuracy_score(pred.label_ids, preds),
        "f1": f1_score(pred.label_ids, preds, average="macro"),
    }


def main():
    args = parse_args()
    set_seed(args.seed)
    print("Arguments:")
    for key, value in vars(args).items():
        print(f"  {key}: {value}")

    dataset = load_dataset(args.dataset)
    tokenizer = AutoTokenizer.from_pretrained(args.model_name)
    tokenized = dataset.map(lambda row: tokenizer(row["text"], truncation=True, max_length=args.max_length))
    model = AutoModelForSequenceClassification.from_pretrained(args.model_name, num_labels=len(ID2LABEL), id2label=ID2LABEL)

    training_args = TrainingArguments(
        output_dir=str(args.output_dir),
        num_train_epochs=args.epochs,
        per_device_train_batch_size=args.batch_size,
        per_device_eval_batch_size=2 * args.batch_size,
        learning_rate=args.learning_rate,
        weight_decay=args.weight_decay,
        warmup_ratio=args.warmup_ratio,
        label_smoothing_factor=args.label_smoothing,
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_steps=10,
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        fp16=args.fp16,
        seed=args.seed,
        report_to="none",
    )
    trainer = Trainer(
        model=model,
        args=training_args,
        train_dataset=tokenized["train"],
        eval_dataset=tokenized["validation"],
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=compute_metrics,
        callbacks=[EarlyStoppingCallback(early_stopping_patience=args.patience)],
    )
    trainer.train()

    val_metrics = trainer.evaluate()
    test_metrics = trainer.evaluate(tokenized["test"], metric_key_prefix="test")
    print("\nValidation results:", val_metrics)
    print("Test results:", test_metrics)

    args.output_dir.mkdir(parents=True, exist_ok=True)
    (args.output_dir / "metrics.json").write_text(json.dumps({"validation": val_metrics, "test": test_metrics}, indent=2))
    trainer.save_model(str(args.output_dir / "best_model"))


if __name__ == "__main__":
    main()
