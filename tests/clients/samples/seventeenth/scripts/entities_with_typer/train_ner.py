from pathlib import Path

import torch
import typer
from rich.console import Console
from rich.table import Table
from seqeval.metrics import f1_score, precision_score, recall_score
from torch.utils.data import DataLoader, Dataset
from transformers import AutoModelForTokenClassification, AutoTokenizer, get_linear_schedule_with_warmup, set_seed
from typing_extensions import Annotated

app = typer.Typer()
console = Console()

LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]


class ConllDataset(Dataset):
    def __init__(self, path: Path, tokenizer):
        self.sentences = [block.split("\n") for block in path.read_text().strip().split("\n\n")]
        self.tokenizer = tokenizer

    def __len__(self):
        return len(self.sentences)

    def __getitem__(self, idx):
        words = [line.split()[0] for line in self.sentences[idx]]
        enc = self.tokenizer(words, is_split_into_words=True)
        return {"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"], "labels": enc["input_ids"]}


def evaluate(model, loader):
    model.eval()
    losses, y_true, y_pred = [], [], []
    with torch.no_grad():
        for batch in loader:
            out = model(**batch)
            losses.append(out.loss.item())
            y_pred.append(out.logits.argmax(-1))
            y_true.append(batch["labels"])
    return {
        "loss": sum(losses) / len(losses),
        "precision": precision_score(y_true, y_pred),
        "recall": recall_score(y_true, y_pred),
        "f1": f1_score(y_true, y_pred),
    }


@app.command()
def main(
    data_dir: Annotated[Path, typer.Option(help="Folder with train.txt and dev.txt")] = Path("data"),
    output_dir: Annotated[Path, typer.Option(help="Where to save the model")] = Path("models/ner"),
    model_name: str = "distilbert-base-cased",
    epochs: Annotated[int, typer.Option(help="Number of epochs")] = 3,
    batch_size: int = 16,
    learning_rate: Annotated[float, typer.Option("--learning-rate", "--lr")] = 3e-5,
    weight_decay: float = 0.01,
    warmup_proportion: float = 0.1,
    seed: int = 42,
):
    """Fine-tune a transformer for named entity recognition."""
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    train_loader = DataLoader(ConllDataset(data_dir / "train.txt", tokenizer), batch_size=batch_size, shuffle=True)
    dev_loader = DataLoader(ConllDataset(data_dir / "dev.txt", tokenizer), batch_size=batch_size)
    model = AutoModelForTokenClassification.from_pretrained(model_name, num_labels=len(LABELS))
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    total = epochs * len(train_loader)
    scheduler = get_linear_schedule_with_warmup(optimizer, warmup_proportion * total, total)

    best_f1 = 0.0
    for epoch in range(1, epochs + 1):
        model.train()
        train_loss = 0.0
        for batch in train_loader:
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            train_loss += loss.item()
        metrics = evaluate(model, dev_loader)

        table = Table(title=f"Epoch {epoch}/{epochs}")
        for column in ("train loss", "dev loss", "precision", "recall", "f1"):
            table.add_column(column, justify="right")
        table.add_row(
            f"{train_loss / len(train_loader):.4f}",
            f"{metrics['loss']:.4f}",
            f"{metrics['precision']:.4f}",
            f"{metrics['recall']:.4f}",
            f"{metrics['f1']:.4f}",
        )
        console.print(table)
        if metrics["f1"] > best_f1:
            best_f1 = metrics["f1"]
            output_dir.mkdir(parents=True, exist_ok=True)
            model.save_pretrained(output_dir)
    console.print(f"[bold green]Best F1: {best_f1:.4f}[/bold green]")


if __name__ == "__main__":
    app()
