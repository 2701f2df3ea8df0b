from dataclasses import dataclass


@dataclass
class Out:
    policy_loss: float
    value_loss: float
    approx_kl: float
    clip_frac: float


def reward(args):
    value = 0.9 - abs(args.policy_lr * 1e5 - 2) / 10 - args.beta - (1 - args.lam) - 0.1 / args.epochs_per_batch
    return value - abs(args.value_lr * 1e4 - 2) / 20


def step_loss(args, step):
    return Out(-0.01 / step, 2 / step, 0.001 * step, args.eps_clip / 10)
