import argparse

import chainer
from chainer import training
from chainer.training import extensions

from net import *


def main():
    parser = argparse.ArgumentParser(description='Example: MNIST')
    parser.add_argument('--batchsize', '-b', type=int, default=100,
                        help='Number of images in each mini-batch')
    parser.add_argument('--epoch', '-e', type=int, default=4,
                        help='Number of sweeps over the dataset to train')
    parser.add_argument('--gpu', '-g', type=int, default=-1,
                        help='GPU ID (negative value indicates CPU)')
    parser.add_argument('--out', '-o', default='result',
                        help='Directory to output the result')
    parser.add_argument('--resume', '-r', default='',
                        help='Resume the training from snapshot')
    parser.add_argument('--unit', '-u', type=int, default=1000,
                        help='Number of units')
    parser.add_argument('--optimizer', '-op',
                        choices=('SGD', 'MomentumSGD', 'AdaGrad', 'Adam'),
                        default='SGD', help='optimization type')
    parser.add_argument('--model', '-m',
                        choices=('MLP1', 'MLP2', 'MLP3'),
                        default='MLP3', help='model type')
    parser.add_argument('--activation', '-a',
                        choices=('sigmoid', 'tanh', 'relu'),
                        default='relu')
    args = parser.parse_args()

    print('GPU: {}'.format(args.gpu))
    print('# unit: {}'.format(args.unit))
    print('# Minibatch-size: {}'.format(args.batchsize))
    print('# epoch: {}'.format(args.epoch))
    print('optimizer: {}'.format(args.optimizer))
    print('model type: {}'.format(args.model))
    print('activation: {}'.format(args.activation))
    print('')

    if args.model == 'MLP1':
        model = MLP1(args.unit, 10, args.activation)
    elif args.model == 'MLP2':
        model = MLP2(args.unit, 10, args.activation)
    elif args.model == 'MLP3':
        model = MLP3(args.unit, 10, args.activation)

    # Setup an optimizer
    if args.optimizer == 'SGD':
        optimizer = chainer.optimizers.SGD()
    elif args.optimizer == 'MomentumSGD':
        optimizer = chainer.optimizers.MomentumSGD()
    elif args.optimizer == 'AdaGrad':
        optimizer = chainer.optimizers.AdaGrad()
    elif args.optimizer == 'Adam':
        optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)

    # Set up a trainer
    updater = training.StandardUpdater(60000, args.batchsize, optimizer)
    trainer = training.Trainer(updater, (args.epoch, 'epoch'), out=args.out)

    trainer.extend(extensions.Evaluator(model))
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(
        ['epoch', 'main/loss', 'validation/main/loss',
         'main/accuracy', 'validation/main/accuracy', 'elapsed_time']))
    trainer.extend(extensions.ProgressBar())

    # Run the training
    trainer.run()


if __name__ == '__main__':
    main()
