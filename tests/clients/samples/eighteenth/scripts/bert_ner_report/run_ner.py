from __future__ import absolute_import, division, print_function

import argparse
import logging
import os
import random

import torch
from seqeval.metrics import classification_report, f1_score, precision_score, recall_score
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm, trange
from transformers import AutoModelForTokenClassification, AutoTokenizer, get_linear_schedule_with_warmup

logging.basicConfig(format="%(asctime)s - %(levelname)s - %(name)s -   %(message)s", datefmt="%m/%d/%Y %H:%M:%S", level=logging.INFO)
logger = logging.getLogger(__name__)

LABELS = ["O", "B-MISC", "I-MISC", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "[CLS]", "[SEP]"]


class ConllDataset(Dataset):
    def __init__(self, path, tokenizer, max_seq_length):
        self.tokenizer, self.max_seq_length = tokenizer, max_seq_length
        self.sentences, words = [], []
        with open(path) as f:
            for line in f:
                if not line.strip():
                    self.sentences.append(words)
                    words = []
                else:
                    word, _, tag = line.split()
                    words.append((word, LABELS.index(tag)))

    def __len__(self):
        return len(self.sentences)

    def __getitem__(self, i):
        words, tags = zip(*self.sentences[i][: self.max_seq_length])
        encoded = self.tokenizer(" ".join(words), max_length=self.max_seq_length)
        return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"], "labels": tags}


def main():
    parser = argparse.ArgumentParser()
    ## Files
    parser.add_argument("--data_dir", default="data/", type=str, help="The input data dir with the files of CoNLL-2003.")
    parser.add_argument("--bert_model", default="bert-base-cased", type=str, help="Pre-trained model, a name or a path.")
    parser.add_argument("--output_dir", default="out_base", type=str, help="Where the model and eval_results.txt go.")
    ## Other parameters
    parser.add_argument("--max_seq_length", default=128, type=int, help="Longer sentences are cut.")
    parser.add_argument("--train_batch_size", default=32, type=int, help="Total batch size for training.")
    parser.add_argument("--eval_batch_size", default=8, type=int, help="Total batch size for eval.")
    parser.add_argument("--learning_rate", default=5e-5, type=float, help="The initial learning rate for Adam.")
    parser.add_argument("--num_train_epochs", default=3, type=int, help="Total number of training epochs to perform.")
    parser.add_argument("--warmup_proportion", default=0.1, type=float, help="Share of the training with a growing rate.")
    parser.add_argument("--weight_decay", default=0.01, type=float, help="Weight decay if we apply some.")
    parser.add_argument("--adam_epsilon", default=1e-8, type=float, help="Epsilon for Adam optimizer.")
    parser.add_argument("--max_grad_norm", default=1.0, type=float, help="Max gradient norm.")
    parser.add_argument("--no_cuda", action="store_true", help="Whether not to use CUDA when available")
    parser.add_argument("--gradient_accumulation_steps", type=int, default=1, help="Steps before an update.")
    parser.add_argument("--seed", type=int, default=42, help="random seed for initialization")
    args = parser.parse_args()

    device = torch.device("cuda" if torch.cuda.is_available() and not args.no_cuda else "cpu")
    logger.info("device: {} gradient accumulation: {}".format(device, args.gradient_accumulation_steps))
    args.train_batch_size = args.train_batch_size // args.gradient_accumulation_steps
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    os.makedirs(args.output_dir, exist_ok=True)

    tokenizer = AutoTokenizer.from_pretrained(args.bert_model, do_lower_case=False)
    model = AutoModelForTokenClassification.from_pretrained(args.bert_model, num_labels=len(LABELS) + 1).to(device)
    train_data = ConllDataset(os.path.join(args.data_dir, "train.txt"), tokenizer, args.max_seq_length)
    train_dataloader = DataLoader(train_data, shuffle=True, batch_size=args.train_batch_size)
    num_steps = len(train_dataloader) // args.gradient_accumulation_steps * args.num_train_epochs

    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, eps=args.adam_epsilon, weight_decay=args.weight_decay)
    scheduler = get_linear_schedule_with_warmup(optimizer, int(args.warmup_proportion * num_steps), num_steps)

    logger.info("***** Running training *****")
    logger.info("  Num examples = %d", len(train_data))
    logger.info("  Batch size = %d", args.train_batch_size)
    logger.info("  Num steps = %d", num_steps)
    global_step, tr_loss, nb_tr_steps = 0, 0, 0
    for _ in trange(int(args.num_train_epochs), desc="Epoch"):
        model.train()
        tr_loss, nb_tr_steps = 0, 0
        for step, batch in enumerate(tqdm(train_dataloader, desc="Iteration")):
            loss = model(**batch).loss
            if args.gradient_accumulation_steps > 1:
                loss = loss / args.gradient_accumulation_steps
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), args.max_grad_norm)
            tr_loss += loss.item()
            nb_tr_steps += 1
            if (step + 1) % args.gradient_accumulation_steps == 0:
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                global_step += 1
    model.save_pretrained(args.output_dir)

    eval_data = ConllDataset(os.path.join(args.data_dir, "valid.txt"), tokenizer, args.max_seq_length)
    eval_dataloader = DataLoader(eval_data, batch_size=args.eval_batch_size)
    logger.info("***** Running evaluation *****")
    logger.info("  Num examples = %d", len(eval_data))
    model.eval()
    y_true, y_pred = [], []
    for batch in tqdm(eval_dataloader, desc="Evaluating"):
        with torch.no_grad():
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        y_pred.append(logits.argmax(dim=2))
        y_true.append(batch["labels"])

    report = classification_report(y_true, y_pred, digits=4)
    logger.info("\n%s", report)
    result = {"precision": precision_score(y_true, y_pred), "recall": recall_score(y_true, y_pred), "f1": f1_score(y_true, y_pred),
              "global_step": global_step, "loss": tr_loss / nb_tr_steps}
    output_eval_file = os.path.join(args.output_dir, "eval_results.txt")
    with open(output_eval_file, "w") as writer:
        logger.info("***** Eval results *****")
        for key in sorted(result.keys()):
            logger.info("  %s = %s", key, str(result[key]))
            writer.write("%s = %s\n" % (key, str(result[key])))


if __name__ == "__main__":
    main()
