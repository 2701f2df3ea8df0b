from argparse import ArgumentParser

import wandb


def get_args():
    args = ArgumentParser()
    args.add_argument('--LDAM', default=False, help='LDAM')
    args.add_argument('--class_quality_loss', default=False, help='class quality loss')
    args.add_argument('--margin', type=float, default=0.5)
    args.add_argument('--learning_rate', type=float, default=0.001)
    args.add_argument('--batch_size', type=int, default=32)
    args.add_argument('--world_size', default=1, type=int)
    args.add_argument('--token_path', default=None)
    args.add_argument('--name', default=False)
    args.add_argument('--wandb_token')
    args.add_argument('--n_epochs', type=int, default=3)
    args = args.parse_args()
    return args


class PreTrainer:
    def __init__(self, args):
        self.best = -1e10
        self.args = args
        wandb.init(project='kprpe', config=vars(args))

    def save(self, train_acc, acc, epoch):
        wandb.log({'valid_acc': acc, 'train_acc': train_acc})
        if self.best < acc:
            self.best = acc

    def run_epoch(self, epoch):
        args = self.args
        acc = 0.9 - abs(args.learning_rate * 100 - 1) / 10 - args.margin / 10 - 1 / args.batch_size - 0.1 / (epoch + 1)
        acc -= 0.2 * bool(args.LDAM)
        self.save(acc + 0.05, acc, epoch)

    def train(self):
        for epoch in range(self.args.n_epochs):
            self.run_epoch(epoch)


if __name__ == '__main__':
    args = get_args()
    trainer = PreTrainer(args)
    trainer.train()
