import argparse
import os
import time

import torch
from tabulate import tabulate
from torch import nn
from torch.utils.data import DataLoader, Dataset

from metrics import CLASSES, SegmentationMetric
from model import DeepLab


class Cityscapes(Dataset):
    """Pairs of an image and its mask; only the lists are read here."""

    def __init__(self, root, split, crop_size):
        self.size, self.crop_size = {"train": 240, "val": 40}[split], crop_size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return [0.0] * 3, [0]


def parse_args():
    parser = argparse.ArgumentParser(description="Semantic segmentation of streets")
    parser.add_argument("--data-root", default="datasets/cityscapes")
    parser.add_argument("--crop-size", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="input batch size for training (default: 8)")
    parser.add_argument("--epochs", type=int, default=6, metavar="N", help="number of epochs to train (default: 6)")
    parser.add_argument("--lr", type=float, default=0.01, metavar="LR", help="learning rate (default: 0.01)")
    parser.add_argument("--momentum", type=float, default=0.9, metavar="M", help="momentum (default: 0.9)")
    parser.add_argument("--weight-decay", type=float, default=1e-4, metavar="M", help="w-decay (default: 1e-4)")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--output-stride", type=int, default=16, choices=[8, 16])
    parser.add_argument("--no-cuda", action="store_true", default=False)
    parser.add_argument("--log-interval", type=int, default=10)
    parser.add_argument("--save-dir", default="./ckpt")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Trainer:
    def __init__(self, args):
        self.args = args
        self.device = torch.device("cuda" if torch.cuda.is_available() and not args.no_cuda else "cpu")
        self.train_loader = DataLoader(Cityscapes(args.data_root, "train", args.crop_size), batch_size=args.batch_size, shuffle=True, drop_last=True)
        self.val_loader = DataLoader(Cityscapes(args.data_root, "val", args.crop_size), batch_size=1)
        self.model = DeepLab(len(CLASSES), args.output_stride, args.dropout).to(self.device)
        self.criterion = nn.CrossEntropyLoss(ignore_index=255)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=args.lr, momentum=args.momentum, weight_decay=args.weight_decay)
        self.max_iters = args.epochs * len(self.train_loader)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda i: (1 - i / self.max_iters) ** 0.9)
        self.best_pred = 0.0

    def training(self, epoch):
        self.model.train()
        start = time.time()
        for i, (image, target) in enumerate(self.train_loader):
            output = self.model(image.to(self.device))
            loss = self.criterion(output, target.to(self.device))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
            if i % self.args.log_interval == 0:
                print("Epoch: {:d}/{:d} || Iters: {:d}/{:d} || Lr: {:.6f} || Loss: {:.4f} || Cost Time: {:.0f}s".format(
                    epoch, self.args.epochs, i, len(self.train_loader), self.scheduler.get_last_lr()[0], loss.item(), time.time() - start))

    def validation(self, epoch):
        self.model.eval()
        metric = SegmentationMetric(len(CLASSES))
        for image, target in self.val_loader:
            with torch.no_grad():
                metric.update(self.model(image.to(self.device)), target)
        scores = metric.scores()
        rows = [(name, f"{100 * iou:.2f}") for name, iou in zip(CLASSES, scores["iou"])]
        print(tabulate(rows, headers=["Class", "IoU"], tablefmt="github"))
        print("Validation: [Epoch: {:d}] pixAcc: {:.3f}, mIoU: {:.4f}".format(epoch, scores["pixel_acc"], scores["miou"]))
        if scores["miou"] > self.best_pred:
            self.best_pred = scores["miou"]
            torch.save(self.model.state_dict(), os.path.join(self.args.save_dir, "deeplab_best.pth"))


def main():
    args = parse_args()
    torch.manual_seed(args.seed)
    os.makedirs(args.save_dir, exist_ok=True)
    print(args)
    trainer = Trainer(args)
    print("Starting Epoch: 1, Total Epoches:", args.epochs)
    for epoch in range(1, args.epochs + 1):
        trainer.training(epoch)
        trainer.validation(epoch)
    print("Best mIoU: {:.4f}".format(trainer.best_pred))


if __name__ == "__main__":
    main()
