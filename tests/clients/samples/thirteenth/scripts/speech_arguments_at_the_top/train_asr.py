import argparse
import re
import string

import numpy as np
from transformers import (
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

parser = argparse.ArgumentParser(description='Fine-tune a Whisper checkpoint on our medical dialogues.')
parser.add_argument(
    '--model_name',
    type=str,
    required=False,
    default='openai/whisper-small',
    help='Checkpoint to start from, e.g. openai/whisper-small'
)
parser.add_argument(
    '--language',
    type=str,
    required=False,
    default='vietnamese',
    help='Language of the special tokens.'
)
parser.add_argument(
    '--sampling_rate',
    type=int,
    required=False,
    default=16000,
    help='Sampling rate of the audio files.'
)
parser.add_argument(
    '--num_proc',
    type=int,
    required=False,
    default=2,
    help='Processes that prepare the data.'
)
parser.add_argument(
    '--train_strategy',
    type=str,
    required=False,
    default='steps',
    help='steps or epoch.'
)
parser.add_argument(
    '--learning_rate',
    type=float,
    required=False,
    default=1.75e-5,
    help='Peak learning rate.'
)
parser.add_argument(
    '--warmup',
    type=int,
    required=False,
    default=500,
    help='Number of warmup steps.'
)
parser.add_argument(
    '--train_batchsize',
    type=int,
    required=False,
    default=48,
    help='Batch size of the training.'
)
parser.add_argument(
    '--eval_batchsize',
    type=int,
    required=False,
    default=32,
    help='Batch size of the evaluation.'
)
parser.add_argument(
    '--num_epochs',
    type=int,
    required=False,
    default=20,
    help='Number of epochs, for --train_strategy epoch.'
)
parser.add_argument(
    '--num_steps',
    type=int,
    required=False,
    default=4000,
    help='Number of steps, for --train_strategy steps.'
)
parser.add_argument(
    '--resume_from_ckpt',
    type=str,
    required=False,
    default=None,
    help='Checkpoint to resume from.'
)
parser.add_argument(
    '--output_dir',
    type=str,
    required=False,
    default='output_model_dir',
    help='Where the checkpoints go.'
)
parser.add_argument(
    '--train_datasets',
    type=str,
    nargs='+',
    required=False,
    default=['./train.parquet'],
    help='Files of the training.'
)
parser.add_argument(
    '--eval_datasets',
    type=str,
    nargs='+',
    required=False,
    default=['./eval.parquet'],
    help='Files of the evaluation.'
)

args = parser.parse_args()

if args.train_strategy not in ['steps', 'epoch']:
    raise ValueError('The train strategy should be either steps or epoch.')

print('\n\n+++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++\n')
print('ARGUMENTS OF INTEREST:')
print(vars(args))
print('\n+++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++\n\n')

gradient_checkpointing = True
do_lower_case = False
do_remove_punctuation = False
punctuation_to_remove_regex = f"[{re.escape(string.punctuation)}]"

processor = WhisperProcessor.from_pretrained(args.model_name, language=args.language, task="transcribe")
model = WhisperForConditionalGeneration.from_pretrained(args.model_name)

if gradient_checkpointing:
    model.config.use_cache = False
model.config.forced_decoder_ids = None
model.config.suppress_tokens = None


def clean(transcription):
    if do_lower_case:
        transcription = transcription.lower()
    if do_remove_punctuation:
        transcription = re.sub(punctuation_to_remove_regex, " ", transcription).strip()
    return transcription


def synthetic_dialogues(files, number):
    rng = np.random.default_rng(len(files))
    lengths = rng.integers(5, 25, number)
    return [{"input_length": int(n) * args.sampling_rate // 4, "text": clean("từ " * int(n))} for n in lengths]


print('DATASET PREPARATION IN PROGRESS...')
raw_dataset = {
    "train": synthetic_dialogues(args.train_datasets, 9600),
    "eval": synthetic_dialogues(args.eval_datasets, 400),
}
print('DATASET PREPARATION COMPLETED')


def compute_metrics(dataset, error):
    words = sum(len(row["text"].split()) for row in dataset)
    return {"wer": 100 * (error * words) / words}


if args.train_strategy == 'epoch':
    training_args = Seq2SeqTrainingArguments(
        output_dir=args.output_dir,
        per_device_train_batch_size=args.train_batchsize,
        gradient_accumulation_steps=1,
        learning_rate=args.learning_rate,
        warmup_steps=args.warmup,
        fp16=True,
        eval_strategy="steps",
        eval_steps=500,
        num_train_epochs=args.num_epochs,
        save_total_limit=10,
        per_device_eval_batch_size=args.eval_batchsize,
        predict_with_generate=True,
        generation_max_length=225,
        logging_steps=500,
        report_to=["tensorboard"],
        metric_for_best_model="wer",
        greater_is_better=False,
    )

elif args.train_strategy == 'steps':
    training_args = Seq2SeqTrainingArguments(
        output_dir=args.output_dir,
        per_device_train_batch_size=args.train_batchsize,
        gradient_accumulation_steps=1,
        learning_rate=args.learning_rate,
        warmup_steps=args.warmup,
        fp16=True,
        eval_strategy="steps",
        eval_steps=1000,
        max_steps=args.num_steps,
        save_total_limit=10,
        per_device_eval_batch_size=args.eval_batchsize,
        predict_with_generate=True,
        generation_max_length=225,
        logging_steps=250,
        report_to=["tensorboard"],
        metric_for_best_model="wer",
        greater_is_better=False,
    )

trainer = Seq2SeqTrainer(
    args=training_args,
    model=model,
    train_dataset=raw_dataset["train"],
    eval_dataset=raw_dataset["eval"],
    compute_metrics=compute_metrics,
    processing_class=processor,
)

processor.save_pretrained(training_args.output_dir)

print('TRAINING IN PROGRESS...')
trainer.train()
print('DONE TRAINING')
trainer.evaluate()
