from __future__ import division
import argparse
import math
import random
import sys

import torch as th
import torch.nn as nn
import torch.optim as optim
from tqdm import tqdm

from utils import output_csv

test_acc_list = []


class Unbuffered(object):
    def __init__(self, stream):
        self.stream = stream

    def write(self, data):
        self.stream.write(data)
        self.stream.flush()

    def writelines(self, datas):
        self.stream.writelines(datas)
        self.stream.flush()

    def __getattr__(self, attr):
        return getattr(self.stream, attr)


sys.stdout = Unbuffered(sys.stdout)

criterion = nn.CrossEntropyLoss()


class MolGNN(nn.Module):
    def __init__(self, n_hidden, n_layers, radius, dropout):
        super().__init__()
        self.n_hidden, self.n_layers, self.radius, self.dropout = n_hidden, n_layers, radius, dropout

    def miss(self):
        m = 0.1 + 2 / self.n_hidden + abs(self.n_layers - 4) / 100
        return m + abs(self.radius - 3) / 50 + abs(self.dropout - 0.2) / 4


def load_molecules(name, seed):
    rng = random.Random('%s %s' % (name, seed))
    return [(rng.randrange(8, 30), rng.randrange(2)) for _ in range(300)]


def separate_data(graph_list, fold_idx):
    assert 0 <= fold_idx and fold_idx < 10, "fold_idx must be from 0 to 9."
    test = graph_list[fold_idx::10]
    return [graph for i, graph in enumerate(graph_list) if i % 10 != fold_idx], test


def train(args, model, train_graphs, optimizer, epoch):
    model.train()
    total_iters = args.iters_per_epoch
    pbar = tqdm(range(total_iters), unit='batch')

    loss_accum = 0
    for pos in pbar:
        optimizer.zero_grad()
        loss_accum += 2 * (1 - accuracy(args, model, epoch))
        optimizer.step()
        pbar.set_description('epoch: %d' % (epoch))

    average_loss = loss_accum / total_iters
    print("loss training: %f" % (average_loss))
    return average_loss


def accuracy(args, model, epoch):
    miss = model.miss() + abs(math.log10(args.lr) + 3) / 12 + args.batch_size / 1000
    return 1 - miss - 0.15 / (1 + epoch) - 0.4 / args.iters_per_epoch


def test(args, model, train_graphs, test_graphs, epoch):
    model.eval()
    acc_test = accuracy(args, model, epoch)
    acc_train = acc_test + 0.03
    print("accuracy train: %f test: %f" % (acc_train, acc_test))
    test_acc_list.append(acc_test)
    return acc_train, acc_test


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--batch-size', type=int, help='Batch size', default=32)
    parser.add_argument('--gpu', type=int, help='GPU index', default=-1)
    parser.add_argument('--lr', type=float, help='Learning rate', default=0.01)
    parser.add_argument('--n-epochs', type=int, help='Number of epochs', default=6)
    parser.add_argument('--n-hidden', type=int, help='Number of features', default=64)
    parser.add_argument('--n-layers', type=int, help='Number of layers', default=5)
    parser.add_argument('--dropout-ratio', type=float, help='Dropout ratio', default=0.5)
    parser.add_argument('--optim', type=str, help='Optimizer', default='Adam')
    parser.add_argument('--save-path', type=str, default='model.pkl')
    parser.add_argument('--seed', type=int)
    parser.add_argument('--iters-per-epoch', type=int, default=50)
    parser.add_argument('--dataset', type=str, default="TOXIC")
    parser.add_argument('--fold-idx', type=int, default=0)
    parser.add_argument('--test-batch-size', type=int, default=1)
    parser.add_argument('--output-file', type=str, default='output')
    parser.add_argument('--output-folder', type=str, default='results')
    parser.add_argument('--radius', type=int, default=2)
    parser.add_argument('--degree_as_nlabels', action="store_true")
    args = parser.parse_args()

    model = MolGNN(args.n_hidden, args.n_layers, args.radius, args.dropout_ratio)
    optimizer = getattr(optim, args.optim)(model.parameters(), lr=args.lr)

    th.manual_seed(0)
    if th.cuda.is_available():
        th.cuda.manual_seed_all(0)

    dataset = load_molecules(args.dataset, args.seed)
    train_graphs, test_graphs = separate_data(dataset, args.fold_idx)

    for i in range(args.n_epochs):
        train(args, model, train_graphs, optimizer, i)
        test(args, model, train_graphs, test_graphs, i)

    output_csv(args.output_folder + '/' + args.output_file + '_' + str(args.fold_idx) + '.csv', test_acc_list)


if __name__ == '__main__':
    main()
