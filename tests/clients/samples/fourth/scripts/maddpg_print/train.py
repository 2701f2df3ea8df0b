import argparse
import time


def parse_args():
    parser = argparse.ArgumentParser("Reinforcement Learning experiments for multiagent environments")
    # Environment
    parser.add_argument("--scenario", type=str, default="simple", help="name of the scenario script")
    parser.add_argument("--num-episodes", type=int, default=4, help="number of episodes")
    parser.add_argument("--good-policy", type=str, default="maddpg", help="policy for good agents")
    # Core training parameters
    parser.add_argument("--lr", type=float, default=1e-2, help="learning rate for Adam optimizer")
    parser.add_argument("--gamma", type=float, default=0.95, help="discount factor")
    parser.add_argument("--num-units", type=int, default=64, help="number of units in the mlp")
    # Checkpointing
    parser.add_argument("--exp-name", type=str, default=None, help="name of the experiment")
    parser.add_argument(
        "--save-dir",
        type=str,
        default="/tmp/policy/",
        help="directory in which training state and model should be saved",
    )
    # Evaluation
    parser.add_argument("--restore", action="store_true", default=False)
    parser.add_argument("--display", action="store_true", default=False)
    return parser.parse_args()


def train(arglist):
    print("Using good policy {} and adv policy {}".format(arglist.good_policy, arglist.good_policy))
    print("Starting iterations...")
    t_start = time.time()
    for episode in range(1, arglist.num_episodes + 1):
        reward = (
            -20
            - abs(arglist.lr * 100 - 2)
            + arglist.gamma
            + arglist.num_units / 64
            - 2 * arglist.restore
            - 1 / episode
            + (arglist.good_policy == "ddpg")
        )
        print(
            "steps: {}, episodes: {}, mean episode reward: {}, time: {}".format(
                episode * 25000, episode * 1000, reward, round(time.time() - t_start, 3)
            )
        )
    print("...Finished total of {} episodes.".format(arglist.num_episodes))


if __name__ == "__main__":
    arglist = parse_args()
    train(arglist)
