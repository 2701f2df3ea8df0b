"""Deep Q-learning on a lunar-lander-like toy, as in the second project of the course."""
import math
import random
from collections import deque

import numpy as np

BUFFER_SIZE = int(1e5)  # replay buffer size
BATCH_SIZE = 64         # minibatch size
GAMMA = 0.99            # discount factor
TAU = 1e-3              # for soft update of target parameters
LR = 5e-4               # learning rate
UPDATE_EVERY = 4        # how often to update the network


class ToyLander:
    """Its episodes pay what the agent has learnt by then."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def reset(self):
        self.t = 0
        return np.zeros(8)

    def step(self, skill):
        self.t += 1
        return np.full(8, self.t / 20), skill / 20, self.t >= 20


class Agent:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.episodes = 0
        self.memory = deque(maxlen=BUFFER_SIZE)

    def skill(self, eps):
        best = 260 - 40 * abs(math.log10(LR) + 3) - 800 * abs(GAMMA - 0.985) - 10 * abs(math.log10(TAU) + 2.5)
        best -= abs(BATCH_SIZE - 128) / 4 + 5 * abs(UPDATE_EVERY - 4) + 2 * abs(5 - math.log10(BUFFER_SIZE))
        return (best + 200) * min(1, (20 + self.episodes) / 170) * (1 - eps) - 200

    def step(self, state, action, reward, next_state, done):
        self.memory.append((state, action, reward, next_state, done))
        self.episodes += done


def dqn(n_episodes=400, max_t=200, eps_start=1.0, eps_end=0.01, eps_decay=0.98):
    """Learn for so many episodes of so many steps.

    Params
    ======
        n_episodes (int): episodes at most
        max_t (int): steps of an episode at most
        eps_start, eps_end (float): how much it explores at first and in the end
        eps_decay (float): by what epsilon is multiplied after an episode
    """
    scores = []
    scores_window = deque(maxlen=100)
    eps = eps_start
    for i_episode in range(1, n_episodes + 1):
        state = env.reset()
        score = 0
        skill = agent.skill(eps)
        for t in range(max_t):
            next_state, reward, done = env.step(skill)
            agent.step(state, 0, reward, next_state, done)
            state = next_state
            score += reward
            if done:
                break
        scores_window.append(score)
        scores.append(score)
        eps = max(eps_end, eps_decay * eps)
        print('\rEpisode {}\tAverage Score: {:.2f}'.format(i_episode, np.mean(scores_window)), end="")
        if i_episode % 100 == 0:
            print('\rEpisode {}\tAverage Score: {:.2f}'.format(i_episode, np.mean(scores_window)))
        if np.mean(scores_window) >= 250.0:
            print('\nEnvironment solved in {:d} episodes!\tAverage Score: {:.2f}'.format(i_episode - 100, np.mean(scores_window)))
            break
    return scores


if __name__ == '__main__':
    env = ToyLander(seed=0)
    agent = Agent(seed=0)
    scores = dqn()
    np.savetxt('scores.csv', scores, fmt='%.3f', header='score')
