import argparse
import logging
import os
import sys
import time
from os.path import join

import torch
from dataset import TestDataset, TrainDataset, spearman
from model import SimcseModel, simcse_unsup_loss
from torch.utils.data import DataLoader
from tqdm import tqdm

logger = logging.getLogger("simcse")


def seed_everything(seed=42):
    os.environ["PYTHONHASHSEED"] = str(seed)
    torch.manual_seed(seed)


def train(model, train_loader, dev_loader, optimizer, args):
    logger.info("start training")
    model.train()
    device = args.device
    best = 0
    for epoch in range(args.epochs):
        for batch_idx, data in enumerate(tqdm(train_loader)):
            step = epoch * len(train_loader) + batch_idx
            input_ids, attention_mask = data[0].to(device), data[1].to(device)
            out = model(input_ids, attention_mask)
            loss = simcse_unsup_loss(out, device, args.temperature)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1

            if step % args.eval_step == 0:
                corrcoef = evaluate(model, dev_loader, device)
                logger.info("loss:{}, corrcoef: {} in step {} epoch {}".format(loss.item(), corrcoef, step, epoch))
                model.train()
                if best < corrcoef:
                    best = corrcoef
                    torch.save(model.state_dict(), join(args.output_path, "simcse.pt"))
                    logger.info("higher corrcoef: {} in step {} epoch {}, save model".format(best, step, epoch))


def evaluate(model, dataloader, device):
    model.eval()
    sims, labels = [], []
    with torch.no_grad():
        for source, label in dataloader:
            pred = model(source.to(device), source.to(device))
            sims.append(torch.cosine_similarity(pred, pred))
            labels.append(label)
    return spearman(sims, labels)


def main(args):
    args.output_path = join(args.output_path, "unsup", "bsz-{}-lr-{}-dropout-{}".format(args.batch_size_train, args.lr, args.dropout))
    os.makedirs(args.output_path, exist_ok=True)
    cur_time = time.strftime("%Y%m%d%H%M%S", time.localtime())
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s | %(levelname)s | %(message)s",
        handlers=[logging.StreamHandler(sys.stdout), logging.FileHandler(join(args.output_path, f"train-{cur_time}.log"))],
    )
    logger.info(args)
    seed_everything(args.seed)
    args.device = torch.device("cuda" if torch.cuda.is_available() and args.device == "gpu" else "cpu")

    model = SimcseModel(args.pretrain_model_path, args.pooler, args.dropout).to(args.device)
    train_loader = DataLoader(TrainDataset(args.train_file), batch_size=args.batch_size_train, shuffle=True)
    dev_loader = DataLoader(TestDataset(args.dev_file), batch_size=args.batch_size_eval)
    test_loader = DataLoader(TestDataset(args.test_file), batch_size=args.batch_size_eval)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    train(model, train_loader, dev_loader, optimizer, args)

    model.load_state_dict(torch.load(join(args.output_path, "simcse.pt")))
    corrcoef = evaluate(model, test_loader, args.device)
    logger.info("test corrcoef: {}".format(corrcoef))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", type=str, default="gpu", help="gpu or cpu")
    parser.add_argument("--output_path", type=str, default="output")
    parser.add_argument("--lr", type=float, default=3e-5)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch_size_train", type=int, default=64)
    parser.add_argument("--batch_size_eval", type=int, default=256)
    parser.add_argument("--temperature", type=float, default=0.05)
    parser.add_argument("--eval_step", type=int, default=20, help="every eval_step to evaluate model")
    parser.add_argument("--max_len", type=int, default=64, help="max length of input")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--train_file", type=str, default="data/wiki1m.txt")
    parser.add_argument("--dev_file", type=str, default="data/stsbenchmark/sts-dev.csv")
    parser.add_argument("--test_file", type=str, default="data/stsbenchmark/sts-test.csv")
    parser.add_argument("--pretrain_model_path", type=str, default="bert-base-uncased")
    parser.add_argument("--pooler", type=str, choices=["cls", "pooler", "last-avg", "first-last-avg"], default="cls")
    main(parser.parse_args())
