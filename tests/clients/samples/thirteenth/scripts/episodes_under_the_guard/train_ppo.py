import copy
import math
import os

import numpy as np

action_size = 5
vector_state_size = 6 * 3


class GridEnvironment:
    """Stands for the Unity environment: rewards grow with the skill of the policy."""

    def __init__(self, file_name, worker_id=0):
        self.file_name = file_name
        self.steps = 0

    def reset(self, train_mode=True):
        self.steps = 0
        return np.zeros(vector_state_size)

    def step(self, action, skill):
        self.steps += 1
        done = self.steps >= 20
        return np.full(vector_state_size, self.steps / 20), skill / 20, done


class PPOTrain:
    def __init__(self, gamma=0.95, clip_value=0.2, c_1=1, c_2=0.01, learning_rate=1e-4, batch_size=64):
        self.gamma = gamma
        self.clip_value = clip_value
        self.c_1 = c_1
        self.c_2 = c_2
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.skill = 0.0

    def best_skill(self):
        skill = 200 - 30 * abs(math.log10(self.learning_rate) + 3.5) - 400 * abs(self.gamma - 0.98)
        skill -= abs(self.batch_size - 64) / 4 + 100 * abs(self.clip_value - 0.1)
        return skill

    def act(self, state, rng):
        return int(rng.integers(0, action_size)), float(state.sum())

    def train(self, rewards, gaes, progress):
        self.skill = self.best_skill() * min(1.0, progress)
        ratio = np.clip(1 + 0.01 * np.asarray(gaes), 1 - self.clip_value, 1 + self.clip_value)
        return float(np.mean(ratio) / (1 + abs(self.skill)))

    def get_gaes(self, rewards, v_preds, v_preds_next):
        deltas = [r_t + self.gamma * v_next - v for r_t, v_next, v in zip(rewards, v_preds_next, v_preds)]
        gaes = copy.deepcopy(deltas)
        for t in reversed(range(len(gaes) - 1)):
            gaes[t] = gaes[t] + self.gamma * gaes[t + 1]
        return gaes


if __name__ == '__main__':

    batch_size = 128
    discount_factor = 0.99
    learning_rate = 0.00025
    clip_value = 0.2

    run_episode = 300
    test_episode = 50

    print_interval = 10
    save_interval = 100

    epsilon = 0.9
    epsilon_min = 0.1

    env_name = "../env/Drone"
    save_path = "./saved_models/drone_ppo"

    env = GridEnvironment(file_name=env_name, worker_id=0)
    rng = np.random.default_rng(0)

    agent = PPOTrain(gamma=discount_factor, clip_value=clip_value, learning_rate=learning_rate, batch_size=batch_size)

    train_mode = True
    load_model = False

    if load_model == True:
        with np.load(save_path + "/model.npz") as data:
            agent.skill = float(data["skill"])
        print("Restore Model")
    else:
        print("Initialize Model")

    env.reset(train_mode=train_mode)
    print("Env Reset")

    os.makedirs(save_path, exist_ok=True)
    mean_rewards = []
    losses = []

    for episode in range(run_episode + test_episode + 1):
        if episode > run_episode:
            train_mode = False

        actions = []
        v_preds = []
        rewards = []

        state = env.reset(train_mode=train_mode)
        episode_rewards = 0
        done = False

        while not done:
            action, v_pred = agent.act(state, rng)
            state, reward, done = env.step(action, agent.skill)
            episode_rewards += reward
            actions.append(action)
            v_preds.append(v_pred)
            rewards.append(reward)

        if train_mode and epsilon > epsilon_min:
            epsilon -= 1 / run_episode

        v_preds_next = v_preds[1:] + [0]
        mean_rewards.append(episode_rewards)
        gaes = agent.get_gaes(rewards=rewards, v_preds=v_preds, v_preds_next=v_preds_next)

        if train_mode:
            losses.append(agent.train(rewards, gaes, progress=(episode + 1) / (0.8 * run_episode)))

        if episode % print_interval == 0 and episode != 0:
            print("episode: {} / reward: {:.2f} / loss: {} / epsilon {}".format
                  (episode, np.mean(mean_rewards), np.mean(losses), epsilon))
            mean_rewards = []
            losses = losses[-1:]

        if episode % save_interval == 0 and episode != 0:
            np.savez(save_path + "/model.npz", skill=agent.skill)
            print("Save Model {}".format(episode))
