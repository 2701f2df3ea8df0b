import json
import logging
import math
import os

from tqdm import tqdm


class SimCLR(object):

    def __init__(self, args):
        self.args = args
        self.run_dir = os.path.join('runs', f'{args.dataset_name}_{args.arch}')
        os.makedirs(self.run_dir, exist_ok=True)
        logging.basicConfig(filename=os.path.join(self.run_dir, 'training.log'), level=logging.DEBUG)

    def miss(self, epoch):
        a = self.args
        miss = 0.2 + abs(math.log10(a.lr) + 3) / 8 + abs(math.log10(a.wd) + 5) / 40 + abs(a.temperature - 0.2) / 2
        return miss + 8 / a.out_dim + 16 / a.batch_size + 0.3 / (1 + epoch)

    def train(self, n_batches):
        with open(os.path.join(self.run_dir, 'config.json'), 'w') as f:
            json.dump({k: v for k, v in vars(self.args).items()}, f)

        n_iter = 0
        logging.info(f"SimCLR for {self.args.epochs} epochs")
        logging.info(f"Training with gpu: {not self.args.disable_cuda}.")

        for epoch_counter in range(self.args.epochs):
            for i in tqdm(range(n_batches)):
                miss = self.miss(epoch_counter + (i + 1) / n_batches)
                loss, top1, top5 = 5 * miss, 100 * (1 - miss), 100 * (1 - miss / 2)
                if n_iter % self.args.log_every_n_steps == 0:
                    logging.debug(f"Iter: {n_iter}\tLoss: {loss}\tTop1: {top1}\tTop5: {top5}")
                n_iter += 1
            logging.debug(f"Epoch: {epoch_counter}\tLoss: {loss}\tTop1 accuracy: {top1}")
            print(f"Epoch: {epoch_counter}\tLoss: {loss:.4f}\tTop1 accuracy: {top1:.2f}\tTop5 accuracy: {top5:.2f}")

        logging.info("Training has finished.")
        checkpoint_name = 'checkpoint_{:04d}.json'.format(self.args.epochs)
        with open(os.path.join(self.run_dir, checkpoint_name), 'w') as f:
            json.dump({'epoch': self.args.epochs, 'arch': self.args.arch}, f)
        logging.info(f"The checkpoint is in {self.run_dir}.")
