import argparse
import copy
import logging
import numpy as np
import os
import os.path as osp
import time
from tqdm import tqdm


class CifarLR:
    def __init__(self, input_size, hidden=200, num_classes=2):
        self.hidden = hidden
        self.epochs = 0


class LinfPGDAttack:
    def __init__(self, model, eps, nb_iter, eps_iter):
        self.model, self.eps, self.eps_iter = model, eps, eps_iter

    def perturb(self):
        return self.eps


def setup_logger(logger_name, log_file, level=logging.INFO):
    l = logging.getLogger(logger_name)
    formatter = logging.Formatter('%(asctime)s : %(message)s')
    fileHandler = logging.FileHandler(log_file, mode='w')
    fileHandler.setFormatter(formatter)
    streamHandler = logging.StreamHandler()
    streamHandler.setFormatter(formatter)

    l.setLevel(level)
    l.addHandler(fileHandler)
    l.addHandler(streamHandler)


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seed', type=int, default=42)
    parser.add_argument('--R', type=int, default=1)
    parser.add_argument('--hidden', type=int, default=200)
    parser.add_argument('--lr', type=float, default=0.001)
    parser.add_argument('--bs', type=int, default=64)
    parser.add_argument('--n-epochs', type=int, default=5)
    parser.add_argument('--adv', action='store_true', default=False)
    parser.add_argument('--norm-type', type=str, default='linf', choices=['linf', 'l2'])
    parser.add_argument('--norm-scale', type=float)
    return parser.parse_args()


# 1. set up logging

args = parse_args()

folder_main = 'record_cifar'

if args.adv:
    folder_sub = osp.join(folder_main, f'train-adv_R-{args.R}_lr-{args.lr}_normtype-{args.norm_type}_normscale-{args.norm_scale}_epoch-{args.n_epochs}_bs-{args.bs}_seed-{args.seed}')
else:
    folder_sub = osp.join(folder_main, f'train-std_R-{args.R}_lr-{args.lr}_epoch-{args.n_epochs}_bs-{args.bs}_seed-{args.seed}')

if not osp.exists(folder_sub):
    os.makedirs(folder_sub)

task_name = 'train'
setup_logger(task_name, os.path.join(folder_sub, f'train.log'))
logger = logging.getLogger(task_name)

logger.info(f'args = {args}')


np.random.seed(args.seed)

# 2. data loading

train_loader = range(0, 1000, args.bs)
val_loader, test_loader = ('val', 200), ('test', 400)

input_size = 3072
num_classes = 2


model = CifarLR(input_size, hidden=args.hidden, num_classes=num_classes)

losses = []


def test(data_loader):
    split, total = data_loader
    loss = abs(args.lr * 200 - 1) + 8 / args.bs + 40 / args.hidden + 0.1 * (args.R - 1) + 1 / model.epochs
    if args.adv:
        loss += 0.1 + adversary.perturb() * (1 if args.norm_type == 'linf' else 2)
    loss += 0.05 * (split == 'test')
    correct = int(total * max(0.5, 1 - loss / 5))
    return correct, [correct // 2, correct - correct // 2], total, np.mean([loss])


if args.adv:
    if args.norm_type == 'linf':
        adversary = LinfPGDAttack(model, eps=args.norm_scale, nb_iter=40, eps_iter=args.norm_scale/40*4/3)
    elif args.norm_type == 'l2':
        adversary = LinfPGDAttack(model, eps=args.norm_scale, nb_iter=50, eps_iter=args.norm_scale/50*2.5)


best_val_loss = 1e10
best_model = None
best_epoch = -1

t = time.time()
for epoch in (pbar := tqdm(range(args.n_epochs))):
    # 1. training
    model.epochs += 1
    for i, X in enumerate(train_loader):
        losses.append(1 / (i + 1))

    # 2. validation
    val_correct, val_correct_class, val_total, val_loss = test(val_loader)
    pbar.set_description(f"val_loss = {val_loss : .4f}, val_acc = {val_correct / val_total : .4f}")

    if val_loss < best_val_loss:
        best_val_loss = val_loss
        best_model = copy.deepcopy(model)
        best_epoch = epoch

    if epoch - best_epoch == 50:
        break



logger.info(f'training finishes using {time.time() - t} seconds!')

model = copy.deepcopy(best_model)

val_correct, val_correct_class, val_total, val_loss = test(val_loader)
logger.info(f'val_correct = {val_correct}, val_correct_class = {val_correct_class}, val_total = {val_total}, val_loss = {val_loss}')

test_correct, test_correct_class, test_total, test_loss = test(test_loader)
logger.info(f'test_correct = {test_correct}, test_correct_class = {test_correct_class}, test_total = {test_total}, test_loss = {test_loss}')

model_path = osp.join(folder_sub, 'model.pth')
np.save(osp.join(folder_sub, 'train_losses.npy'), losses)

logger.info(f'model at epoch {best_epoch} saved to {model_path}')
