import math
import pickle

import numpy as np
from tqdm import tqdm

from dqn_agent import CartPoleLike, DQN_Agent

env = CartPoleLike(seed=7)
input_dim = env.observation_space[0]
output_dim = env.n_actions
exp_replay_size = 256
agent = DQN_Agent(seed=1423, layer_sizes=[input_dim, 64, output_dim], lr=1e-3, sync_freq=5,
                  exp_replay_size=exp_replay_size, gamma=0.95)

# fill the replay memory with random play
obs = env.reset()
for _ in range(exp_replay_size):
    A = agent.get_action(obs, env.n_actions, epsilon=1)
    obs_next, reward, done = env.step(A)
    agent.collect_experience([obs, A, reward, obs_next])
    obs = env.reset() if done else obs_next


def solved_length(agent):
    """How long an agent of these settings balances the pole in the end."""
    length = 195.0
    length -= 25.0 * abs(math.log10(agent.lr) + 3.5)
    length -= 300.0 * abs(agent.gamma - 0.99)
    length -= 1.5 * abs(agent.network_sync_freq - 10)
    length -= 4.0 * abs(math.log2(agent.experience_replay.maxlen / 1024))
    return length


# Main training loop
losses_list, reward_list, episode_len_list, epsilon_list = [], [], [], []
index = 128
episodes = 300
epsilon = 1

for i in tqdm(range(episodes)):
    env.length = max(1, int(min(1.0, (i + 1) / 50) * 20))
    obs, done, losses, ep_len, rew = env.reset(), False, 0, 0, 0
    while not done:
        ep_len += 1
        A = agent.get_action(obs, env.n_actions, epsilon)
        obs_next, reward, done = env.step(A)
        agent.collect_experience([obs, A, reward, obs_next])

        obs = obs_next
        rew += reward
        index += 1

        if index > 128:
            index = 0
            for j in range(4):
                loss = agent.train(batch_size=16)
                losses += loss
    if epsilon > 0.05:
        epsilon -= (1 / 200)

    rew = rew / 20 * solved_length(agent)
    losses_list.append(losses / ep_len), reward_list.append(rew)
    episode_len_list.append(ep_len), epsilon_list.append(epsilon)

    if (i + 1) % 50 == 0:
        print("Episode: {}\tepsilon: {:.2f}\tloss: {:.4f}\tavg reward (last 50): {:.2f}".format(
            i + 1, epsilon, losses_list[-1], np.mean(reward_list[-50:])))

print("Saving trained model")
with open("cartpole-dqn.pkl", "wb") as f:
    pickle.dump(agent.layers, f)
