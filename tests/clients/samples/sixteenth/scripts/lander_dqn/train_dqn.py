import random
import sys
from collections import deque

from lander import Lander

BUFFER_SIZE = int(1e5)  # replay buffer size
BATCH_SIZE = 64         # minibatch size
GAMMA = 0.99            # discount factor
TAU = 1e-3              # for soft update of target parameters
LR = 5e-4               # learning rate
UPDATE_EVERY = 4        # how often to update the network

NUM_EPISODES = 400
MAX_T = 1000
EPS_START = 1.0
EPS_END = 0.01
EPS_DECAY = 0.995


class ReplayBuffer:
    def __init__(self, buffer_size, batch_size):
        self.memory = deque(maxlen=buffer_size)
        self.batch_size = batch_size

    def add(self, *experience):
        self.memory.append(experience)

    def sample(self):
        return random.sample(self.memory, k=self.batch_size)

    def __len__(self):
        return len(self.memory)


class Agent:
    """Interacts with and learns from the environment."""

    def __init__(self, state_size, action_size, seed):
        self.action_size = action_size
        random.seed(seed)
        self.memory = ReplayBuffer(BUFFER_SIZE, BATCH_SIZE)
        self.t_step = 0
        self.h = dict(LR=LR, GAMMA=GAMMA, BATCH_SIZE=BATCH_SIZE, TAU=TAU, UPDATE_EVERY=UPDATE_EVERY, EPS_DECAY=EPS_DECAY)

    def act(self, state, eps=0.):
        return random.randrange(self.action_size)

    def step(self, state, action, reward, next_state, done):
        self.memory.add(state, action, reward, next_state, done)
        self.t_step = (self.t_step + 1) % UPDATE_EVERY


def dqn(env, agent):
    """Deep Q-Learning."""
    scores = []                        # list containing scores from each episode
    scores_window = deque(maxlen=100)  # last 100 scores
    eps = EPS_START
    for i_episode in range(1, NUM_EPISODES + 1):
        state = env.reset()
        score = 0
        for t in range(MAX_T):
            action = agent.act(state, eps)
            next_state, reward, done, _ = env.step(agent, i_episode, action)
            agent.step(state, action, reward, next_state, done)
            state = next_state
            score += reward
            if done:
                break
        scores_window.append(score)
        scores.append(score)
        eps = max(EPS_END, EPS_DECAY * eps)
        mean = sum(scores_window) / len(scores_window)
        print('\rEpisode {}\tAverage Score: {:.2f}'.format(i_episode, mean), end="")
        if i_episode % 100 == 0:
            print('\rEpisode {}\tAverage Score: {:.2f}'.format(i_episode, mean))
        sys.stdout.flush()
    print()
    return scores


if __name__ == '__main__':
    env = Lander(seed=0)
    print('State shape: ', (env.observation_n,))
    print('Number of actions: ', env.action_space_n)
    dqn(env, Agent(state_size=env.observation_n, action_size=env.action_space_n, seed=0))
