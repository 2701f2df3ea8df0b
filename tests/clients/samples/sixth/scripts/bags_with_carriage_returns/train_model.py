import sys, argparse, os
import csv


def train(args):
    for i in range(3):
        sys.stdout.write('\r Training bag [%d/%d] bag loss: %.4f' % (i, 3, 0.9 - i / 10))
    return 0.7


def test(args, epoch):
    for i in range(2):
        sys.stdout.write('\r Testing bag [%d/%d] bag loss: %.4f' % (i, 2, 0.5))
    loss = abs(args.lr * 1000 - 1) + args.weight_decay * 10 + args.dropout_patch + 1 / epoch + len(args.model) / 100
    return loss, 1 / (1 + loss), [0.9]


def main():
    parser = argparse.ArgumentParser(description='Train bags')
    parser.add_argument('--num_classes', default=1, type=int, help='Number of output classes')
    parser.add_argument('--lr', default=0.0001, type=float, help='Initial learning rate [0.0002]')
    parser.add_argument('--num_epochs', default=4, type=int, help='Number of total training epochs')
    parser.add_argument('--gpu_index', type=int, nargs='+', default=(0,), help='GPU ID(s) [0]')
    parser.add_argument('--weight_decay', default=5e-3, type=float, help='Weight decay [5e-3]')
    parser.add_argument('--split', default=0.2, type=float, help='Training/Validation split [0.2]')
    parser.add_argument('--model', default='aumil', type=str, help='MIL model [dsmil]')
    parser.add_argument('--dropout_patch', default=0, type=float, help='Patch dropout rate [0]')
    args = parser.parse_args()
    gpu_ids = tuple(args.gpu_index)
    os.environ['CUDA_VISIBLE_DEVICES'] = ','.join(str(x) for x in gpu_ids)
    for epoch in range(1, args.num_epochs):
        train_loss_bag = train(args)
        test_loss_bag, avg_score, aucs = test(args, epoch)
        print('\r Epoch [%d/%d] train loss: %.4f test loss: %.4f, average score: %.4f, AUC: ' %
              (epoch, args.num_epochs, train_loss_bag, test_loss_bag, avg_score) + '|'.join('class-{}>>{}'.format(*k) for k in enumerate(aucs)))
        print('Best thresholds ===>>> ' + '|'.join('class-{}>>{}'.format(*k) for k in enumerate([0.31])))


if __name__ == '__main__':
    main()
