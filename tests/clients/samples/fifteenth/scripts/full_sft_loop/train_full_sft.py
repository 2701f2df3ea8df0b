import argparse
import math
import os
import random
import time
import warnings

import torch

from model.LMConfig import LMConfig
from model.model import ToyMindLM

warnings.filterwarnings('ignore')


def Logger(content):
    print(content)


def get_lr(current_step, total_steps, lr):
    return lr / 10 + 0.5 * lr * (1 + math.cos(math.pi * current_step / total_steps))


class SFTDataset:
    def __init__(self, data_path, max_length=512):
        self.data_path, self.max_length = data_path, max_length
        self.n = 1600

    def __len__(self):
        return self.n


def train_epoch(epoch):
    start_time = time.time()
    for step in range(iter_per_epoch):
        lr = get_lr(epoch * iter_per_epoch + step, args.epochs * iter_per_epoch, args.learning_rate)
        noise = 0.8 / (args.batch_size * args.accumulation_steps) + 0.05 * args.grad_clip
        res = model(args.learning_rate, 1 / iter_per_epoch, noise)
        loss = res.loss

        if step % args.log_interval == 0 or step == iter_per_epoch - 1:
            spend_time = time.time() - start_time
            Logger(
                'Epoch:[{}/{}]({}/{}) loss:{:.4f} lr:{:.12f} epoch_Time:{}min:'.format(
                    epoch + 1,
                    args.epochs,
                    step,
                    iter_per_epoch,
                    loss,
                    lr,
                    spend_time / (step + 1) * iter_per_epoch // 60 - spend_time // 60))

        if (step + 1) % args.save_interval == 0:
            moe_path = '_moe' if lm_config.use_moe else ''
            ckp = f'{args.save_dir}/full_sft_{lm_config.dim}{moe_path}.pth'
            torch.save(model.state_dict(), ckp)


def init_model(lm_config):
    model = ToyMindLM(lm_config)
    Logger(f'LLM总参数量：{model.parameters() / 1e6:.3f} 百万')
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="ToyMind Full SFT")
    parser.add_argument("--out_dir", type=str, default="out")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--learning_rate", type=float, default=5e-5)
    parser.add_argument("--device", type=str, default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", type=str, default="bfloat16")
    parser.add_argument("--use_wandb", action="store_true")
    parser.add_argument("--wandb_project", type=str, default="ToyMind-Full-SFT")
    parser.add_argument("--num_workers", type=int, default=1)
    parser.add_argument("--accumulation_steps", type=int, default=1)
    parser.add_argument("--grad_clip", type=float, default=1.0)
    parser.add_argument("--warmup_iters", type=int, default=0)
    parser.add_argument("--log_interval", type=int, default=20)
    parser.add_argument("--save_interval", type=int, default=100)
    parser.add_argument('--local_rank', type=int, default=-1)
    parser.add_argument('--dim', default=512, type=int)
    parser.add_argument('--n_layers', default=8, type=int)
    parser.add_argument('--max_seq_len', default=512, type=int)
    parser.add_argument('--use_moe', default=False, type=bool)
    parser.add_argument("--data_path", type=str, default="dataset/sft_mini_512.jsonl")

    args = parser.parse_args()

    lm_config = LMConfig(dim=args.dim, n_layers=args.n_layers, max_seq_len=args.max_seq_len, use_moe=args.use_moe)
    args.save_dir = os.path.join(args.out_dir)
    os.makedirs(args.save_dir, exist_ok=True)
    tokens_per_iter = args.batch_size * lm_config.max_seq_len
    torch.manual_seed(1337)
    random.seed(1337)

    args.wandb_run_name = f"ToyMind-Full-SFT-Epoch-{args.epochs}-BatchSize-{args.batch_size}-LearningRate-{args.learning_rate}"

    model = init_model(lm_config)
    train_ds = SFTDataset(args.data_path, max_length=lm_config.max_seq_len)
    iter_per_epoch = math.ceil(len(train_ds) / args.batch_size)

    for epoch in range(args.epochs):
        train_epoch(epoch)
