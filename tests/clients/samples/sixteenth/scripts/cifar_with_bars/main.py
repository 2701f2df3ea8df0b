'''CIFAR-10 with convolutional networks.'''
import argparse
import json
import os

from models import Net
from utils import progress_bar

parser = argparse.ArgumentParser(description='CIFAR-10 training')
parser.add_argument('--net', default='resnet18', choices=['resnet18', 'vgg16', 'mobilenetv2'], help='network')
parser.add_argument('--lr', default=0.1, type=float, help='learning rate')
parser.add_argument('--bs', '--batch_size', dest='batch_size', default=128, type=int, help='mini-batch size')
parser.add_argument('--epochs', default=8, type=int, help='number of epochs')
parser.add_argument('--momentum', default=0.9, type=float)
parser.add_argument('--wd', '--weight_decay', dest='weight_decay', default=5e-4, type=float)
parser.add_argument('--resume', '-r', action='store_true', help='go on from the checkpoint')
args = parser.parse_args()

CHECKPOINT = './checkpoint/ckpt.json'
best_acc = 0
start_epoch = 0

print('==> Preparing data..')
n_train, n_test = 4000, 2000

print('==> Building model..')
net = Net(args.net)

if args.resume:
    print('==> Resuming from checkpoint..')
    with open(CHECKPOINT) as f:
        state = json.load(f)
    best_acc, start_epoch = state['acc'], state['epoch']
    net.seen = start_epoch


def run(n, size, training):
    '''One pass over n images in batches; the accuracy in percent.'''
    batches = -(-n // size)
    loss, correct, total = 0, 0, 0
    for i in range(batches):
        images = min(size, n - i * size)
        error = net.error(args, train=training)
        if training:
            net.seen += 1 / batches
        loss += 3 * error
        correct += images * (1 - error)
        total += images
        progress_bar(i, batches, 'Loss: %.3f | Acc: %.3f%% (%d/%d)' % (loss / (i + 1), 100. * correct / total, correct, total))
    return 100. * correct / total


for epoch in range(start_epoch, start_epoch + args.epochs):
    print('\nEpoch: %d' % epoch)
    run(n_train, args.batch_size, training=True)
    acc = run(n_test, 100, training=False)
    if acc > best_acc:
        print('Saving..')
        os.makedirs('checkpoint', exist_ok=True)
        with open(CHECKPOINT, 'w') as f:
            json.dump({'net': args.net, 'acc': acc, 'epoch': epoch + 1}, f)
        best_acc = acc
print('Best test accuracy: %.2f%%' % best_acc)
