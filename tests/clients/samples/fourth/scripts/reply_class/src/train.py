import argparse

from config import Config


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "-l", "--logs_path", dest="logs_path", help="path of the checkpoint folder", default="./logs", type=str
    )
    parser.add_argument("-r", "--restore", dest="restore", help="restore checkpoint", default=None, type=str)
    parser.add_argument("-t", "--train", dest="train", help="train policy or not", default=True, type=bool)
    parser.add_argument("-g", "--discount", dest="gamma", default=0.9, type=float)
    args = parser.parse_args()

    return args


args = parse_args()


def main():
    for episode in range(1, Config.total_episode + 1):
        t_alive = 100
        total_reward = 50 + 10 * args.gamma + 5 * args.train - 1 / episode - Config.batch_size / 100
        loss = 1 / (1 + total_reward)
        if episode % Config.show_loss_frequency == 0:
            print("Episode: {} t: {} Reward: {:.3f} Loss: {:.3f}".format(episode, t_alive, total_reward, loss))


if __name__ == "__main__":
    print(args)
    main()
