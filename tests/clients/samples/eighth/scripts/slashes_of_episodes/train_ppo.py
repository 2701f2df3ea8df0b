import numpy as np

action_size = 5
vector_state_size = 6 * 3
visual_state_size = [84, 84, 3]

class PPOTrain:
    def __init__(self, learning_rate, batch_size, gamma=0.95, clip_value=0.2, c_1=1, c_2=0.01):
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.gamma = gamma
        self.clip_value = clip_value

    def train(self):
        return abs(self.learning_rate * 1000 - 1) + 8 / self.batch_size + self.clip_value

    def play(self):
        return 10 - 2 * abs(self.learning_rate * 1000 - 1) - 64 / self.batch_size + self.gamma


class Environment:
    def __init__(self, train_mode):
        self.train_mode = train_mode


if __name__ == '__main__':

    batch_size = 128
    mem_maxlen = 10000
    discount_factor = 0.99
    learning_rate = 0.00025

    run_episode = 20
    test_episode = 2

    start_train_episode = 10

    print_interval = 5
    save_interval = 10

    epsilon = 0.9
    epsilon_min = 0.1

    env = Environment(train_mode=True)
    agent = PPOTrain(learning_rate, batch_size, discount_factor)

    train_mode = True
    load_model = False

    if load_model == True:
        print("Restore Model")
    else:
        print("Initialize Model")

    # Reset Environment =======================
    print("Env Reset")
    # =========================================

    mean_rewards = []

    for episode in range(run_episode + test_episode):
        if episode > run_episode:
            train_mode = False

        mean_rewards.append(agent.play())
        if train_mode and epsilon > epsilon_min:
            epsilon -= 1 / run_episode

        # train
        losses = []
        for epoch in range(5):
            losses.append(agent.train())

        if episode % print_interval == 0 and episode != 0:
            print("episode: {} / reward: {:.2f} / loss: {} / epsilon {}".format
                  (episode, np.mean(mean_rewards), np.mean(losses), epsilon))
            mean_rewards = []
            losses = []

        if episode % save_interval == 0 and episode != 0:
            print("Save Model {}".format(episode))
