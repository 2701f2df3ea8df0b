import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_linear_schedule_with_warmup

from adapters import add_adapters

console = Console()


class Topics(Dataset):
    def __init__(self, path, tokenizer, max_length):
        self.rows = [line.split("\t") for line in Path(path).read_text().splitlines()]
        self.tokenizer, self.max_length = tokenizer, max_length

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        label, text = self.rows[i]
        enc = self.tokenizer(text, truncation=True, max_length=self.max_length, padding="max_length")
        return {"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"], "labels": int(label)}


def parse():
    parser = argparse.ArgumentParser(description="Adapters for text classification")
    data = parser.add_argument_group("data")
    data.add_argument("--data_dir", type=str, default="data")
    data.add_argument("--max_length", type=int, default=128)
    model = parser.add_argument_group("model")
    model.add_argument("--model_name", type=str, default="roberta-base")
    model.add_argument("--adapter_size", type=int, default=64, help="width of the bottleneck")
    model.add_argument("--adapter_dropout", type=float, default=0.1)
    train = parser.add_argument_group("training")
    train.add_argument("--batch_size", type=int, default=32)
    train.add_argument("--learning_rate", type=float, default=1e-4)
    train.add_argument("--weight_decay", type=float, default=0.0)
    train.add_argument("--num_epochs", type=int, default=4)
    train.add_argument("--warmup_ratio", type=float, default=0.06)
    train.add_argument("--out", type=str, default="runs/adapter", help="folder of the best adapter")
    train.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def run_epoch(model, loader, progress, title, optimizer=None, scheduler=None):
    model.train(optimizer is not None)
    task = progress.add_task(title, total=len(loader))
    loss_sum, correct, seen = 0.0, 0, 0
    for batch in loader:
        out = model(**batch)
        if optimizer is not None:
            out.loss.backward()
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        loss_sum += out.loss.item() * len(batch["labels"])
        correct += (out.logits.argmax(-1) == batch["labels"]).sum().item()
        seen += len(batch["labels"])
        progress.update(task, advance=1)
    progress.remove_task(task)
    return loss_sum / seen, correct / seen


def main():
    args = parse()
    torch.manual_seed(args.seed)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)

    tokenizer = AutoTokenizer.from_pretrained(args.model_name)
    train_loader = DataLoader(Topics(f"{args.data_dir}/train.tsv", tokenizer, args.max_length), batch_size=args.batch_size, shuffle=True)
    val_loader = DataLoader(Topics(f"{args.data_dir}/val.tsv", tokenizer, args.max_length), batch_size=args.batch_size)

    model = AutoModelForSequenceClassification.from_pretrained(args.model_name, num_labels=4)
    trainable = add_adapters(model, args.adapter_size, args.adapter_dropout)
    console.print(f"[bold]{args.model_name}[/bold]: {trainable:,} trainable parameters in adapters")

    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay)
    steps = len(train_loader) * args.num_epochs
    scheduler = get_linear_schedule_with_warmup(optimizer, int(steps * args.warmup_ratio), steps)

    best_acc, rows = 0.0, []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        for epoch in range(1, args.num_epochs + 1):
            train_loss, train_acc = run_epoch(model, train_loader, progress, f"epoch {epoch}", optimizer, scheduler)
            with torch.no_grad():
                val_loss, val_acc = run_epoch(model, val_loader, progress, "validation")
            console.log(f"epoch {epoch}/{args.num_epochs}  train_loss={train_loss:.4f}  train_acc={train_acc:.4f}  "
                        f"val_loss={val_loss:.4f}  val_acc={val_acc:.4f}")
            rows.append((epoch, train_loss, val_loss, val_acc))
            if val_acc > best_acc:
                best_acc = val_acc
                torch.save(model.state_dict(), out / "adapter.pt")

    table = Table(title="Training")
    for name in ("Epoch", "Train loss", "Val loss", "Val acc"):
        table.add_column(name, justify="right")
    for epoch, *numbers in rows:
        table.add_row(str(epoch), *(f"{number:.4f}" for number in numbers))
    console.print(table)
    console.print(f"Best validation accuracy: [green]{best_acc:.4f}[/green]")


if __name__ == "__main__":
    main()
