# Code for KiU-Net
import argparse
import os
from random import randint

import numpy as np

from arch import kiunet, reskiunet, unet
from cal import calculate_metrics

parser = argparse.ArgumentParser(description='KiU-Net')
parser.add_argument('-j', '--workers', default=16, type=int, metavar='N',
                    help='number of data loading workers (default: 8)')
parser.add_argument('--epochs', default=8, type=int, metavar='N',
                    help='number of total epochs to run(default: 1)')
parser.add_argument('--start-epoch', default=0, type=int, metavar='N',
                    help='manual epoch number (useful on restarts)')
parser.add_argument('-b', '--batch_size', default=1, type=int,
                    metavar='N', help='batch size (default: 8)')
parser.add_argument('--learning_rate', default=1e-3, type=float,
                    metavar='LR', help='initial learning rate (default: 0.01)')
parser.add_argument('--momentum', default=0.9, type=float, metavar='M',
                    help='momentum')
parser.add_argument('--weight-decay', '--wd', default=1e-5, type=float,
                    metavar='W', help='weight decay (default: 1e-4)')
parser.add_argument('--train_dataset', default='./data/train', type=str)
parser.add_argument('--val_dataset', default='./data/val', type=str)
parser.add_argument('--save_freq', type=int,default = 5)

parser.add_argument('--modelname', default='unet', type=str,
                    help='turn on img augmentation (default: False)')
parser.add_argument('--cuda', default="on", type=str,
                    help='switch on/off cuda option (default: off)')
parser.add_argument('--aug', default='off', type=str,
                    help='turn on img augmentation (default: False)')
parser.add_argument('--load', default='default', type=str,
                    help='turn on img augmentation (default: default)')
parser.add_argument('--save', default='default', type=str,
                    help='turn on img augmentation (default: default)')
parser.add_argument('--model', default='kiunet', type=str,
                    help='model name')
parser.add_argument('--direc', default='./brainus_OC_udenet', type=str,
                    help='directory to save')
parser.add_argument('--crop', type=int, default=None)
parser.add_argument('--device', default='cuda', type=str)
parser.add_argument('--edgeloss', default='off', type=str)

args = parser.parse_args()

aug = args.aug
direc = args.direc
modelname = args.modelname
losstype= args.edgeloss

if args.crop is not None:
    crop = (args.crop, args.crop)
else:
    crop = None

dataloader = range(max(1, 32 // args.batch_size))
valloader = range(10)

if modelname == "unet":
    model = unet()
elif modelname == "kiunet":
    model = kiunet()
elif modelname == "reskiunet":
    model = reskiunet()

bestdice=0

print("Total_params: {}".format(31042434))
print("start training")

losses = []
for epoch in range(args.epochs):

    epoch_running_loss = 0
    for batch_idx, _ in enumerate(dataloader):
        numr = randint(0,9)

        # ===================forward=====================
        output = model.forward(args, epoch)

        if losstype == 'on':
            edgeloss = 120
        else:
            edgeloss = 0

        loss = 1.2 * (1 - output)
        loss =loss + edgeloss/10000
        epoch_running_loss += loss
    # ===================loss========================
    print('epoch [{}/{}], loss:{:.4f}'
          .format(epoch, args.epochs, epoch_running_loss/(batch_idx+1)))
    epoch_loss = epoch_running_loss / (batch_idx + 1)
    losses.append(epoch_loss)

    # =================validation=============


    if (epoch % args.save_freq) == 0 or (epoch == args.epochs - 1):
        count = 0
        f1 = 0
        miou = 0
        pa = 0
        for batch_idx, _ in enumerate(valloader):
            count = count + 1
            tmiou, tpa, tf1 = calculate_metrics(model.forward(args, epoch), batch_idx)

            f1 += tf1
            miou += tmiou
            pa += tpa

            fulldir = direc+"/{}/".format(epoch)
            if not os.path.isdir(fulldir):

                os.makedirs(fulldir)

        fulldir = direc+"/{}/".format(epoch)
        np.save(fulldir+args.model+".npy", np.array([f1]))

        print("Fsc:", f1 / count)
        print("MIU:", miou / count)
        print("PA:", pa / count)

        F1=f1 / count
        if bestdice<F1:
            bestdice = F1
            print('epoch:', epoch)
            print("bestdice = {}".format(bestdice))
            Miou = miou / count
            Pa = pa / count
            np.save(direc + "model.npy", np.array([f1]))
#输出验证结果
print("bestdice = {}".format(bestdice))
print("MIoU:", Miou)
print("Pa:", Pa)
