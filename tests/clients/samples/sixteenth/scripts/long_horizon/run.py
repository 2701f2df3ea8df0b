import argparse
import random

from exp.exp_forecasting import Exp_Long_Term_Forecast

if __name__ == '__main__':
    fix_seed = 2021
    random.seed(fix_seed)

    parser = argparse.ArgumentParser(description='Transformers for long horizons')

    # basic config
    parser.add_argument('--is_training', type=int, default=1, help='0: only test')
    parser.add_argument('--model_id', type=str, required=True, default='test', help='model id')
    parser.add_argument('--model', type=str, default='PatchTST', help='one of Autoformer, Informer, PatchTST')

    # data loader
    parser.add_argument('--data', type=str, default='ETTh1', help='name of the data')
    parser.add_argument('--features', type=str, default='M', help='M: many to many, S: one to one, MS: many to one')
    parser.add_argument('--checkpoints', type=str, default='./checkpoints/', help='folder of the checkpoints')

    # forecasting task
    parser.add_argument('--seq_len', type=int, default=96, help='steps that are seen')
    parser.add_argument('--label_len', type=int, default=48, help='steps that the decoder sees')
    parser.add_argument('--pred_len', type=int, default=96, help='steps that are predicted')

    # model define
    parser.add_argument('--d_model', type=int, default=512, help='width of the model')
    parser.add_argument('--n_heads', type=int, default=8, help='heads of attention')
    parser.add_argument('--e_layers', type=int, default=2, help='layers of the encoder')
    parser.add_argument('--d_layers', type=int, default=1, help='layers of the decoder')
    parser.add_argument('--d_ff', type=int, default=2048, help='width of the feed-forward layers')
    parser.add_argument('--moving_avg', type=int, default=25, help='window of the moving average')
    parser.add_argument('--factor', type=int, default=1, help='factor of sparse attention')
    parser.add_argument('--dropout', type=float, default=0.1, help='dropout')
    parser.add_argument('--embed', type=str, default='timeF', help='how times are embedded')
    parser.add_argument('--activation', type=str, default='gelu', help='activation')

    # optimization
    parser.add_argument('--num_workers', type=int, default=0, help='workers of the loader')
    parser.add_argument('--itr', type=int, default=1, help='how many times')
    parser.add_argument('--train_epochs', type=int, default=6, help='epochs')
    parser.add_argument('--batch_size', type=int, default=32, help='windows per batch')
    parser.add_argument('--patience', type=int, default=3, help='epochs without progress before it stops')
    parser.add_argument('--learning_rate', type=float, default=0.0001, help='learning rate of Adam')
    parser.add_argument('--des', type=str, default='test', help='a word for the name of the run')
    parser.add_argument('--lradj', type=str, default='type1', help='how the learning rate falls')
    parser.add_argument('--use_amp', action='store_true', help='mixed precision', default=False)

    args = parser.parse_args()

    print('Args in experiment:')
    print(args)

    for ii in range(args.itr):
        # setting record of experiments
        setting = '{}_{}_{}_ft{}_sl{}_pl{}_dm{}_nh{}_el{}_df{}_{}_{}'.format(
            args.model_id, args.model, args.data, args.features, args.seq_len, args.pred_len,
            args.d_model, args.n_heads, args.e_layers, args.d_ff, args.des, ii)

        exp = Exp_Long_Term_Forecast(args)  # set experiments
        if args.is_training:
            print('>>>>>>>start training : {}>>>>>>>>>>>>>>>>>>>>>>>>>>'.format(setting))
            exp.train(setting)
        print('>>>>>>>testing : {}<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<'.format(setting))
        exp.test(setting)
