import argparse
import random

import numpy as np

from exp.exp_long_term_forecasting import Exp_Long_Term_Forecast
from utils.print_args import print_args

if __name__ == '__main__':
    fix_seed = 2021
    random.seed(fix_seed)
    np.random.seed(fix_seed)

    parser = argparse.ArgumentParser(description='Forecasts of long horizons')

    # basic config
    parser.add_argument('--task_name', type=str, required=True, default='long_term_forecast',
                        help='what to learn')
    parser.add_argument('--is_training', type=int, required=True, default=1, help='status')
    parser.add_argument('--model_id', type=str, required=True, default='test', help='model id')
    parser.add_argument('--model', type=str, required=True, default='DLinear',
                        help='which model')

    # data loader
    parser.add_argument('--data', type=str, required=True, default='ETTh1', help='dataset type')
    parser.add_argument('--root_path', type=str, default='./data/ETT/', help='folder of the data')
    parser.add_argument('--data_path', type=str, default='ETTh1.csv', help='data file')
    parser.add_argument('--features', type=str, default='M', help='many or single series')
    parser.add_argument('--target', type=str, default='OT', help='column that is forecast')
    parser.add_argument('--checkpoints', type=str, default='./checkpoints/', help='folder of the checkpoints')

    # forecasting task
    parser.add_argument('--seq_len', type=int, default=96, help='steps that are seen')
    parser.add_argument('--label_len', type=int, default=48, help='steps that the decoder is given')
    parser.add_argument('--pred_len', type=int, default=24, help='steps that are forecast')

    # model define
    parser.add_argument('--d_model', type=int, default=512, help='dimension of model')
    parser.add_argument('--n_heads', type=int, default=8, help='num of heads')
    parser.add_argument('--e_layers', type=int, default=2, help='num of encoder layers')
    parser.add_argument('--d_ff', type=int, default=2048, help='dimension of fcn')
    parser.add_argument('--dropout', type=float, default=0.1, help='dropout')
    parser.add_argument('--embed', type=str, default='timeF', help='time features encoding')

    # optimization
    parser.add_argument('--num_workers', type=int, default=10, help='data loader num workers')
    parser.add_argument('--itr', type=int, default=1, help='experiments times')
    parser.add_argument('--train_epochs', type=int, default=4, help='train epochs')
    parser.add_argument('--batch_size', type=int, default=32, help='windows per step')
    parser.add_argument('--patience', type=int, default=3, help='epochs without a gain')
    parser.add_argument('--learning_rate', type=float, default=0.0001, help='step size')
    parser.add_argument('--des', type=str, default='test', help='exp description')
    parser.add_argument('--lradj', type=str, default='type1', help='adjust learning rate')

    args = parser.parse_args()

    print('Args in experiment:')
    print_args(args)

    if args.is_training:
        for ii in range(args.itr):
            exp = Exp_Long_Term_Forecast(args)
            setting = '{}_{}_{}_{}_ft{}_sl{}_ll{}_pl{}_dm{}_nh{}_el{}_{}_{}'.format(
                args.task_name, args.model_id, args.model, args.data, args.features, args.seq_len, args.label_len,
                args.pred_len, args.d_model, args.n_heads, args.e_layers, args.des, ii)

            print('>>>>>>>start training : {}>>>>>>>>>>>>>>>>>>>>>>>>>>'.format(setting))
            exp.train(setting)

            print('>>>>>>>testing : {}<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<'.format(setting))
            exp.test(setting)
    else:
        exp = Exp_Long_Term_Forecast(args)
        ii = 0
        setting = '{}_{}_{}_{}_ft{}_sl{}_ll{}_pl{}_dm{}_nh{}_el{}_{}_{}'.format(
            args.task_name, args.model_id, args.model, args.data, args.features, args.seq_len, args.label_len,
            args.pred_len, args.d_model, args.n_heads, args.e_layers, args.des, ii)
        print('>>>>>>>testing : {}<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<'.format(setting))
        exp.test(setting, test=1)
