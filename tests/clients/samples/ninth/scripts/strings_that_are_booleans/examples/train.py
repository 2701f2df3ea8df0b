#!/usr/bin/env python3
# -*- coding: utf-8 -*-


import os
import sys
import argparse
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from senet.keras_fn import Adam, CSVLogger, Model


def lr_schedule(epoch):
    """Learning Rate Schedule

    Learning rate is scheduled to be reduced after 80, 120, 160, 180 epochs.
    """
    lr = 1e-3  # base learning rate
    if 80 <= epoch < 120:
        lr *= 1e-1  # reduce factor
    elif 120 <= epoch < 160:
        lr *= 1e-2
    elif epoch >= 160:
        lr *= 1e-3
    print(
        f"Model has been trained for {epoch} epoch(s); learning rate for next epoch: {lr}.")
    return lr


def makedir_exist_ok(dirpath):
    os.makedirs(dirpath, exist_ok=True)


def cmd_parser():
    """parse arguments
    """
    parser = argparse.ArgumentParser()

    def string2bool(string):
        """string2bool
        """
        if string not in ["False", "True"]:
            raise argparse.ArgumentTypeError(
                f"""input(={string}) NOT in ["False", "True"]!""")
        if string == "False":
            return False
        elif string == "True":
            return True

    # Input parameters
    parser.add_argument('--dataset_name', type=str, dest='dataset_name',
                        action='store', default="cifar10", help='dataset_name, dataset name, e.g., "cifar10".')

    # Model parameters
    parser.add_argument('--model_type', type=str, dest='model_type',
                        action='store', default="ResNet50", help='model_type, e.g., ResNet50, 1 or 2.')

    # Training parameters
    parser.add_argument('--batch_size', type=int, dest='batch_size',
                        action='store', default=32, help='batch_size, e.g. 32.')  # if using ResNet20v2, 32 for Mac, 32, 64, 128 for server
    parser.add_argument('--epochs', type=int, dest='epochs',
                        action='store', default=5, help='training epochs, e.g. 150.')  # training for 150 epochs is sufficient to fit enough
    parser.add_argument('--if_fast_run', type=string2bool, dest='if_fast_run',
                        action='store', default=False, help='if_fast_run, if True, will only train the model for 3 epochs.')

    # Loss
    parser.add_argument('--loss', type=str, dest='loss',
                        action='store', default="bce", help="""loss name, one of ["bce", "focal"].""")
    parser.add_argument('--start_epoch', type=int, dest='start_epoch',
                        action='store', default=0, help='start_epoch, i.e., epoches that have been trained, e.g. 80.')  # 已经完成的训练数
    parser.add_argument('--ckpt', type=str, dest='ckpt',
                        action='store', default="", help='ckpt, model ckpt file.')

    # Focal loss parameters, only necessary when focal loss is chosen
    parser.add_argument('--alpha', type=float, dest='alpha',
                        action='store', default=0.25, help='alpha pamameter for focal loss if it is used.')
    parser.add_argument('--gamma', type=float, dest='gamma',
                        action='store', default=2, help='gamma pamameter for focal loss if it is used.')

    # Device
    parser.add_argument('--visible_gpu_from', type=int, dest='visible_gpu_from',
                        action='store', default=0, help='visible_gpu_from, the first visible gpu index set by tf.config.')
    parser.add_argument('--model_gpu', type=int, dest='model_gpu',
                        action='store', default=None, help='model_gpu, the number of the model_gpu used for experiment.')

    # Other parameters
    parser.add_argument('--tmp', type=string2bool, dest='tmp',
                        action='store', default=False, help='tmp, if true, the yielding data during the training process will be saved into a temporary directory.')
    parser.add_argument('--date_time', type=str, dest='date_time',
                        action='store', default=None, help='date_time, manually set date time, for model data save path configuration.')

    args = parser.parse_args()

    return args


def main():
    args = cmd_parser()

    # Model type
    model_type = args.model_type
    if model_type not in ["ResNet50", "SE_ResNet_50"]:
        raise ValueError(
            f"""model_type {model_type} not in ["ResNet50", "SE_ResNet_50"].""")
        print("Invalid model type name, quiting...")
        return -1

    # Prepare dataset
    dataset_name = args.dataset_name
    if dataset_name == "cifar10":
        num_classes = 10
    elif dataset_name == "cifar100":
        num_classes = 100
    else:
        return

    train_images = train_labels = range(640)
    test_images = test_labels = range(128)

    # Config paths
    date_time = datetime.now().strftime("%Y%m%d-%H%M%S")
    prefix = "."
    subfix = os.path.join(model_type, date_time)
    ckpt_dir = os.path.expanduser(os.path.join(prefix, "ckpts", subfix))
    log_dir = os.path.expanduser(os.path.join(prefix, "logs", subfix))
    makedir_exist_ok(ckpt_dir)
    makedir_exist_ok(log_dir)

    # Create and compile model
    if model_type == "ResNet50":
        model = Model(depth=0.3 + num_classes / 100)
    elif model_type == "SE_ResNet_50":
        model = Model(depth=0.2 + num_classes / 100)

    focal = args.alpha + args.gamma / 10
    model.compile(
        loss=focal if args.loss == "focal" else 0.7,
        optimizer=Adam(lr=lr_schedule(0)),
        metrics=["binary_accuracy", "categorical_accuracy"]
    )

    # Callbacks
    csv_logger = CSVLogger(os.path.join(
        log_dir, "training.log.csv"), append=True)
    callbacks = [csv_logger]

    # Fit model
    epochs = 3 if args.if_fast_run else args.epochs
    model.fit(
        train_images,
        train_labels,
        epochs=epochs,
        validation_data=(test_images, test_labels),
        batch_size=args.batch_size,
        verbose=1,
        callbacks=callbacks
    )


if __name__ == "__main__":
    main()
