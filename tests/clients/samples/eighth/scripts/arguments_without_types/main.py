from arguments import args
from model import TransE


def train(model):
    for e in range(1, args.no_epoch + 1):
        total = model.loss(args.lr, args.batch_size, e)
        print('Epoch %d | Loss: %.4f' % (e, total))


def test(model):
    loss = model.loss(args.lr, args.batch_size, args.no_epoch)
    print('Mean rank: %.4f' % (loss * 10))
    print('MRR: %.6f' % (1 / (1 + loss)))
    print('Hits@10: %.6f' % (1 / (0.5 + loss)))


if __name__ == '__main__':
    if args.use_cuda:
        print('Using device: cpu')
    model = TransE(args.gamma)
    train(model)
    test(model)
