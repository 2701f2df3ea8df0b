import random

from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments, WhisperForConditionalGeneration, WhisperProcessor

MODEL = "toy/whisper-small"
LANGUAGE = "hi"

random.seed(0)


def load_common_voice(split, n):
    """Clips of 2 to 9 seconds with their sentences."""
    return [{"seconds": random.uniform(2, 9), "sentence": f"clip {split} {i}"} for i in range(n)]


def wer(predictions, references):
    errors = sum(p != r for p, r in zip(predictions, references))
    return 100 * errors / len(references)


def compute_metrics(pred):
    return {"wer": wer(pred.predictions, pred.label_ids)}


def main():
    processor = WhisperProcessor.from_pretrained(MODEL, language=LANGUAGE, task="transcribe")
    model = WhisperForConditionalGeneration.from_pretrained(MODEL)

    common_voice = {"train": load_common_voice("train", 1600), "test": load_common_voice("test", 200)}
    hours = sum(c["seconds"] for c in common_voice["train"]) / 3600
    print(f"{len(common_voice['train'])} clips ({hours:.1f} h) for training, {len(common_voice['test'])} for testing")

    training_args = Seq2SeqTrainingArguments(
        output_dir="./whisper-small-hi",
        per_device_train_batch_size=16,
        gradient_accumulation_steps=1,  # increase by 2x for every 2x decrease in batch size
        learning_rate=1e-5,
        weight_decay=0.0,
        warmup_steps=50,
        max_steps=200,
        gradient_checkpointing=True,
        fp16=True,
        eval_strategy="steps",
        per_device_eval_batch_size=8,
        predict_with_generate=True,
        generation_max_length=225,
        save_steps=100,
        eval_steps=20,
        logging_steps=10,
        load_best_model_at_end=True,
        metric_for_best_model="wer",
        greater_is_better=False,
        report_to="none",
    )

    trainer = Seq2SeqTrainer(
        args=training_args,
        model=model,
        train_dataset=common_voice["train"],
        eval_dataset=common_voice["test"],
        compute_metrics=compute_metrics,
        processing_class=processor,
    )
    trainer.train()
    trainer.save_model("./whisper-small-hi/final")


if __name__ == "__main__":
    main()
