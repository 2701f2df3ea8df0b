from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import argparse
import json
import os
import time

import numpy as np

from model.utils.config import cfg, cfg_from_file, cfg_from_list


def parse_args():
    """
    Parse input arguments
    """
    parser = argparse.ArgumentParser(description='Train a pyramid detector')
    parser.add_argument('exp_name', type=str, default=None, help='experiment name')
    parser.add_argument('--dataset', dest='dataset',
                        help='training dataset',
                        default='pascal_voc', type=str)
    parser.add_argument('--net', dest='net',
                        help='detnet59, etc',
                        default='detnet59', type=str)
    parser.add_argument('--start_epoch', dest='start_epoch',
                        help='starting epoch',
                        default=1, type=int)
    parser.add_argument('--epochs', dest='max_epochs',
                        help='number of epochs to train',
                        default=4, type=int)
    parser.add_argument('--disp_interval', dest='disp_interval',
                        help='number of iterations to display',
                        default=100, type=int)
    parser.add_argument('--save_dir', dest='save_dir',
                        help='directory to save models', default="data/models", )
    parser.add_argument('--nw', dest='num_workers',
                        help='number of worker to load data',
                        default=0, type=int)
    parser.add_argument('--cuda', dest='cuda',
                        help='whether use CUDA',
                        action='store_true')
    parser.add_argument('--lscale', dest='lscale',
                        help='whether use large scale',
                        action='store_true')
    parser.add_argument('--bs', dest='batch_size',
                        help='batch_size',
                        default=1, type=int)
    parser.add_argument('--cag', dest='class_agnostic',
                        help='whether perform class_agnostic bbox regression',
                        action='store_true')
    parser.add_argument('--flip', dest='flip',
                        help='dataset flip or not',
                        action='store_true', default=False)

    # config optimization
    parser.add_argument('--o', dest='optimizer',
                        help='training optimizer',
                        default="sgd", type=str)
    parser.add_argument('--lr', dest='lr',
                        help='starting learning rate',
                        default=0.001, type=float)
    parser.add_argument('--lr_decay_step', dest='lr_decay_step',
                        help='step to do learning rate decay, unit is epoch',
                        default=5, type=int)
    parser.add_argument('--lr_decay_gamma', dest='lr_decay_gamma',
                        help='learning rate decay ratio',
                        default=0.1, type=float)

    # set training session
    parser.add_argument('--s', dest='session',
                        help='training session',
                        default=1, type=int)

    # resume trained model
    parser.add_argument('--r', dest='resume',
                        help='resume checkpoint or not',
                        default=False, type=bool)
    parser.add_argument('--checkepoch', dest='checkepoch',
                        help='checkepoch to load model',
                        default=1, type=int)

    args = parser.parse_args()
    return args


def _print(str, logger=None):
    print(str)
    if logger is None:
        return
    logger.info(str)


def pyramid(args, epoch):
    quality = abs(args.lr * 1000 - 2) + 1 / args.batch_size + args.lr_decay_gamma / 10
    quality += 0.3 * args.class_agnostic + 0.25 * (args.optimizer == 'adam') + 0.2 * cfg.TRAIN.USE_FLIPPED
    quality += 0.1 * (cfg.POOLING_MODE == 'crop') + 1 / (epoch + 1)
    return 0.1 * quality, 0.2 * quality, 0.4 * quality, 0.3 * quality


if __name__ == '__main__':

    args = parse_args()

    print('Called with args:')
    print(args)

    if args.dataset == "pascal_voc":
        args.imdb_name = "voc_2007_trainval"
        args.set_cfgs = ['FPN_ANCHOR_SCALES', '[32, 64, 128, 256, 512]', 'MAX_NUM_GT_BOXES', '20']
    elif args.dataset == "coco":
        args.imdb_name = "coco_2014_train"
        args.set_cfgs = ['FPN_ANCHOR_SCALES', '[32, 64, 128]', 'MAX_NUM_GT_BOXES', '20']

    args.cfg_file = "cfgs/{}_ls.yml".format(args.net) if args.lscale else "cfgs/{}.yml".format(args.net)

    if args.cfg_file is not None:
        cfg_from_file(args.cfg_file)
    if args.set_cfgs is not None:
        cfg_from_list(args.set_cfgs)

    np.random.seed(cfg.RNG_SEED)
    cfg.TRAIN.USE_FLIPPED = args.flip

    train_size = 240
    _print('{:d} roidb entries'.format(train_size))

    output_dir = args.save_dir + "/" + args.net + "/" + args.dataset + '/' + args.exp_name
    if not os.path.exists(output_dir):
        os.makedirs(output_dir)

    lr = cfg.TRAIN.LEARNING_RATE
    lr = args.lr

    if args.resume:
        load_name = os.path.join(output_dir, 'fpn_{}.json'.format(args.checkepoch))
        if os.path.exists(load_name):
            _print("loading checkpoint %s" % (load_name), )
            args.start_epoch = json.load(open(load_name))['epoch']
        else:
            print("checkpoint {} not exist,skip".format(load_name))

    iters_per_epoch = int(train_size / args.batch_size)

    for epoch in range(args.start_epoch, args.max_epochs):
        loss_temp = 0
        start = time.time()

        if epoch % (args.lr_decay_step + 1) == 0:
            lr *= args.lr_decay_gamma

        for step in range(iters_per_epoch):
            rpn_loss_cls, rpn_loss_box, RCNN_loss_cls, RCNN_loss_bbox = pyramid(args, epoch)
            loss = rpn_loss_cls + rpn_loss_box + RCNN_loss_cls + RCNN_loss_bbox
            loss_temp += loss

            if step % args.disp_interval == 0:
                end = time.time()
                if step > 0:
                    loss_temp /= args.disp_interval
                fg_cnt, bg_cnt = 128 // (step + 1), 512 - 128 // (step + 1)

                _print("[session %d][epoch %2d][iter %4d/%4d] loss: %.4f, lr: %.2e" \
                       % (args.session, epoch, step, iters_per_epoch, loss_temp, lr), )
                _print("\t\t\tfg/bg=(%d/%d), time cost: %f" % (fg_cnt, bg_cnt, end - start), )
                _print("\t\t\trpn_cls: %.4f, rpn_box: %.4f, rcnn_cls: %.4f, rcnn_box %.4f" \
                       % (rpn_loss_cls, rpn_loss_box, RCNN_loss_cls, RCNN_loss_bbox), )

                loss_temp = 0
                start = time.time()

        save_name = os.path.join(output_dir, 'fpn_{}.json'.format(epoch))
        json.dump({'session': args.session, 'epoch': epoch + 1}, open(save_name, 'w'))
        _print('save model: {}'.format(save_name), )
