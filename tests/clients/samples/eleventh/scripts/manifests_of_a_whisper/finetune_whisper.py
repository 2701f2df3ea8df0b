import argparse
import csv
from pathlib import Path
from typing import Dict, List, Optional

from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    WhisperForConditionalGeneration,
)


def _read_manifest_dataset(manifest_path: str) -> List[Dict[str, str]]:
    manifest_file = Path(manifest_path).resolve()
    rows: List[Dict[str, str]] = []
    with open(manifest_file, newline="", encoding="utf-8") as csv_file:
        for row in csv.DictReader(csv_file):
            rows.append(
                {
                    "audio": str(manifest_file.parent / row["audio_path"]),
                    "transcription": row["transcription"].strip(),
                    "manifest_path": str(manifest_file),
                }
            )

    if not rows:
        raise ValueError(f"Manifest has no rows: {manifest_file}")

    return rows


def _load_manifest_group(manifest_paths: List[str]) -> List[Dict[str, str]]:
    return [row for path in manifest_paths for row in _read_manifest_dataset(path)]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Fine-tune a Hugging Face Whisper checkpoint from local manifest.csv files."
    )
    parser.add_argument(
        "--train-manifest",
        action="append",
        dest="train_manifests",
        help="Training manifest.csv path. Repeat to include multiple manifests.",
    )
    parser.add_argument(
        "--eval-manifest",
        action="append",
        dest="eval_manifests",
        help="Evaluation manifest.csv path. Repeat to include multiple manifests.",
    )
    parser.add_argument(
        "--base-model",
        default="openai/whisper-tiny",
        help="Base Hugging Face Whisper checkpoint to fine-tune.",
    )
    parser.add_argument(
        "--language",
        help=(
            "Language token for multilingual Whisper models, for example 'English' or "
            "'Hindi'. Omit this for English-only checkpoints like *.en models."
        ),
    )
    parser.add_argument(
        "--task",
        default="transcribe",
        choices=["transcribe", "translate"],
        help="Whisper task token to use during training and generation.",
    )
    parser.add_argument(
        "--output-dir",
        default="finetuned_models/whisper-run",
        help="Directory to write checkpoints and the final fine-tuned model.",
    )
    parser.add_argument(
        "--max-steps",
        type=int,
        default=50,
        help="Number of optimizer steps to train.",
    )
    parser.add_argument(
        "--eval-split-size",
        type=float,
        default=0.1,
        help="Validation fraction to hold out if --eval-manifest is omitted.",
    )
    parser.add_argument(
        "--learning-rate",
        type=float,
        default=1e-5,
        help="Learning rate for fine-tuning.",
    )
    parser.add_argument(
        "--warmup-steps",
        type=int,
        default=5,
        help="Warmup steps for the scheduler.",
    )
    parser.add_argument(
        "--per-device-train-batch-size",
        type=int,
        default=8,
        help="Per-device training batch size.",
    )
    parser.add_argument(
        "--per-device-eval-batch-size",
        type=int,
        default=8,
        help="Per-device eval batch size.",
    )
    parser.add_argument(
        "--gradient-accumulation-steps",
        type=int,
        default=2,
        help="Gradient accumulation steps.",
    )
    parser.add_argument(
        "--logging-steps",
        type=int,
        default=5,
        help="Logging interval in steps.",
    )
    parser.add_argument(
        "--save-steps",
        type=int,
        default=10,
        help="Checkpoint save interval in steps.",
    )
    parser.add_argument(
        "--eval-steps",
        type=int,
        default=10,
        help="Evaluation interval in steps when validation data is available.",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=42,
        help="Random seed for train/eval splitting and training.",
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()

    if args.max_steps <= 0:
        raise ValueError("--max-steps must be greater than zero.")
    if not 0.0 < args.eval_split_size < 1.0:
        raise ValueError("--eval-split-size must be between 0 and 1.")

    train_dataset = _load_manifest_group(args.train_manifests or ["manifests/train.csv"])
    eval_dataset: Optional[list] = None

    if args.eval_manifests:
        eval_dataset = _load_manifest_group(args.eval_manifests)
    elif len(train_dataset) > 1:
        held_out = max(1, int(len(train_dataset) * args.eval_split_size))
        train_dataset, eval_dataset = train_dataset[held_out:], train_dataset[:held_out]

    model = WhisperForConditionalGeneration.from_pretrained(args.base_model)

    has_eval = eval_dataset is not None

    training_args_kwargs = dict(
        output_dir=args.output_dir,
        per_device_train_batch_size=args.per_device_train_batch_size,
        per_device_eval_batch_size=args.per_device_eval_batch_size,
        gradient_accumulation_steps=args.gradient_accumulation_steps,
        learning_rate=args.learning_rate,
        warmup_steps=args.warmup_steps,
        max_steps=args.max_steps,
        gradient_checkpointing=True,
        eval_strategy="steps" if has_eval else "no",
        save_strategy="steps",
        predict_with_generate=True,
        generation_max_length=225,
        logging_steps=args.logging_steps,
        save_steps=args.save_steps,
        remove_unused_columns=False,
        label_names=["labels"],
        seed=args.seed,
    )
    if has_eval:
        training_args_kwargs["eval_steps"] = args.eval_steps
        training_args_kwargs["load_best_model_at_end"] = True
        training_args_kwargs["metric_for_best_model"] = "wer"
        training_args_kwargs["greater_is_better"] = False

    training_args = Seq2SeqTrainingArguments(
        **training_args_kwargs,
    )

    trainer = Seq2SeqTrainer(
        args=training_args,
        model=model,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        compute_metrics=("wer", float) if has_eval else None,
    )

    print(f"Training examples: {len(train_dataset)}")
    print(f"Evaluation examples: {len(eval_dataset) if eval_dataset is not None else 0}")
    print(f"Base model: {args.base_model}")
    if args.language:
        print(f"Language token: {args.language}")

    trainer.train()
    trainer.save_model(args.output_dir)

    if has_eval:
        metrics = trainer.evaluate()
        print(f"Final eval WER: {metrics['eval_wer']:.2f}")

    print(f"Saved fine-tuned model to {args.output_dir}")


if __name__ == "__main__":
    main()
