import argparse
import os
from datetime import datetime

import gymnasium as gym
import torch

from ppo import PPO


def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--env_name", type=str, default="BipedalWalker-v3")
    parser.add_argument("--max_training_timesteps", type=int, default=10000, help="break training loop if timesteps > this")
    parser.add_argument("--max_ep_len", type=int, default=200, help="max timesteps in one episode")
    parser.add_argument("--print_freq", type=int, default=1000, help="print avg reward in the interval (in num timesteps)")
    parser.add_argument("--log_freq", type=int, default=500, help="log avg reward in the interval (in num timesteps)")
    parser.add_argument("--save_model_freq", type=int, default=5000)
    parser.add_argument("--update_timestep", type=int, default=500, help="update policy every n timesteps")
    parser.add_argument("--K_epochs", type=int, default=40, help="update policy for K epochs")
    parser.add_argument("--eps_clip", type=float, default=0.2, help="clip parameter for PPO")
    parser.add_argument("--gamma", type=float, default=0.99, help="discount factor")
    parser.add_argument("--lr_actor", type=float, default=0.0003, help="learning rate for actor network")
    parser.add_argument("--lr_critic", type=float, default=0.001, help="learning rate for critic network")
    parser.add_argument("--hidden_dim", type=int, default=64)
    parser.add_argument("--random_seed", type=int, default=0, help="set random seed if required (0 = no random seed)")
    parser.add_argument("--log_dir", type=str, default="PPO_logs")
    parser.add_argument("--checkpoint_dir", type=str, default="PPO_preTrained")
    return parser.parse_args()


def train(args):
    print("training environment name : " + args.env_name)
    env = gym.make(args.env_name)
    state_dim = env.observation_space.shape[0]
    action_dim = env.action_space.shape[0]

    os.makedirs(os.path.join(args.log_dir, args.env_name), exist_ok=True)
    os.makedirs(args.checkpoint_dir, exist_ok=True)
    run_num = len(os.listdir(os.path.join(args.log_dir, args.env_name)))
    log_f_name = os.path.join(args.log_dir, args.env_name, f"PPO_{args.env_name}_log_{run_num}.csv")
    checkpoint_path = os.path.join(args.checkpoint_dir, f"PPO_{args.env_name}_{args.random_seed}.pth")
    print("logging at : " + log_f_name)
    print("save checkpoint path : " + checkpoint_path)

    print("--------------------------------------------------------------------------------------------")
    for name, value in vars(args).items():
        print(f"{name} : {value}")
    print("============================================================================================")
    if args.random_seed:
        torch.manual_seed(args.random_seed)
        env.reset(seed=args.random_seed)

    agent = PPO(state_dim, action_dim, args.lr_actor, args.lr_critic, args.gamma, args.K_epochs, args.eps_clip, args.hidden_dim)
    start_time = datetime.now().replace(microsecond=0)
    print("Started training at : ", start_time)

    log_f = open(log_f_name, "w+")
    log_f.write("episode,timestep,reward\n")
    print_running_reward, print_running_episodes = 0, 0
    log_running_reward, log_running_episodes = 0, 0
    time_step, i_episode = 0, 0

    while time_step < args.max_training_timesteps:
        state, _ = env.reset()
        current_ep_reward = 0
        for _ in range(1, args.max_ep_len + 1):
            action = agent.select_action(state)
            state, reward, terminated, truncated, _ = env.step(action)
            done = terminated or truncated
            agent.buffer.rewards.append(reward)
            agent.buffer.is_terminals.append(done)
            time_step += 1
            current_ep_reward += reward

            if time_step % args.update_timestep == 0:
                agent.update()
            if time_step % args.log_freq == 0 and log_running_episodes > 0:
                log_avg_reward = round(log_running_reward / log_running_episodes, 4)
                log_f.write(f"{i_episode},{time_step},{log_avg_reward}\n")
                log_f.flush()
                log_running_reward, log_running_episodes = 0, 0
            if time_step % args.print_freq == 0 and print_running_episodes > 0:
                print_avg_reward = round(print_running_reward / print_running_episodes, 2)
                print(f"Episode : {i_episode} \t\t Timestep : {time_step} \t\t Average Reward : {print_avg_reward}")
                print_running_reward, print_running_episodes = 0, 0
            if time_step % args.save_model_freq == 0:
                print("saving model at : " + checkpoint_path)
                agent.save(checkpoint_path)
            if done:
                break
        print_running_reward += current_ep_reward
        print_running_episodes += 1
        log_running_reward += current_ep_reward
        log_running_episodes += 1
        i_episode += 1

    log_f.close()
    env.close()
    print("============================================================================================")
    print("Total training time  : ", datetime.now().replace(microsecond=0) - start_time)


if __name__ == "__main__":
    train(get_args())
