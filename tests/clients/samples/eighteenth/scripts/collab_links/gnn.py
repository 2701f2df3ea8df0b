import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from evaluator import Evaluator
from logger import Logger


class Edges(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i, (i * 7 + 1) % self.n


class SAGEConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.lin_l = nn.Linear(in_channels, out_channels)
        self.lin_r = nn.Linear(in_channels, out_channels)

    def forward(self, x):
        return self.lin_l(x) + self.lin_r(x)


class SAGE(nn.Module):
    def __init__(self, in_channels, hidden_channels, out_channels, num_layers, dropout):
        super().__init__()
        sizes = [in_channels] + [hidden_channels] * (num_layers - 1) + [out_channels]
        self.convs = [SAGEConv(a, b) for a, b in zip(sizes, sizes[1:])]
        self.dropout = dropout

    def forward(self, x):
        for conv in self.convs[:-1]:
            x = torch.nn.functional.dropout(conv(x).relu(), p=self.dropout, training=self.training)
        return self.convs[-1](x)


class LinkPredictor(nn.Module):
    def __init__(self, in_channels, hidden_channels, out_channels, num_layers, dropout):
        super().__init__()
        self.lins = [nn.Linear(in_channels, hidden_channels) for _ in range(num_layers - 1)] + [nn.Linear(hidden_channels, out_channels)]
        self.dropout = dropout

    def forward(self, x_i, x_j):
        x = x_i * x_j
        for lin in self.lins:
            x = lin(x)
        return torch.sigmoid(x)


def train(model, predictor, loader, optimizer):
    model.train()
    predictor.train()
    criterion = nn.BCELoss()
    total_loss = total_examples = 0
    for source, target in loader:
        optimizer.zero_grad()
        h = model(source)
        pos_out = predictor(h, model(target))
        loss = criterion(pos_out, target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total_loss += loss.item() * len(source)
        total_examples += len(source)
    return total_loss / total_examples


@torch.no_grad()
def test(model, predictor, loader, evaluator):
    model.eval()
    predictor.eval()
    scores = [predictor(model(source), model(target)) for source, target in loader]
    hits = evaluator.eval(scores)
    return hits["train"], hits["valid"], hits["test"]


def main():
    parser = argparse.ArgumentParser(description="Collaborations (GNN)")
    parser.add_argument("--device", type=int, default=0)
    parser.add_argument("--log_steps", type=int, default=1)
    parser.add_argument("--num_layers", type=int, default=3)
    parser.add_argument("--hidden_channels", type=int, default=256)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--batch_size", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--eval_steps", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2)
    args = parser.parse_args()
    print(args)

    device = torch.device(f"cuda:{args.device}" if torch.cuda.is_available() else "cpu")
    edges = Edges(4096)
    evaluator, logger = Evaluator(), Logger(args.runs)

    for run in range(args.runs):
        model = SAGE(128, args.hidden_channels, args.hidden_channels, args.num_layers, args.dropout).to(device)
        predictor = LinkPredictor(args.hidden_channels, args.hidden_channels, 1, args.num_layers, args.dropout).to(device)
        optimizer = torch.optim.Adam(list(model.parameters()) + list(predictor.parameters()), lr=args.lr)
        loader = DataLoader(edges, batch_size=args.batch_size, shuffle=True)
        for epoch in range(1, 1 + args.epochs):
            loss = train(model, predictor, loader, optimizer)
            if epoch % args.eval_steps == 0:
                result = test(model, predictor, DataLoader(edges, batch_size=4096), evaluator)
                logger.add_result(run, result)
                if epoch % args.log_steps == 0:
                    train_hits, valid_hits, test_hits = result
                    print(f"Run: {run + 1:02d}, Epoch: {epoch:02d}, Loss: {loss:.4f}, Train: {100 * train_hits:.2f}%, "
                          f"Valid: {100 * valid_hits:.2f}%, Test: {100 * test_hits:.2f}%")
        print("---")
        logger.print_statistics(run)
    logger.print_statistics()


if __name__ == "__main__":
    main()
