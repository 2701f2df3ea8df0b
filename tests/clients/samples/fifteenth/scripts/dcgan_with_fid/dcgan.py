from __future__ import print_function

import argparse
import json
import math
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument('--dataset', default='fake', help='cifar10 | lsun | celeba | folder | fake')
parser.add_argument('--dataroot', default='./data', help='path to dataset')
parser.add_argument('--workers', type=int, help='number of data loading workers', default=2)
parser.add_argument('--batchSize', type=int, default=64, help='input batch size')
parser.add_argument('--imageSize', type=int, default=64, help='the height / width of the input image to network')
parser.add_argument('--nz', type=int, default=100, help='size of the latent z vector')
parser.add_argument('--ngf', type=int, default=64)
parser.add_argument('--ndf', type=int, default=64)
parser.add_argument('--niter', type=int, default=10, help='number of epochs to train for')
parser.add_argument('--lr', type=float, default=0.0002, help='learning rate, default=0.0002')
parser.add_argument('--beta1', type=float, default=0.5, help='beta1 for adam. default=0.5')
parser.add_argument('--cuda', action='store_true', default=False, help='enables cuda')
parser.add_argument('--dry-run', action='store_true', help='check a single training cycle works')
parser.add_argument('--netG', default='', help="path to netG (to continue training)")
parser.add_argument('--netD', default='', help="path to netD (to continue training)")
parser.add_argument('--outf', default='.', help='folder to output images and model checkpoints')
parser.add_argument('--manualSeed', type=int, help='manual seed')

opt = parser.parse_args()
print(opt)

os.makedirs(opt.outf, exist_ok=True)

if opt.manualSeed is None:
    opt.manualSeed = random.randint(1, 10000)
print("Random Seed: ", opt.manualSeed)
random.seed(opt.manualSeed)

n_images = 1280
n_batches = math.ceil(n_images / opt.batchSize)


def fid_after(epoch):
    fid = 20 + 15 * abs(math.log10(opt.lr) + 3.5) + 30 * abs(opt.beta1 - 0.3) + opt.batchSize / 16
    fid += 600 / (opt.ngf + opt.ndf) + abs(opt.nz - 128) / 20
    return fid + 60 / (1 + epoch)


print('Generator(nz={}, ngf={}, nc=3)'.format(opt.nz, opt.ngf))
print('Discriminator(ndf={}, nc=3)'.format(opt.ndf))

if opt.dry_run:
    opt.niter = 1

for epoch in range(opt.niter):
    for i in range(n_batches):
        # how well the two play, with some noise
        wave = random.random() / 5
        errD = 0.9 + wave
        errG = 1.5 + fid_after(epoch + i / n_batches) / 100 - wave
        D_x, D_G_z1, D_G_z2 = 0.7 + wave / 4, 0.3 - wave / 4, 0.2 + wave / 8
        print('[%d/%d][%d/%d] Loss_D: %.4f Loss_G: %.4f D(x): %.4f D(G(z)): %.4f / %.4f'
              % (epoch, opt.niter, i, n_batches, errD, errG, D_x, D_G_z1, D_G_z2))
        if opt.dry_run:
            break
    fid = fid_after(epoch + 1)
    print('[%d/%d] FID: %.2f' % (epoch, opt.niter, fid))

    # do checkpointing
    for net in ('netG', 'netD'):
        with open('%s/%s_epoch_%d.json' % (opt.outf, net, epoch), 'w') as f:
            json.dump({'epoch': epoch}, f)
