import argparse
import json
import logging
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

logging.basicConfig(level=logging.INFO, format="[%(asctime)s] [%(levelname)s] %(message)s")
logger = logging.getLogger("distill")


class SST2(Dataset):
    def __init__(self, split, size):
        self.tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
        self.split, self.size = split, size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return {**self.tokenizer(f"review {i}"), "labels": i % 2}


class DistillationLoss(nn.Module):
    """alpha * T^2 * KL(student || teacher) + (1 - alpha) * CE"""

    def __init__(self, temperature, alpha):
        super().__init__()
        self.T, self.alpha = temperature, alpha

    def forward(self, student_logits, teacher_logits, labels):
        soft = F.kl_div(F.log_softmax(student_logits / self.T, dim=-1), F.softmax(teacher_logits / self.T, dim=-1), reduction="batchmean")
        hard = F.cross_entropy(student_logits, labels)
        return self.alpha * soft * self.T**2 + (1 - self.alpha) * hard


def evaluate(model, loader, device):
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for batch in loader:
            logits = model(batch["input_ids"].to(device), batch["attention_mask"].to(device)).logits
            correct += (logits.argmax(dim=-1) == batch["labels"].to(device)).sum().item()
            total += len(batch["labels"])
    return correct / total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--teacher", default="textattack/bert-base-uncased-SST-2")
    parser.add_argument("--student", default="google/bert_uncased_L-4_H-256_A-4")
    parser.add_argument("--temperature", "-T", type=float, default=2.0, help="softmax temperature")
    parser.add_argument("--alpha", type=float, default=0.5, help="weight of the soft loss")
    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--weight_decay", type=float, default=0.01)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--num_epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output_dir", default="student")
    args = parser.parse_args()

    set_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    logger.info("args: %s", json.dumps(vars(args)))
    teacher = AutoModelForSequenceClassification.from_pretrained(args.teacher).to(device).eval()
    student = AutoModelForSequenceClassification.from_pretrained(args.student).to(device)
    logger.info("student parameters: %.1fM", student.num_parameters() / 1e6)

    train_loader = DataLoader(SST2("train", 640), batch_size=args.batch_size, shuffle=True)
    dev_loader = DataLoader(SST2("validation", 128), batch_size=64)
    criterion = DistillationLoss(args.temperature, args.alpha)
    optimizer = torch.optim.AdamW(student.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay)

    best = 0.0
    for epoch in range(args.num_epochs):
        student.train()
        running = 0.0
        for batch in train_loader:
            with torch.no_grad():
                teacher_logits = teacher(batch["input_ids"], batch["attention_mask"]).logits
            student_logits = student(batch["input_ids"], batch["attention_mask"]).logits
            loss = criterion(student_logits, teacher_logits, batch["labels"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()
        dev_acc = evaluate(student, dev_loader, device)
        logger.info("Epoch [%d/%d] train_loss=%.4f dev_acc=%.4f", epoch + 1, args.num_epochs, running / len(train_loader), dev_acc)
        if dev_acc > best:
            best = dev_acc
            os.makedirs(args.output_dir, exist_ok=True)
            student.save_pretrained(args.output_dir)
            logger.info("saved new best student (dev_acc=%.4f)", best)
    logger.info("finished, best dev_acc=%.4f", best)


if __name__ == "__main__":
    main()
