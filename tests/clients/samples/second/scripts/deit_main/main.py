import argparse
import datetime
import json
import time
from pathlib import Path


def get_args_parser():
    parser = argparse.ArgumentParser('DeiT training and evaluation script', add_help=False)
    parser.add_argument('--batch-size', default=64, type=int)
    parser.add_argument('--epochs', default=3, type=int)
    parser.add_argument('--bce-loss', action='store_true')
    # Model parameters
    parser.add_argument('--model', default='deit_base_patch16_224', type=str, metavar='MODEL',
                        help='Name of model to train')
    parser.add_argument('--drop', type=float, default=0.0, metavar='PCT', help='Dropout rate (default: 0.)')
    parser.add_argument('--model-ema', action='store_true')
    parser.add_argument('--no-model-ema', action='store_false', dest='model_ema')
    parser.set_defaults(model_ema=True)
    parser.add_argument('--clip-grad', type=float, default=None, metavar='NORM')
    parser.add_argument('--lr', type=float, default=5e-4, metavar='LR')
    parser.add_argument('--aa', type=str, default='rand-m9-mstd0.5-inc1', metavar='NAME')
    parser.add_argument('--repeated-aug', action='store_true')
    parser.add_argument('--no-repeated-aug', action='store_false', dest='repeated_aug')
    parser.set_defaults(repeated_aug=True)
    parser.add_argument('--data-set', default='IMNET', choices=['CIFAR', 'IMNET', 'INAT', 'INAT19'], type=str)
    parser.add_argument('--output_dir', default='', help='path where to save, empty for no saving')
    parser.add_argument('--device', default='cuda', help='device to use for training / testing')
    parser.add_argument('--seed', default=0, type=int)
    parser.add_argument('--eval', action='store_true', help='Perform evaluation only')
    parser.add_argument('--dist_url', default='env://', help='url used to set up distributed training')
    return parser


def main(args):
    print(args)
    output_dir = Path(args.output_dir)
    print(f"Start training for {args.epochs} epochs")
    start_time = time.time()
    max_accuracy = 0.0
    n_parameters = 86567656
    print('number of params:', n_parameters)
    base = 10 * abs(args.lr - 1e-3) * 100 + args.drop * 10 + 2 * args.model_ema + 4 * args.repeated_aug + len(args.data_set)
    base += 8 * args.bce_loss
    for epoch in range(args.epochs):
        loss = 6.9 / (epoch + 1)
        for step in range(2):
            print(f"Epoch: [{epoch}]  [{step}/2]  eta: 0:00:01  lr: {args.lr:.6f}  loss: {loss:.4f} ({loss:.4f})  "
                  f"time: 0.5000  data: 0.1000  max mem: 100")
        print(f"Epoch: [{epoch}] Total time: 0:00:01 (0.5000 s / it)")
        print(f"Averaged stats: lr: {args.lr:.6f}  loss: {loss:.4f} ({loss:.4f})")
        test_stats = {"loss": loss / 2, "acc1": 90 - base - 1 / (epoch + 1), "acc5": 95.5}
        print(f"Test:  [0/1]  eta: 0:00:00  loss: {loss / 2:.4f} ({loss / 2:.4f})  acc1: {test_stats['acc1']:.4f} "
              f"({test_stats['acc1']:.4f})  acc5: 95.5000 (95.5000)  time: 0.1000  data: 0.1000  max mem: 100")
        print('* Acc@1 {top1:.3f} Acc@5 {top5:.3f} loss {losses:.3f}'
              .format(top1=test_stats["acc1"], top5=95.5, losses=loss / 2))
        print(f"Accuracy of the network on the 50000 test images: {test_stats['acc1']:.1f}%")
        max_accuracy = max(max_accuracy, test_stats["acc1"])
        print(f'Max accuracy: {max_accuracy:.2f}%')
        log_stats = {**{f'train_{k}': v for k, v in {"lr": args.lr, "loss": loss}.items()},
                     **{f'test_{k}': v for k, v in test_stats.items()},
                     'epoch': epoch,
                     'n_parameters': n_parameters}
        if args.output_dir:
            with (output_dir / "log.txt").open("a") as f:
                f.write(json.dumps(log_stats) + "\n")
    total_time = time.time() - start_time
    total_time_str = str(datetime.timedelta(seconds=int(total_time)))
    print('Training time {}'.format(total_time_str))


if __name__ == '__main__':
    parser = argparse.ArgumentParser('DeiT training and evaluation script', parents=[get_args_parser()])
    args = parser.parse_args()
    if args.output_dir:
        Path(args.output_dir).mkdir(parents=True, exist_ok=True)
    main(args)
