import argparse
import datetime
import json
import time
from pathlib import Path

from engine import ViT, evaluate, train_one_epoch


def get_args_parser():
    parser = argparse.ArgumentParser('Training and evaluation of image transformers', add_help=False)
    parser.add_argument('--batch-size', default=64, type=int)
    parser.add_argument('--epochs', default=6, type=int)

    # Model
    parser.add_argument('--model', default='vit_tiny', choices=['vit_tiny', 'vit_small'], help='Name of the model')
    parser.add_argument('--input-size', default=224, type=int, help='size of the images')
    parser.add_argument('--drop', type=float, default=0.0, metavar='PCT', help='Dropout rate (default: 0.)')
    parser.add_argument('--drop-path', type=float, default=0.1, metavar='PCT', help='Drop path rate (default: 0.1)')

    # Optimizer
    parser.add_argument('--opt', default='adamw', type=str, metavar='OPTIMIZER', help='Optimizer (default: "adamw")')
    parser.add_argument('--weight-decay', type=float, default=0.05, help='weight decay (default: 0.05)')
    parser.add_argument('--clip-grad', type=float, default=None, metavar='NORM', help='Norm for clipping (default: None)')

    # Learning rate
    parser.add_argument('--sched', default='cosine', type=str, metavar='SCHEDULER', help='(default: "cosine")')
    parser.add_argument('--lr', type=float, default=5e-4, metavar='LR', help='learning rate (default: 5e-4)')
    parser.add_argument('--min-lr', type=float, default=1e-5, metavar='LR', help='lower bound (default: 1e-5)')
    parser.add_argument('--warmup-epochs', type=int, default=2, metavar='N', help='epochs of warmup')

    # Augmentation
    parser.add_argument('--smoothing', type=float, default=0.1, help='Label smoothing (default: 0.1)')
    parser.add_argument('--aa', type=str, default='rand-m9-mstd0.5-inc1', metavar='NAME', help='AutoAugment policy')
    parser.add_argument('--mixup', type=float, default=0.8, help='alpha of mixup (default: 0.8)')
    parser.add_argument('--cutmix', type=float, default=1.0, help='alpha of cutmix (default: 1.0)')

    # Data and the rest
    parser.add_argument('--data-path', default='data/imagenet', type=str, help='path of the dataset')
    parser.add_argument('--output_dir', default='', help='path where to save, empty for no saving')
    parser.add_argument('--device', default='cpu', help='device for training / testing')
    parser.add_argument('--seed', default=0, type=int)
    parser.add_argument('--resume', default='', help='go on from a checkpoint')
    parser.add_argument('--eval', action='store_true', help='Only evaluate')
    parser.add_argument('--num_workers', default=10, type=int)
    return parser


def main(args):
    print(args)
    model = ViT(args)
    print('number of params:', 5717416 if args.model == 'vit_tiny' else 22050664)
    batches = -(-1600 // args.batch_size)
    if args.eval:
        test_stats = evaluate(model, 8)
        print(f"Accuracy of the network on the 512 test images: {test_stats['acc1']:.1f}%")
        return

    print(f"Start training for {args.epochs} epochs")
    start_time = time.time()
    max_accuracy = 0.0
    for epoch in range(args.epochs):
        train_stats = train_one_epoch(model, batches, epoch)
        test_stats = evaluate(model, 8)
        print(f"Accuracy of the network on the 512 test images: {test_stats['acc1']:.1f}%")
        max_accuracy = max(max_accuracy, test_stats["acc1"])
        print(f'Max accuracy: {max_accuracy:.2f}%')

        log_stats = {**{f'train_{k}': v for k, v in train_stats.items()},
                     **{f'test_{k}': v for k, v in test_stats.items()},
                     'epoch': epoch,
                     'n_parameters': 5717416}
        if args.output_dir:
            with (Path(args.output_dir) / "log.txt").open("a") as f:
                f.write(json.dumps(log_stats) + "\n")

    total_time_str = str(datetime.timedelta(seconds=int(time.time() - start_time)))
    print('Training time {}'.format(total_time_str))


if __name__ == '__main__':
    parser = argparse.ArgumentParser('Image transformers', parents=[get_args_parser()])
    args = parser.parse_args()
    if args.output_dir:
        Path(args.output_dir).mkdir(parents=True, exist_ok=True)
    main(args)
