import argparse
from math import log10

from logger import Logger


class SAGE:
    def __init__(self, hidden, layers, dropout):
        self.hidden, self.layers, self.dropout = hidden, layers, dropout
        self.reset_parameters(0)

    def reset_parameters(self, run):
        self.updates, self.luck = 0, (0.0003, -0.0003)[run % 2]

    def train(self, lr):
        self.updates += 1
        return 3 * (1 - self.quality(lr))

    def quality(self, lr):
        q = 0.82 - 6 / self.hidden - abs(self.layers - 3) / 50 - abs(self.dropout - 0.35) / 8 - abs(log10(lr) + 2.3) / 12
        return q - 2 / (10 + self.updates) + self.luck


def test(model, lr):
    valid_acc = model.quality(lr)
    return valid_acc + 0.03, valid_acc, valid_acc - 0.11


def main():
    parser = argparse.ArgumentParser(description='OGBN-Products (GNN)')
    parser.add_argument('--device', type=int, default=0)
    parser.add_argument('--log_steps', type=int, default=1)
    parser.add_argument('--use_sage', action='store_true')
    parser.add_argument('--num_layers', type=int, default=3)
    parser.add_argument('--hidden_channels', type=int, default=256)
    parser.add_argument('--dropout', type=float, default=0.5)
    parser.add_argument('--lr', type=float, default=0.01)
    parser.add_argument('--epochs', type=int, default=60)
    parser.add_argument('--runs', type=int, default=2)
    args = parser.parse_args()
    print(args)

    model = SAGE(args.hidden_channels, args.num_layers, args.dropout)
    logger = Logger(args.runs)

    for run in range(args.runs):
        model.reset_parameters(run)
        for epoch in range(1, 1 + args.epochs):
            loss = model.train(args.lr)
            result = test(model, args.lr)
            logger.add_result(run, result)

            if epoch % args.log_steps == 0:
                train_acc, valid_acc, test_acc = result
                print(f'Run: {run + 1:02d}, '
                      f'Epoch: {epoch:02d}, '
                      f'Loss: {loss:.4f}, '
                      f'Train: {100 * train_acc:.2f}%, '
                      f'Valid: {100 * valid_acc:.2f}%, '
                      f'Test: {100 * test_acc:.2f}%')

        logger.print_statistics(run)
    logger.print_statistics()


if __name__ == "__main__":
    main()
