import os
import time

import click
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset


class Reviews(Dataset):
    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, i):
        return [i % 97] * 20, i % 2


class RNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers, dropout):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=True, dropout=dropout)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text):
        embedded = self.dropout(self.embedding(text))
        output = self.rnn(embedded)
        return self.fc(self.dropout(output))


def binary_accuracy(preds, y):
    rounded_preds = torch.round(torch.sigmoid(preds))
    correct = (rounded_preds == y).float()
    return correct.sum() / len(y)


def train(model, iterator, optimizer, criterion):
    epoch_loss, epoch_acc = 0, 0
    model.train()
    for text, label in iterator:
        optimizer.zero_grad()
        predictions = model(text).squeeze(1)
        loss = criterion(predictions, label)
        acc = binary_accuracy(predictions, label)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
        epoch_acc += acc.item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)


def evaluate(model, iterator, criterion):
    epoch_loss, epoch_acc = 0, 0
    model.eval()
    with torch.no_grad():
        for text, label in iterator:
            predictions = model(text).squeeze(1)
            epoch_loss += criterion(predictions, label).item()
            epoch_acc += binary_accuracy(predictions, label).item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)


def epoch_time(start_time, end_time):
    elapsed = end_time - start_time
    return int(elapsed / 60), int(elapsed - int(elapsed / 60) * 60)


@click.command()
@click.option("--embedding-dim", default=100, show_default=True, help="Size of the word vectors.")
@click.option("--hidden-dim", default=256, show_default=True, help="Hidden size of the LSTM.")
@click.option("--n-layers", default=2, show_default=True)
@click.option("--dropout", default=0.5, show_default=True)
@click.option("--batch-size", default=64, show_default=True)
@click.option("--lr", default=1e-3, show_default=True, help="Learning rate.")
@click.option("--n-epochs", default=5, show_default=True)
@click.option("--seed", default=1234, show_default=True)
@click.option("--save-path", default="tut2-model.pt", type=click.Path(), show_default=True)
def main(embedding_dim, hidden_dim, n_layers, dropout, batch_size, lr, n_epochs, seed, save_path):
    """Sentiment analysis of movie reviews with a bidirectional LSTM."""
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_iterator = DataLoader(Reviews(1280), batch_size=batch_size, shuffle=True)
    valid_iterator = DataLoader(Reviews(256), batch_size=batch_size)
    test_iterator = DataLoader(Reviews(256), batch_size=batch_size)

    model = RNN(25_002, embedding_dim, hidden_dim, 1, n_layers, dropout).to(device)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    criterion = nn.BCEWithLogitsLoss()

    best_valid_loss = float("inf")
    for epoch in range(n_epochs):
        start_time = time.time()
        train_loss, train_acc = train(model, train_iterator, optimizer, criterion)
        valid_loss, valid_acc = evaluate(model, valid_iterator, criterion)
        epoch_mins, epoch_secs = epoch_time(start_time, time.time())
        if valid_loss < best_valid_loss:
            best_valid_loss = valid_loss
            torch.save(model.state_dict(), save_path)
        print(f"Epoch: {epoch + 1:02} | Epoch Time: {epoch_mins}m {epoch_secs}s")
        print(f"\tTrain Loss: {train_loss:.3f} | Train Acc: {train_acc * 100:.2f}%")
        print(f"\t Val. Loss: {valid_loss:.3f} |  Val. Acc: {valid_acc * 100:.2f}%")

    model.load_state_dict(torch.load(save_path))
    test_loss, test_acc = evaluate(model, test_iterator, criterion)
    print(f"Test Loss: {test_loss:.3f} | Test Acc: {test_acc * 100:.2f}%")


if __name__ == "__main__":
    main()
