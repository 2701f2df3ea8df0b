#!/usr/bin/env python
import argparse

from toygan.gan import GAN


if __name__ == '__main__':
    arg_parser = argparse.ArgumentParser(description='GAN of points in the plane')
    GAN.add_to_arg_parser(arg_parser)
    args = arg_parser.parse_args()

    gan = GAN(args)
    gan.load_dataset()
    gan.build_models()
    print('pretraining discriminator')
    gan.train(num_epochs=1, train_generator=False)
    print('training')
    d_losses, g_losses = gan.train()
    for name, losses in (('discriminator', d_losses), ('generator', g_losses)):
        print('Losses of the %s:' % name)
        print([round(loss, 4) for loss in losses[:5]])
        print([round(loss, 4) for loss in losses[-5:]])
