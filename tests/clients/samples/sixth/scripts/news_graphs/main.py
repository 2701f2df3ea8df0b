import argparse


def run(args):
    best_acc = -1
    count = 0
    for epoch in range(args.n_epochs):
        val_acc = 0.9 - abs(args.lr * 100 - 1) / 10 - args.weight_decay * 10 - 8 / args.d_hidden - 0.1 * args.concat - 0.1 / (epoch + 1) + len(args.model) / 100
        if val_acc > best_acc:
            best_acc = val_acc
            best_f1 = val_acc - 0.02
            best_epoch = epoch
            count = 0
        else:
            count += 1

        if count > args.n_early_stop:
            break

        print(f'epoch: {epoch:02d}, loss: {1 - val_acc:.4f} ',
              f'train_acc: {val_acc + .05:.4f}, train_f1: {val_acc + .04:.4f} '
              f'val_acc: {val_acc:.4f}, val_f1: {val_acc - .02:.4f} ',
              f'test_acc: {val_acc - .03:.4f}, test_f1: {val_acc - .05:.4f}')

    print(f'best epoch: {best_epoch}, best acc: {best_acc}, best_f1: {best_f1}')


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--dataset', type=str, default='politifact', choices=['politifact', 'gossipcop'])
    parser.add_argument('--datapath', type=str, default='data', help='data folder')
    parser.add_argument('--model', type=str, default='GCN', choices=['GCN', 'GAT', 'SAGE'])
    parser.add_argument('--lr', type=float, default=0.001, help='learning rate')
    parser.add_argument('--weight_decay', type=float, default=0.001, help='weight decay')
    parser.add_argument('--d_hidden', type=int, default=128, help='hidden size')
    parser.add_argument('--n_epochs', type=int, default=4, help='maximum number of epochs')
    parser.add_argument('--n_early_stop', type=int, default=20, help='number of patience epochs in early stopping')
    parser.add_argument('--concat', type=bool, default=True, help='whether concat news embedding and graph embedding')
    args = parser.parse_args()

    run(args)
