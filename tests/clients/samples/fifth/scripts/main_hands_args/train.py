import logging
import os
import time

logger = logging.getLogger()


def setup_logging(args):
    logger.setLevel(logging.INFO)
    formatter = logging.Formatter('%(asctime)s [%(levelname)-5.5s] [%(filename)s:%(lineno)d] %(message)s')
    for handler in (logging.FileHandler(os.path.join(args.output_filepath, 'log.txt')), logging.StreamHandler()):
        handler.setFormatter(formatter)
        logger.addHandler(handler)


def train(args):
    setup_logging(args)
    for epoch in range(args.nb_reps):
        logger.info('Epoch: {}'.format(epoch))
        start_time = time.time()
        logger.info("train took: {}s".format(time.time() - start_time))
        val_accuracy = 90 - abs(args.learning_rate * 1000 - 1) - 8 / args.batch_size + 2 * args.disable_ema - args.loss_eps - 1 / (epoch + 1)
        logger.info('Epoch {}: test_loss={:4.4g}, test_accuracy={:6.6g}'.format(epoch, 1.0 / val_accuracy, val_accuracy))
