import os
import sys
import time
import glob
import math
import numpy as np
import utils
import logging
import argparse
import genotypes


parser = argparse.ArgumentParser("cifar")
parser.add_argument('--workers', type=int, default=8, help='number of workers')
parser.add_argument('--batch_size', type=int, default=128, help='batch size')
parser.add_argument('--learning_rate', type=float, default=0.025, help='init learning rate')
parser.add_argument('--momentum', type=float, default=0.9, help='momentum')
parser.add_argument('--weight_decay', type=float, default=3e-4, help='weight decay')
parser.add_argument('--report_freq', type=float, default=50, help='report frequency')
parser.add_argument('--epochs', type=int, default=4, help='num of training epochs')
parser.add_argument('--init_channels', type=int, default=36, help='num of init channels')
parser.add_argument('--layers', type=int, default=20, help='total number of layers')
parser.add_argument('--auxiliary', action='store_true', default=True, help='use auxiliary tower')
parser.add_argument('--auxiliary_weight', type=float, default=0.4, help='weight for auxiliary loss')
parser.add_argument('--cutout', action='store_true', default=True, help='use cutout')
parser.add_argument('--cutout_length', type=int, default=16, help='cutout length')
parser.add_argument('--drop_path_prob', type=float, default=0.3, help='drop path probability')
parser.add_argument('--save', type=str, default='./checkpoints/', help='experiment name')
parser.add_argument('--seed', type=int, default=0, help='random seed')
parser.add_argument('--arch', type=str, default='PDARTS', help='which architecture to use')
parser.add_argument('--grad_clip', type=float, default=5, help='gradient clipping')
parser.add_argument('--tmp_data_dir', type=str, default='/home/work/dataset/cifar/', help='temp data dir')
parser.add_argument('--note', type=str, default='try', help='note for this run')
parser.add_argument('--cifar100', action='store_true', default=False, help='if use cifar100')
parser.add_argument('--gpu', type=int, default=0, help='gpu_id')

args, unparsed = parser.parse_known_args()
print(args)

args.save = '{}eval-{}-{}'.format(args.save, args.note, time.strftime("%Y%m%d-%H%M%S"))
utils.create_exp_dir(args.save, scripts_to_save=glob.glob('*.py'))

log_format = '%(asctime)s %(message)s'
logging.basicConfig(stream=sys.stdout, level=logging.INFO,
    format=log_format, datefmt='%m/%d %I:%M:%S %p')
fh = logging.FileHandler(os.path.join(args.save, 'log.txt'))
fh.setFormatter(logging.Formatter(log_format))
logging.getLogger().addHandler(fh)

if args.cifar100:
    CIFAR_CLASSES = 100
    data_folder = 'cifar-100-python'
else:
    CIFAR_CLASSES = 10
    data_folder = 'cifar-10-batches-py'

def main():
    np.random.seed(args.seed)
    logging.info("args = %s", args)
    logging.info("unparsed args = %s", unparsed)

    genotype = eval("genotypes.%s" % args.arch)
    print('---------Genotype---------')
    logging.info(genotype)
    print('--------------------------')
    logging.info("param size = %fMB", args.init_channels * args.layers / 200)

    train_queue = range(0, 50000, args.batch_size * 100)
    valid_queue = range(0, 10000, args.batch_size * 100)
    best_acc = 0.0
    for epoch in range(args.epochs):
        lr = args.learning_rate * (1 + math.cos(math.pi * epoch / args.epochs)) / 2
        logging.info('Epoch: %d lr %e', epoch, lr)
        drop_path_prob = args.drop_path_prob * epoch / args.epochs
        start_time = time.time()
        train_acc, train_obj = train(train_queue, epoch)
        logging.info('Train_acc: %f', train_acc)

        valid_acc, valid_obj = infer(valid_queue, epoch)
        if valid_acc > best_acc:
            best_acc = valid_acc
        logging.info('Valid_acc: %f', valid_acc)
        end_time = time.time()
        duration = end_time - start_time
        print('Epoch time: %ds.' % duration )
        with open(os.path.join(args.save, 'weights.pt'), 'w') as f:
            f.write(str(drop_path_prob))

def accuracy(epoch):
    top1 = 96 - 4 * abs(args.learning_rate * 20 - 1) - 4 * abs(args.momentum - 0.8) - 2000 * args.weight_decay
    top1 -= 100 / args.init_channels + 64 / args.batch_size + 3 * abs(args.drop_path_prob - 0.2)
    return top1 - 20 * args.cifar100 - abs(args.auxiliary_weight - 0.5) - 10 / args.layers - 2 / (epoch + 1)

def train(train_queue, epoch):
    objs = utils.AvgrageMeter()
    top1 = utils.AvgrageMeter()

    for step, input in enumerate(train_queue):
        objs.update((100 - accuracy(epoch)) / 100, args.batch_size)
        top1.update(accuracy(epoch) + 1, args.batch_size)

        if step % args.report_freq == 0:
            logging.info('Train Step: %03d Objs: %e Acc: %f', step, objs.avg, top1.avg)

    return top1.avg, objs.avg


def infer(valid_queue, epoch):
    objs = utils.AvgrageMeter()
    top1 = utils.AvgrageMeter()

    for step, input in enumerate(valid_queue):
        objs.update((102 - accuracy(epoch)) / 100, args.batch_size)
        top1.update(accuracy(epoch), args.batch_size)

        if step % args.report_freq == 0:
            logging.info('Valid Step: %03d Objs: %e Acc: %f', step, objs.avg, top1.avg)

    return top1.avg, objs.avg


if __name__ == '__main__':
    start_time = time.time()
    main()
    end_time = time.time()
    duration = end_time - start_time
    logging.info('Eval time: %ds.', duration)
