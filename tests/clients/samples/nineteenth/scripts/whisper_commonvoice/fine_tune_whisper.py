"""Fine-tune Whisper on Common Voice in a language."""
import argparse
from dataclasses import dataclass
from typing import Any, Dict, List

from datasets import load_dataset
from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

parser = argparse.ArgumentParser(description="Fine-tuning script for Whisper models of various sizes.")
parser.add_argument("--model_name", type=str, default="openai/whisper-small", help="Huggingface model name to fine-tune.")
parser.add_argument("--language", type=str, default="Hindi", help="Language the model is being adapted to.")
parser.add_argument("--sampling_rate", type=int, default=16000, help="Sampling rate of audios.")
parser.add_argument("--learning_rate", type=float, default=1e-5, help="Learning rate for the fine-tuning process.")
parser.add_argument("--warmup", type=int, default=50, help="Number of warmup steps.")
parser.add_argument("--train_batchsize", type=int, default=16, help="Batch size during the training phase.")
parser.add_argument("--eval_batchsize", type=int, default=8, help="Batch size during the evaluation phase.")
parser.add_argument("--grad_acc", type=int, default=1, help="Gradient accumulation steps.")
parser.add_argument("--weight_decay", type=float, default=0.0, help="Weight decay of AdamW.")
parser.add_argument("--num_steps", type=int, default=200, help="Number of steps to train for.")
parser.add_argument("--eval_every", type=int, default=50, help="Evaluate after so many steps.")
parser.add_argument("--num_proc", type=int, default=2, help="No. of parallel jobs to run.")
parser.add_argument("--output_dir", type=str, default="output_model_dir", help="Output directory for the checkpoints.")
parser.add_argument("--train_dataset", type=str, default="mozilla-foundation/common_voice_11_0")
args = parser.parse_args()

gradient_checkpointing = True
freeze_feature_encoder = False
do_normalize_eval = True

processor = WhisperProcessor.from_pretrained(args.model_name, language=args.language, task="transcribe")
model = WhisperForConditionalGeneration.from_pretrained(args.model_name)


def prepare_dataset(batch):
    return {"input_features": [0.0], "labels": processor.tokenizer(batch["text"])["input_ids"]}


raw = load_dataset(args.train_dataset)
raw = raw.map(prepare_dataset, num_proc=args.num_proc)
print(f"train: {len(raw['train'])} clips, test: {len(raw['test'])} clips")


@dataclass
class DataCollatorSpeechSeq2SeqWithPadding:
    processor: Any

    def __call__(self, features: List[Dict]) -> Dict:
        return self.processor.feature_extractor.pad(features)


def compute_metrics(pred):
    import evaluate

    metric = evaluate.load("wer")
    pred_str = processor.tokenizer.batch_decode(pred.predictions, skip_special_tokens=True)
    label_str = processor.tokenizer.batch_decode(pred.label_ids, skip_special_tokens=True)
    wer = 100 * metric.compute(predictions=pred_str, references=label_str)
    return {"wer": wer}


training_args = Seq2SeqTrainingArguments(
    output_dir=args.output_dir,
    per_device_train_batch_size=args.train_batchsize,
    gradient_accumulation_steps=args.grad_acc,
    learning_rate=args.learning_rate,
    warmup_steps=args.warmup,
    weight_decay=args.weight_decay,
    max_steps=args.num_steps,
    gradient_checkpointing=gradient_checkpointing,
    eval_strategy="steps",
    eval_steps=args.eval_every,
    per_device_eval_batch_size=args.eval_batchsize,
    predict_with_generate=True,
    generation_max_length=225,
    save_steps=args.eval_every,
    logging_steps=25,
    report_to="none",
    load_best_model_at_end=True,
    metric_for_best_model="wer",
    greater_is_better=False,
)

trainer = Seq2SeqTrainer(
    args=training_args,
    model=model,
    train_dataset=raw["train"],
    eval_dataset=raw["test"],
    data_collator=DataCollatorSpeechSeq2SeqWithPadding(processor=processor),
    compute_metrics=compute_metrics,
    tokenizer=processor.feature_extractor,
)
processor.save_pretrained(training_args.output_dir)

print("TRAINING IN PROGRESS...")
trainer.train()
trainer.evaluate()
trainer.save_model(args.output_dir)
print("DONE TRAINING")
