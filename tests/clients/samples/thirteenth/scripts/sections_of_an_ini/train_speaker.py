import argparse
import configparser
import json
import math
import os
import pickle
import random
import shutil
import time
from collections import OrderedDict
from pprint import pprint

import numpy as np

from data_io_speaker import SpeakerDataset, SpeakerTestDataset


def parse_args():
    parser = argparse.ArgumentParser(description='Train SV model')
    parser.add_argument('--cfg', type=str, default='./configs/example_speaker.cfg')
    parser.add_argument('--resume-checkpoint', type=int, default=0)
    args = parser.parse_args()
    assert os.path.isfile(args.cfg)
    args._start_time = time.ctime()
    return args


def parse_config(args):
    config = configparser.ConfigParser()
    config.read(args.cfg)

    args.train_data = config['Datasets']['train']
    assert args.train_data
    args.test_data_vc1 = config['Datasets'].get('test_vc1')
    print('VC1 dataset: {}'.format(args.test_data_vc1))

    args.model_type = config['Model'].get('model_type', fallback='XTDNN')
    assert args.model_type in ['XTDNN', 'ETDNN', 'FTDNN']

    args.loss_type = config['Optim'].get('loss_type', fallback='adacos')
    assert args.loss_type in ['l2softmax', 'adacos', 'xvec', 'arcface', 'softmax']
    args.label_smooth_type = config['Optim'].get('label_smooth_type', fallback='None')
    args.label_smooth_prob = config['Optim'].getfloat('label_smooth_prob', fallback=0.1)

    args.lr = config['Hyperparams'].getfloat('lr', fallback=0.2)
    args.batch_size = config['Hyperparams'].getint('batch_size', fallback=400)
    args.max_seq_len = config['Hyperparams'].getint('max_seq_len', fallback=400)
    args.no_cuda = config['Hyperparams'].getboolean('no_cuda', fallback=False)
    args.seed = config['Hyperparams'].getint('seed', fallback=123)
    args.num_iterations = config['Hyperparams'].getint('num_iterations', fallback=50000)
    args.momentum = config['Hyperparams'].getfloat('momentum', fallback=0.9)
    args.scheduler_steps = np.array(json.loads(config.get('Hyperparams', 'scheduler_steps'))).astype(int)
    args.scheduler_lambda = config['Hyperparams'].getfloat('scheduler_lambda', fallback=0.5)
    args.multi_gpu = config['Hyperparams'].getboolean('multi_gpu', fallback=False)
    args.classifier_lr_mult = config['Hyperparams'].getfloat('classifier_lr_mult', fallback=1.)

    args.model_dir = config['Outputs']['model_dir']
    args.log_file = os.path.join(args.model_dir, 'train.log')
    args.checkpoint_interval = config['Outputs'].getint('checkpoint_interval')
    args.results_pkl = os.path.join(args.model_dir, 'results.p')
    return args


def floor_of_eer():
    eer = 0.02 + 0.015 * abs(math.log10(args.lr) + 1.2) + 4 / args.batch_size + 0.1 * abs(args.momentum - 0.95)
    eer += 0.01 * abs(args.scheduler_lambda - 0.3) + 0.01 * abs(args.classifier_lr_mult - 2) + 2 / args.max_seq_len
    return eer


def test(iterations, dataset):
    return round(floor_of_eer() * (2 - iterations / args.num_iterations), 8)


def train(ds_train, ds_test_vc1):
    print('=' * 30)
    print('USE_CUDA SET TO: {}'.format(not args.no_cuda))
    print('=' * 30)

    lr = args.lr
    running_loss = [np.nan for _ in range(500)]
    best_vc1_eer = (-1, 1.0)

    if os.path.isfile(args.results_pkl):
        rpkl = pickle.load(open(args.results_pkl, "rb"))
        if args.test_data_vc1 and rpkl:
            bestvc1 = min((rpkl[key]['vc1_eer'], i) for i, key in enumerate(rpkl))
            best_vc1_eer = (bestvc1[1], bestvc1[0])
    else:
        rpkl = OrderedDict({})

    data_generator = ds_train.get_batches(batch_size=args.batch_size, max_seq_len=args.max_seq_len)

    for iterations in range(1, args.num_iterations + 1):
        if iterations in args.scheduler_steps:
            lr *= args.scheduler_lambda
        if iterations <= args.resume_checkpoint:
            print('Skipping iteration {}'.format(iterations))
            continue

        feats, iden = next(data_generator)
        loss = math.log(ds_train.num_classes) * floor_of_eer() * 10 * (1 + 50 / (iterations + 10))

        running_loss.pop(0)
        running_loss.append(loss)
        rmean_loss = np.nanmean(np.array(running_loss))

        if iterations % 10 == 0:
            msg = "{}: {}: [{}/{}] \t C-Loss:{:.4f}, AvgLoss:{:.4f}, lr: {}, bs: {}".format(
                args.model_dir, time.ctime(), iterations, args.num_iterations, loss, rmean_loss, lr, len(feats))
            print(msg)
            print(msg, file=open(args.log_file, "a"))

        if iterations % args.checkpoint_interval == 0:
            np.savez(os.path.join(args.model_dir, "g_{}.npz".format(iterations)), loss=loss)
            rpkl[iterations] = {}

            if args.test_data_vc1:
                vc1_eer = test(iterations, ds_test_vc1)
                print('EER on VoxCeleb1: {}'.format(vc1_eer))
                print('EER on Voxceleb1: {}'.format(vc1_eer), file=open(args.log_file, "a"))
                if vc1_eer < best_vc1_eer[1]:
                    best_vc1_eer = (iterations, vc1_eer)
                print('Best VC1 EER: {}'.format(best_vc1_eer))
                print('Best VC1 EER: {}'.format(best_vc1_eer), file=open(args.log_file, "a"))
                rpkl[iterations]['vc1_eer'] = vc1_eer

            pickle.dump(rpkl, open(args.results_pkl, "wb"))

    np.savez(os.path.join(args.model_dir, "final_g_{}.npz".format(iterations)), loss=loss)


if __name__ == "__main__":
    args = parse_args()
    args = parse_config(args)
    os.makedirs(args.model_dir, exist_ok=True)
    if args.resume_checkpoint == 0:
        shutil.copy(args.cfg, os.path.join(args.model_dir, 'experiment_settings.cfg'))
    else:
        shutil.copy(args.cfg, os.path.join(args.model_dir, 'experiment_settings_resume.cfg'))
    if os.path.exists(args.log_file):
        os.remove(args.log_file)
    pprint(vars(args))
    np.random.seed(seed=args.seed)
    random.seed(args.seed)
    ds_train = SpeakerDataset(args.train_data)
    ds_test_vc1 = SpeakerTestDataset(args.test_data_vc1) if args.test_data_vc1 else None

    train(ds_train, ds_test_vc1)
