r"""Trains a DQN agent on LunarLander.

Example:
  python run_dqn.py --learning_rate=1e-3 --num_episodes=100
"""
from absl import app
from absl import flags
from absl import logging

import gymnasium as gym
import numpy as np
import torch

from agent import Agent

FLAGS = flags.FLAGS

flags.DEFINE_string("environment_name", "LunarLander-v3", "Name of the environment.")
flags.DEFINE_integer("seed", 42, "Random seed.")
flags.DEFINE_integer("num_episodes", 100, "Number of training episodes.")
flags.DEFINE_integer("num_eval_episodes", 10, "Number of evaluation episodes.")
flags.DEFINE_integer("log_every", 20, "Log every so many episodes.")
flags.DEFINE_float("learning_rate", 1e-3, "Learning rate of Adam.")
flags.DEFINE_float("gamma", 0.99, "Discount factor.", lower_bound=0.0, upper_bound=1.0)
flags.DEFINE_integer("hidden_size", 64, "Units of the hidden layer.")
flags.DEFINE_integer("batch_size", 64, "Batch size of replay samples.")
flags.DEFINE_integer("epsilon_decay_episodes", 50, "Episodes over which exploration decays.")


def run_episode(env, agent, epsilon, learn, seed=None):
    state, _ = env.reset(seed=seed)
    total, done = 0.0, False
    while not done:
        action = agent.act(state, epsilon)
        next_state, reward, terminated, truncated, _ = env.step(action)
        done = terminated or truncated
        if learn:
            agent.learn(state, action, reward, next_state, done)
        state = next_state
        total += reward
    return total


def main(unused_argv):
    torch.manual_seed(FLAGS.seed)
    env = gym.make(FLAGS.environment_name)
    agent = Agent(
        state_dim=env.observation_space.shape[0],
        n_actions=env.action_space.n,
        learning_rate=FLAGS.learning_rate,
        gamma=FLAGS.gamma,
        hidden_size=FLAGS.hidden_size,
        batch_size=FLAGS.batch_size,
        epsilon_decay_episodes=FLAGS.epsilon_decay_episodes,
    )
    returns = []
    for episode in range(1, FLAGS.num_episodes + 1):
        returns.append(run_episode(env, agent, agent.epsilon(episode), learn=True, seed=FLAGS.seed + episode))
        if episode % FLAGS.log_every == 0:
            logging.info("Episode %d: average return over last %d episodes: %.2f", episode, FLAGS.log_every, np.mean(returns[-FLAGS.log_every:]))

    eval_returns = [run_episode(env, agent, 0.0, learn=False) for _ in range(FLAGS.num_eval_episodes)]
    logging.info("Evaluation over %d episodes: mean_return=%.2f std_return=%.2f", FLAGS.num_eval_episodes, np.mean(eval_returns), np.std(eval_returns))
    env.close()


if __name__ == "__main__":
    app.run(main)
