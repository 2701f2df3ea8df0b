"""Fine-tune a ViT on a folder of images."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn as nn
import torchvision
import tyro
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from torchvision import transforms


@dataclass
class Args:
    data_dir: Path = Path("data/beans")
    """folder with the subfolders train and val"""
    exp_name: str = "vit_beans"
    """the name of this experiment"""
    seed: int = 1
    """seed of the experiment"""
    epochs: int = 4
    """number of passes over the data"""
    batch_size: int = 32
    """the batch size"""
    lr: float = 1e-4
    """the learning rate of the optimizer"""
    weight_decay: float = 0.01
    """decoupled weight decay"""
    label_smoothing: float = 0.1
    """amount of label smoothing"""
    optimizer: Literal["adamw", "sgd"] = "adamw"
    """which optimizer to use"""
    freeze_backbone: bool = False
    """train only the head"""


def build_loaders(args: Args):
    tf = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
    train_ds = torchvision.datasets.ImageFolder(args.data_dir / "train", transform=tf)
    val_ds = torchvision.datasets.ImageFolder(args.data_dir / "val", transform=tf)
    train_loader = DataLoader(train_ds, batch_size=args.batch_size, shuffle=True, num_workers=2)
    val_loader = DataLoader(val_ds, batch_size=args.batch_size, num_workers=2)
    return train_loader, val_loader, len(train_ds.classes)


def main(args: Args) -> None:
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run_name = f"{args.exp_name}__{args.seed}"
    writer = SummaryWriter(f"runs/{run_name}")
    writer.add_text("hyperparameters", "\n".join(f"{k}: {v}" for k, v in dataclasses.asdict(args).items()))

    train_loader, val_loader, num_classes = build_loaders(args)
    model = torchvision.models.vit_b_16(weights="DEFAULT")
    model.heads.head = nn.Linear(model.heads.head.in_features, num_classes)
    if args.freeze_backbone:
        for name, p in model.named_parameters():
            p.requires_grad_(name.startswith("heads"))
    model = model.to(device)

    opt_cls = torch.optim.AdamW if args.optimizer == "adamw" else torch.optim.SGD
    optimizer = opt_cls(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    criterion = nn.CrossEntropyLoss(label_smoothing=args.label_smoothing)

    global_step = 0
    for epoch in range(args.epochs):
        model.train()
        for images, labels in train_loader:
            images, labels = images.to(device), labels.to(device)
            loss = criterion(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            global_step += 1
            if global_step % 10 == 0:
                writer.add_scalar("train/loss", loss.item(), global_step)

        model.eval()
        val_loss, correct, count = 0.0, 0, 0
        with torch.no_grad():
            for images, labels in val_loader:
                logits = model(images.to(device))
                val_loss += criterion(logits, labels).item() * len(labels)
                correct += (logits.argmax(1) == labels).sum().item()
                count += len(labels)
        writer.add_scalar("val/loss", val_loss / count, global_step)
        writer.add_scalar("val/accuracy", correct / count, global_step)
        print(f"epoch={epoch} step={global_step} val_loss={val_loss / count:.4f} val_acc={correct / count:.4f}")

    torch.save(model.state_dict(), f"runs/{run_name}/model.pt")
    writer.close()


if __name__ == "__main__":
    main(tyro.cli(Args))
