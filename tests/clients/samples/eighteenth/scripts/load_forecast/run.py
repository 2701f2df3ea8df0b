import argparse
import random

import torch

from exp.exp_main import Exp_Main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="PatchMixer for Time Series Forecasting")

    # basic config
    parser.add_argument("--model_id", type=str, required=True, default="test", help="model id")
    parser.add_argument("--random_seed", type=int, default=2021, help="random seed")

    # data loader
    parser.add_argument("--data", type=str, required=True, default="ETTm1", help="dataset type")
    parser.add_argument("--root_path", type=str, default="./dataset/", help="root path of the data file")
    parser.add_argument("--checkpoints", type=str, default="./checkpoints/", help="location of model checkpoints")

    # forecasting task
    parser.add_argument("--seq_len", type=int, default=96, help="input sequence length")
    parser.add_argument("--pred_len", type=int, default=24, help="prediction sequence length")

    # model
    parser.add_argument("--patch_len", type=int, default=16, help="patch length")
    parser.add_argument("--d_model", type=int, default=128, help="dimension of model")
    parser.add_argument("--e_layers", type=int, default=3, help="num of layers")
    parser.add_argument("--dropout", type=float, default=0.2, help="dropout")

    # optimization
    parser.add_argument("--num_workers", type=int, default=0, help="data loader num workers")
    parser.add_argument("--itr", type=int, default=1, help="experiments times")
    parser.add_argument("--train_epochs", type=int, default=8, help="train epochs")
    parser.add_argument("--batch_size", type=int, default=32, help="batch size of train input data")
    parser.add_argument("--patience", type=int, default=3, help="early stopping patience")
    parser.add_argument("--learning_rate", type=float, default=0.0001, help="optimizer learning rate")
    parser.add_argument("--des", type=str, default="Exp", help="exp description")
    parser.add_argument("--use_gpu", action="store_true", default=False, help="use gpu")

    args = parser.parse_args()
    random.seed(args.random_seed)
    torch.manual_seed(args.random_seed)

    print("Args in experiment:")
    print(args)

    for ii in range(args.itr):
        setting = "{}_{}_sl{}_pl{}_dm{}_el{}_{}_{}".format(
            args.model_id, args.data, args.seq_len, args.pred_len, args.d_model, args.e_layers, args.des, ii)
        exp = Exp_Main(args)
        print(">>>>>>>start training : {}>>>>>>>>>>>>>>>>>>>>>>>>>>".format(setting))
        exp.train(setting)
        print(">>>>>>>testing : {}<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<".format(setting))
        exp.test(setting)
        torch.cuda.empty_cache()
