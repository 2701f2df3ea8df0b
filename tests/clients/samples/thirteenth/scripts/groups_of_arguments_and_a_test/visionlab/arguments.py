"""
Supported arguments for train and evaluation.
"""

import argparse


def train_arg_parser(argvs, extra_args_fun=None):
    parser = _common_arg_parser(description='Contrast discrimination training')

    _add_optimisation_group(parser)

    misc_group = parser.add_argument_group('miscellaneous')
    misc_group.add_argument(
        '--random_seed',
        default=None,
        type=int,
        help='To make the results more reproducible (default: None)'
    )
    misc_group.add_argument(
        '--illuminant_range',
        default=None,
        nargs='+',
        type=float,
        help='Images are multiplied to a value in this range (default: None)'
    )

    if extra_args_fun is not None:
        extra_args_fun(parser)

    args = parser.parse_args(argvs)
    return args


def test_arg_parser(argvs):
    parser = _common_arg_parser(description='Contrast discrimination testing')
    parser.add_argument(
        '--model_path',
        required=True,
        type=str,
        help='The checkpoint to be tested'
    )
    return parser.parse_args(argvs)


def _common_arg_parser(description='No description!'):
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    _add_dataset_group(parser)
    _add_network_group(parser)
    _add_logging_group(parser)
    _add_routine_group(parser)
    return parser


def _add_dataset_group(parser):
    dataset_group = parser.add_argument_group('dataset')
    dataset_group.add_argument(
        '-dname', '--db',
        default='natural',
        type=str,
        help='The dataset to be used'
    )
    dataset_group.add_argument(
        '--data_dir',
        default='./data',
        type=str,
        help='The folder of the images'
    )
    dataset_group.add_argument(
        '--target_size',
        default=128,
        type=int,
        help='Side of the images in pixels'
    )


def _add_network_group(parser):
    network_group = parser.add_argument_group('network')
    network_group.add_argument(
        '-aname', '--architecture',
        default='resnet18',
        type=str,
        choices=['resnet18', 'resnet50', 'vgg16'],
        help='Name of the architecture'
    )
    network_group.add_argument(
        '--transfer_weights',
        default=None,
        type=str,
        help='Weights the network starts from'
    )


def _add_optimisation_group(parser):
    optimisation_group = parser.add_argument_group('optimisation')
    optimisation_group.add_argument(
        '-lr', '--learning_rate',
        default=0.1,
        type=float,
        help='The learning rate parameter'
    )
    optimisation_group.add_argument(
        '--momentum',
        default=0.9,
        type=float,
        help='The momentum for optimisation'
    )
    optimisation_group.add_argument(
        '-wd', '--weight_decay',
        default=1e-4,
        type=float,
        help='The decay weight parameter'
    )


def _add_logging_group(parser):
    logging_group = parser.add_argument_group('logging')
    logging_group.add_argument(
        '--experiment_name',
        default='anonymous',
        type=str,
        help='The name of the experiment'
    )
    logging_group.add_argument(
        '--output_dir',
        default='./outputs',
        type=str,
        help='The folder of logs and checkpoints'
    )
    logging_group.add_argument(
        '--print_freq',
        default=20,
        type=int,
        help='Frequency of reporting in batches'
    )


def _add_routine_group(parser):
    routine_group = parser.add_argument_group('routine')
    routine_group.add_argument(
        '-j', '--workers',
        default=1,
        type=int,
        help='Number of workers for image generator'
    )
    routine_group.add_argument(
        '-b', '--batch_size',
        default=16,
        type=int,
        help='Number of images in each batch'
    )
    routine_group.add_argument(
        '-e', '--epochs',
        default=5,
        type=int,
        help='Number of epochs'
    )
    routine_group.add_argument(
        '--initial_epoch',
        default=0,
        type=int,
        help='The initial epoch number'
    )
