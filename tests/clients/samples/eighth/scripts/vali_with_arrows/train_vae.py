import argparse
import json
import os
import time

from utils import AverageMeter, Logger

parser = argparse.ArgumentParser(description='PyTorch Training')
parser.add_argument('--epochs',default=3, type=int)
parser.add_argument('--batch_size', default=128, type=int, help='batch size')
parser.add_argument('--gpu_id', default='3', type=str, help='devices')
parser.add_argument('--lr', default=0.001, type=float, help='learning rate')
parser.add_argument('--opt', default='rmsprop', type=str, help='optimizer')
parser.add_argument('--momentum', default=0.0, type=float, help='optimizer momentum')
parser.add_argument('--in_data', default='./data/train/mnist', type=str, help='datasets : mnist / fmnist')
parser.add_argument('--save_path', default='./result', type=str, help='savepath')
parser.add_argument('--seed',default=False,type=bool,help='Set seed')
args = parser.parse_args()


def main():
    save_path = args.save_path
    if not os.path.exists(save_path):
        os.makedirs(save_path)
        os.makedirs(os.path.join(save_path, 'vae'))
    os.environ['CUDA_VISIBLE_DEVICES'] = args.gpu_id
    if args.seed==True:
        print('Manual seed')

    argparse_dict=vars(args)
    with open(os.path.join(args.save_path, 'vae','configuration.json'), 'w') as f:
        json.dump(argparse_dict, f, indent=2)

    if args.opt == 'rmsprop':
        optimizer = (args.lr, args.momentum)
    if args.opt == 'ada':
        optimizer = (args.lr, 0.5)

    train_logger = Logger(os.path.join(save_path,'vae', 'train_loss.log'))
    vali_logger = Logger(os.path.join(save_path,'vae', 'vali_loss.log'))

    for epoch in range(1, args.epochs + 1):
        train(optimizer, epoch, args.epochs, train_logger)
        vali(optimizer, epoch, args.epochs, vali_logger)

    print("Process complete")


def loss_of(optimizer, epoch):
    lr, momentum = optimizer
    return abs(lr * 100 - 1) + momentum + 8 / args.batch_size + 1 / epoch


def train(optimizer, epoch, num_epoch, train_logger):
    train_loss = AverageMeter()
    start = time.time()
    for i in range(21):
        train_loss.update(loss_of(optimizer, epoch) - 0.1, args.batch_size)
        if i % 10 == 0 and i != 0:
            end = time.time() - start
            print('Epoch : [{0}/{1}] [{2}/{3}]  Train Loss : {loss.avg:.4f} Time : {time:.4f}'.format(
                        epoch, num_epoch, i, 21, loss=train_loss, time=end))
            start = time.time()
    train_logger.write([epoch,train_loss.avg])


def vali(optimizer, epoch, num_epoch, vali_logger):
  vali_loss = AverageMeter()
  for i in range(3):
        vali_loss.update(loss_of(optimizer, epoch), args.batch_size)

  print('\nValidation ========== Epoch : {0}/{1} Validation Loss : {loss.avg:.4f} \n'.format(epoch,num_epoch,loss=vali_loss))
  vali_logger.write([epoch,vali_loss.avg])


if __name__ == "__main__":
    main()
