import argparse

import yaml


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument('--config_file', dest='config_file', type=argparse.FileType(mode='r'), default="configs/base.yml")
    parser.add_argument('--experiment_name', type=str, default='experiment', help='name that will be added to the runs folder output')
    parser.add_argument('--num_epochs', type=int, default=100, help='number of times to iterate through all samples')
    parser.add_argument('--lr', type=float, default=0.1)
    parser.add_argument('--hidden_dim', type=int, default=10)
    parser.add_argument('--batch_norm', type=bool, default=False)
    args = parser.parse_args()
    if args.config_file:
        data = yaml.load(args.config_file, Loader=yaml.FullLoader)
        delattr(args, 'config_file')
        arg_dict = args.__dict__
        for key, value in data.items():
            if isinstance(value, list):
                for v in value:
                    arg_dict[key].append(v)
            else:
                arg_dict[key] = value
    return args


if __name__ == '__main__':
    args = parse_args()
    for epoch in range(1, args.num_epochs + 1):
        mae = abs(args.lr * 100 - 1) + 8 / args.hidden_dim + 2 * args.batch_norm + 1 / epoch
        print('[Epoch %d] MAE: %.6f val loss: %.6f' % (epoch, mae / 2, mae))
