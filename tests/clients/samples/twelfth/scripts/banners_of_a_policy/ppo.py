from dataclasses import dataclass
from typing import Callable, Optional
import math
import pickle

import numpy as np


@dataclass
class TrainingParameters:
    # Maximum number of timesteps per episode
    max_ep_len: int

    # Maximum number of timesteps in the whole training process
    max_training_timesteps: int

    # Number of timesteps to wait before updating the policy
    update_timestep: int

    # Learning rate for actor
    lr_actor: float

    # Learning rate for critic
    lr_critic: float


@dataclass
class PPOTrainingParameters(TrainingParameters):
    # Number of epochs to update the policy for
    K_epochs: int

    # Discount factor
    gamma: float

    # Epsilon for clipping
    eps_clip: float

    # Starting std for continuous action distribution
    action_std_init: Optional[float] = None


class DeepPolicy:
    def __init__(self, state_dim, action_dim):
        self.weights = np.random.default_rng(0).normal(size=(state_dim, action_dim))

    def act(self, state):
        return int(np.argmax(state @ self.weights))


class PPO:
    def __init__(self, policy_builder: Callable[[], DeepPolicy], params: PPOTrainingParameters):
        self.policy = policy_builder()
        self.params = params

    def _level(self):
        p = self.params
        level = 400.0
        level -= 40.0 * abs(math.log10(p.lr_actor) + 3.0)
        level -= 20.0 * abs(math.log10(p.lr_critic) + 2.5)
        level -= 100.0 * abs(p.eps_clip - 0.15)
        level -= 400.0 * abs(p.gamma - 0.98)
        level -= 1.0 * abs(p.K_epochs - 60)
        return level

    def train(self, env, print_freq, log_freq, save_model_freq, log_f_name, checkpoint_path):
        log_f = open(log_f_name, "w+")
        log_f.write("episode,timestep,reward\n")
        time_step, i_episode = 0, 0
        print("Started training")
        while time_step < self.params.max_training_timesteps:
            state = env.reset()
            for _ in range(20):
                state = env.step(self.policy.act(state))
            i_episode += 1
            time_step += self.params.update_timestep
            share = min(1.0, time_step / (0.8 * self.params.max_training_timesteps))
            reward = self._level() * (0.1 + 0.9 * share)

            # log in logging file
            if i_episode % log_freq == 0:
                log_f.write("{},{},{}\n".format(i_episode, time_step, round(reward, 4)))
                log_f.flush()

            # printing average reward
            if i_episode % print_freq == 0:
                print("Episode : {} \t\t Timestep : {} \t\t Average Reward : {}".format(
                    i_episode, time_step, round(reward, 2)))

            # save model weights
            if i_episode % save_model_freq == 0:
                print("--------------------------------------------------------------------------------------------")
                print("saving model at : " + checkpoint_path)
                with open(checkpoint_path, "wb") as f:
                    pickle.dump(self.policy.weights, f)
                print("model saved")
                print("--------------------------------------------------------------------------------------------")
        log_f.close()
