import os
from datetime import datetime

import numpy as np

from ppo import PPO, DeepPolicy, PPOTrainingParameters

LINE = "=" * 92
print(LINE)

env_name = "Balance-v1"
random_seed = 0  # 0 stands for "leave it to chance" in the longer runs


class Balance:
    state_dim = 4
    action_dim = 2

    def __init__(self):
        self.rng = np.random.default_rng(random_seed)

    def reset(self):
        return self.rng.normal(size=self.state_dim)

    def step(self, action):
        return self.rng.normal(size=self.state_dim) + action


env = Balance()
print("environment : " + env_name)

# ------------------------------ log files ------------------------------
# every run writes a file of its own, with the next free number

log_dir = os.path.join("PPO_logs", env_name)
os.makedirs(log_dir, exist_ok=True)
run_num = len([one for one in os.listdir(log_dir) if one.endswith(".csv")])
log_f_name = os.path.join(log_dir, "PPO_" + env_name + "_log_" + str(run_num) + ".csv")

print("number of this run of " + env_name + " : ", run_num)
print("log file : " + log_f_name)

# ----------------------------- checkpoints -----------------------------

run_num_pretrained = 0
directory = os.path.join("PPO_preTrained", env_name)
os.makedirs(directory, exist_ok=True)
checkpoint_path = os.path.join(directory, "PPO_{}_{}_{}.pth".format(env_name, random_seed, run_num_pretrained))
print("checkpoint : " + checkpoint_path)

# ------------------------------ parameters -----------------------------

params = PPOTrainingParameters(
    max_training_timesteps=int(4e4),
    max_ep_len=400,
    update_timestep=1600,
    K_epochs=40,
    eps_clip=0.2,
    gamma=0.99,
    lr_actor=0.0003,
    lr_critic=0.001,
)


def make_policy():
    return DeepPolicy(state_dim=env.state_dim, action_dim=env.action_dim)


ppo_agent = PPO(policy_builder=make_policy, params=params)

start_time = datetime.now().replace(microsecond=0)
print("Start : ", start_time)
print(LINE)

ppo_agent.train(
    env=env,
    print_freq=1,
    log_freq=1,
    save_model_freq=10,
    log_f_name=log_f_name,
    checkpoint_path=checkpoint_path,
)

print(LINE)
end_time = datetime.now().replace(microsecond=0)
print("End : ", end_time)
print("Duration : ", end_time - start_time)
print(LINE)
