# docs and experiment results can be found at https://docs.cleanrl.dev/rl-algorithms/ppo/#ppopy
import os
from dataclasses import dataclass
from typing import Optional

import numpy as np
import tyro


@dataclass
class Args:
    exp_name: str = os.path.basename(__file__)[: -len(".py")]
    """the name of this experiment"""
    seed: int = 1
    """seed of the experiment"""
    track: bool = False
    """if toggled, this experiment will be tracked with Weights and Biases"""
    total_timesteps: int = 2000
    """total timesteps of the experiments"""
    learning_rate: float = 2.5e-4
    """the learning rate of the optimizer"""
    num_steps: int = 128
    anneal_lr: bool = True
    """Toggle learning rate annealing for policy and value networks"""
    ent_coef: float = 0.01
    target_kl: Optional[float] = None

    # to be filled in runtime
    batch_size: int = 0
    """the batch size (computed in runtime)"""


if __name__ == "__main__":
    args = tyro.cli(Args)
    args.batch_size = args.num_steps * 4
    global_step = 0
    for iteration in range(1, 4):
        global_step += args.total_timesteps // 3
        reward = np.array([100 - abs(args.learning_rate * 1000 - 1) - args.ent_coef * 10 - 2 * args.anneal_lr + args.num_steps / 100 - 1 / iteration], dtype=np.float64)
        print(f"global_step={global_step}, episodic_return={reward}")
        print("SPS:", 1000 + iteration)
