import argparse
import json
import os


def str_to_bool(arg):
    """Convert an argument string into its boolean value."""
    if arg.lower() in ('yes', 'true', 't', 'y', '1'):
        return True
    elif arg.lower() in ('no', 'false', 'f', 'n', '0'):
        return False
    raise argparse.ArgumentTypeError('Boolean value expected.')


def args_to_list(csv, arg_type=int):
    """Convert comma-separated arguments to a list."""
    return [arg_type(d) for d in str(csv).split(',')]


class BaseArgParser:
    """
    Base argument parser for args shared between test and train modes.
    """

    def __init__(self):
        self.parser = argparse.ArgumentParser(description='Chest')
        self.parser.add_argument('--name', type=str, default='debugging', help='Experiment name.')
        self.parser.add_argument('--gpu_ids', type=str, default='0', help='Comma-separated list of GPU IDs.')
        self.parser.add_argument('--save_dir', type=str, default='ckpts', help='Directory to save results.')
        self.parser.add_argument('--batch_size', type=int, default=16, help='Batch size.')
        self.parser.add_argument('--use_pretrained', type=str_to_bool, default=True, help='Start from ImageNet.')
        self.isTrain = None

    def parse_args(self):
        args = self.parser.parse_args()
        args.gpu_ids = args_to_list(args.gpu_ids)
        args.isTrain = self.isTrain
        args.save_dir = os.path.join(args.save_dir, args.name)
        os.makedirs(args.save_dir, exist_ok=True)
        with open(os.path.join(args.save_dir, 'args.json'), 'w') as fh:
            json.dump(vars(args), fh, indent=4, sort_keys=True)
        return args
