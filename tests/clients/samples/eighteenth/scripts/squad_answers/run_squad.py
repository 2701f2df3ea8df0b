""" Finetuning for question answering on SQuAD."""
import argparse
import json
import logging
import os
import random

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, get_linear_schedule_with_warmup

from squad_metrics import compute_scores

logger = logging.getLogger(__name__)


class SquadDataset(Dataset):
    def __init__(self, path, tokenizer, max_seq_length, doc_stride, max_query_length):
        with open(path) as f:
            articles = json.load(f)["data"]
        self.examples = [
            (qa["question"][:max_query_length], paragraph["context"], qa["answers"][0])
            for article in articles for paragraph in article["paragraphs"] for qa in paragraph["qas"]
        ]
        self.tokenizer, self.max_seq_length, self.doc_stride = tokenizer, max_seq_length, doc_stride

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, i):
        question, context, answer = self.examples[i]
        encoded = self.tokenizer(question, text_pair=context, max_length=self.max_seq_length, stride=self.doc_stride)
        return {**encoded, "start_positions": answer["answer_start"], "end_positions": answer["answer_start"] + len(answer["text"])}


def train(args, train_dataset, model):
    train_dataloader = DataLoader(train_dataset, shuffle=True, batch_size=args.per_gpu_train_batch_size)
    t_total = len(train_dataloader) // args.gradient_accumulation_steps * args.num_train_epochs
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, eps=args.adam_epsilon, weight_decay=args.weight_decay)
    scheduler = get_linear_schedule_with_warmup(optimizer, num_warmup_steps=args.warmup_steps, num_training_steps=t_total)

    logger.info("***** Running training *****")
    logger.info("  Num examples = %d", len(train_dataset))
    logger.info("  Num Epochs = %d", args.num_train_epochs)
    logger.info("  Total optimization steps = %d", t_total)
    global_step, tr_loss, logging_loss = 0, 0.0, 0.0
    for _ in range(int(args.num_train_epochs)):
        for step, batch in enumerate(train_dataloader):
            model.train()
            loss = model(**batch).loss
            if args.gradient_accumulation_steps > 1:
                loss = loss / args.gradient_accumulation_steps
            loss.backward()
            tr_loss += loss.item()
            if (step + 1) % args.gradient_accumulation_steps == 0:
                torch.nn.utils.clip_grad_norm_(model.parameters(), args.max_grad_norm)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                global_step += 1
                if args.logging_steps > 0 and global_step % args.logging_steps == 0:
                    logger.info("step %d: loss = %.4f", global_step, (tr_loss - logging_loss) / args.logging_steps)
                    logging_loss = tr_loss
    return global_step, tr_loss / max(1, global_step)


def evaluate(args, dataset, model):
    logger.info("***** Running evaluation *****")
    model.eval()
    starts, ends = [], []
    for batch in DataLoader(dataset, batch_size=args.per_gpu_eval_batch_size):
        with torch.no_grad():
            outputs = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        starts.append(outputs.start_logits)
        ends.append(outputs.end_logits)
    return compute_scores(starts, ends, dataset.examples)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_name_or_path", default="bert-base-uncased", type=str, help="Path to a pre-trained model")
    parser.add_argument("--output_dir", default="out_squad", type=str, help="Where the model and its predictions go.")
    parser.add_argument("--train_file", default="data/train-v1.1.json", type=str)
    parser.add_argument("--predict_file", default="data/dev-v1.1.json", type=str)
    parser.add_argument("--max_seq_length", default=384, type=int, help="Total length after tokenization.")
    parser.add_argument("--doc_stride", default=128, type=int, help="Stride between the chunks of a long document.")
    parser.add_argument("--max_query_length", default=64, type=int)
    parser.add_argument("--per_gpu_train_batch_size", default=8, type=int, help="Batch size per GPU/CPU for training.")
    parser.add_argument("--per_gpu_eval_batch_size", default=8, type=int, help="Batch size per GPU/CPU for evaluation.")
    parser.add_argument("--learning_rate", default=5e-5, type=float, help="The initial learning rate for Adam.")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
    parser.add_argument("--weight_decay", default=0.0, type=float, help="Weight decay if we apply some.")
    parser.add_argument("--adam_epsilon", default=1e-8, type=float, help="Epsilon for Adam optimizer.")
    parser.add_argument("--max_grad_norm", default=1.0, type=float, help="Max gradient norm.")
    parser.add_argument("--num_train_epochs", default=3, type=int, help="Total number of training epochs to perform.")
    parser.add_argument("--warmup_steps", default=0, type=int, help="Linear warmup over warmup_steps.")
    parser.add_argument("--logging_steps", type=int, default=10, help="Log every X updates steps.")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()

    logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s -   %(message)s", datefmt="%m/%d/%Y %H:%M:%S", level=logging.INFO)
    random.seed(args.seed)
    torch.manual_seed(args.seed)

    tokenizer = AutoTokenizer.from_pretrained(args.model_name_or_path)
    model = AutoModelForQuestionAnswering.from_pretrained(args.model_name_or_path)
    logger.info("Training/evaluation parameters %s", args)

    lengths = args.max_seq_length, args.doc_stride, args.max_query_length
    global_step, tr_loss = train(args, SquadDataset(args.train_file, tokenizer, *lengths), model)
    logger.info(" global_step = %s, average loss = %s", global_step, tr_loss)

    os.makedirs(args.output_dir, exist_ok=True)
    model.save_pretrained(args.output_dir)
    tokenizer.save_pretrained(args.output_dir)
    torch.save(args, os.path.join(args.output_dir, "training_args.bin"))

    results = evaluate(args, SquadDataset(args.predict_file, tokenizer, *lengths), model)
    logger.info("Results: {}".format(results))
    with open(os.path.join(args.output_dir, "results.json"), "w") as f:
        json.dump(results, f)


if __name__ == "__main__":
    main()
